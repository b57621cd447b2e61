"""Small models with random weights, made in the test, and broken ones."""
