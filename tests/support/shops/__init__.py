"""Small shops for tests, each in another state."""
