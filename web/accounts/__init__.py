"""Accounts of those who work with findalike: keeping them, logging in, who may see which page."""
