"""Training the local heads: where things are, and what each cell of a picture shows."""
