"""What shoppers did: searches, clicks, and the photos that found nothing, where they agreed.

The front end writes it; evaluation and merchandising read it. It keeps no personal data.
"""
