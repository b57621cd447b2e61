"""Tests of the web front end."""
