"""Training of the local heads: regions that hold things, and descriptors of each cell."""
