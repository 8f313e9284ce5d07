"""How this program reaches the network: clients whose connections are checked, and bodies that are bounded."""
