"""Tokens against forged requests, in every form of the staff's pages (Flask-WTF).

Two kinds of form carry none. The shopper's search and choice of a language change nothing that
anyone else sees. The API ignores cookies: it knows programs by their keys.
"""

from flask import Flask
from flask_wtf import CSRFProtect


def install(app: Flask) -> None:
    """Check the token of every request that may change something."""
    protection = CSRFProtect(app)
    for shopper_or_program in ("pages", "language", "api"):
        protection.exempt(app.blueprints[shopper_or_program])
