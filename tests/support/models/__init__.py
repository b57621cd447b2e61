"""Small models with random weights, written by the tests, and broken ones."""
