"""Which other sites' pages may ask the API: those of FINDALIKE_CORS_ORIGINS (Flask-Cors).

Never with cookies; what a page may do there, it does with a key, or as anyone may.
"""

from flask import Flask
from flask_cors import CORS

from search.settings import Settings

EXPOSED = (
    *("ETag", "Link", "Location", "RateLimit", "RateLimit-Policy", "Retry-After"),
    "WWW-Authenticate",
)
ASKED_AGAIN_AFTER_S = 600


def install(app: Flask) -> None:
    """Let browsers show the API's answers to the pages of these sites."""
    settings: Settings = app.extensions["findalike"].settings
    if not settings.cors_origins:
        return
    CORS(
        app,
        resources=r"/api/v1/.*",
        origins=list(settings.cors_origins),
        methods=["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"],
        allow_headers=["Authorization", "Content-Type", "If-None-Match"],
        expose_headers=list(EXPOSED),
        supports_credentials=False,
        send_wildcard=True,
        max_age=ASKED_AGAIN_AFTER_S,
    )
