"""The merchandiser's pages under /studio: catalogue, products, rules, saved descriptions, health.

Merchandisers and admins see them. What they keep is kept by `search.merchandising`.
"""
