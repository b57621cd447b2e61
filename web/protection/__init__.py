"""What keeps the front end safe: rate limits, form tokens, origins, headers, the cookie key.

The application factory installs it. It knows no view.
"""
