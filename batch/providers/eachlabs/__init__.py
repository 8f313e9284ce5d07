"""each::labs: `wire` builds and reads its messages without a network, `client` sends and receives them."""
