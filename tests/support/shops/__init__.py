"""Small shops for tests, each at another point of its life."""
