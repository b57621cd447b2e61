"""Shoppers' photos: uploads, which are kept for a day, and photos given by their address.

Views call it through `web.state`. It searches nothing.
"""
