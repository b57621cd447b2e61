"""The merchandiser's pages under /studio."""
