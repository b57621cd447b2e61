"""Shoppers' photos: those that are uploaded, kept for a day, and those named by their address.

Views and queries call it, through `web.state`. It decodes nothing and searches nothing.
"""
