"""Who makes the clips: what every provider can be asked, and each one's way of speaking."""
