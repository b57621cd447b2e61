"""Protection of the front end: rate limits, form tokens, origins, headers, the cookie key.

The application factory installs it. It knows no view.
"""
