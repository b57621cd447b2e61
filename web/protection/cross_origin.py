"""Lets the pages of other sites ask the API: those of FINDALIKE_CORS_ORIGINS (Flask-Cors).

Cookies are never sent. Such a page uses a key, or asks without one as anyone may.
"""

from flask import Flask
from flask_cors import CORS

from search.settings import Settings

EXPOSED_HEADERS = (
    *("ETag", "Link", "Location", "RateLimit", "RateLimit-Policy", "Retry-After"),
    "WWW-Authenticate",
)
PREFLIGHT_MAX_AGE_S = 600


def install(app: Flask) -> None:
    """Let browsers hand the API's answers to the pages of these sites."""
    settings: Settings = app.extensions["findalike"].settings
    if not settings.cors_origins:
        return
    CORS(
        app,
        resources=r"/api/v1/.*",
        origins=list(settings.cors_origins),
        methods=["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"],
        allow_headers=["Authorization", "Content-Type", "If-None-Match"],
        expose_headers=list(EXPOSED_HEADERS),
        supports_credentials=False,
        send_wildcard=True,
        max_age=PREFLIGHT_MAX_AGE_S,
    )
