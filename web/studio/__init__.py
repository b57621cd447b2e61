"""The merchandiser's pages under /studio: catalogue, products, rules, saved descriptions, health.

Merchandisers and admins see them. `search.merchandising` stores what they change.
"""
