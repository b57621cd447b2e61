"""Records what shoppers did: searches, clicks, and photos that found nothing, where they agreed.

The web application writes; evaluation and merchandising read. It keeps no personal data.
"""
