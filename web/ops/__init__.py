"""The operator's pages under /ops."""
