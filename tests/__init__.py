"""Tests of findalike."""
