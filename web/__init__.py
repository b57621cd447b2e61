"""The web front end: pages for shoppers and staff, JSON API. Imports `search`, never `indexer`."""

import atexit
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask

if TYPE_CHECKING:
    from search.engine.search_engine import SearchEngine
    from search.settings import Settings

FORM_BYTES = 1_000_000
"""Bytes that the fields of a form may take beside its picture."""


def create_app(settings: "Settings | None" = None, engine: "SearchEngine | None" = None) -> Flask:
    """Return the WSGI application; `gunicorn 'web:create_app()'` serves it.

    Args:
        settings: Where state is and what is allowed; None reads `FINDALIKE_*`.
        engine: Answers queries. None opens one, which is closed when the process ends. Make the
            application after a fork: an engine has threads and connections of its own.

    Raises:
        DatabaseUnavailable: PostgreSQL does not answer.
        ModelUnavailable: the encoder can't be loaded.
    """
    # Imported here, so that the parent process of the server stays small and forks safely.
    from search.engine.search_engine import open_search_engine
    from search.settings import load_settings
    from search.telemetry.tracing import configure_tracing
    from web.protection.cookie_key import load_secret_key
    from web.rendering.static_files import static_path
    from web.state import open_state

    settings = settings or load_settings()
    configure_tracing(settings, "findalike-web")
    if engine is None:
        engine = open_search_engine(settings)
        engine.warm_up()
        atexit.register(engine.close)
    static = Path(__file__).parent / "static"
    app = Flask(__name__, static_folder=static, static_url_path=static_path(static))
    app.config.update(
        SECRET_KEY=load_secret_key(settings),
        MAX_CONTENT_LENGTH=settings.max_image_bytes + FORM_BYTES,
        MAX_FORM_MEMORY_SIZE=FORM_BYTES,
        SEND_FILE_MAX_AGE_DEFAULT=365 * 24 * 3600,  # the address changes with the content
        EVENTS_DAYS=settings.events_days,  # shown where a page asks to keep a photo
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals["takes_addresses"] = settings.photo_addresses != "off"
    app.extensions["findalike"] = open_state(settings, engine)
    assemble(app)
    return app


def assemble(app: Flask) -> None:
    """Register all views, and install what handles every request, in this order."""
    from werkzeug.middleware.proxy_fix import ProxyFix

    from web import errors, health
    from web.api import api_access
    from web.api import views as api
    from web.login import login_pages, sessions
    from web.monitoring import metrics, request_traces
    from web.ops import views as ops
    from web.people import views as people
    from web.protection import cross_origin, csrf, rate_limits, security_headers
    from web.rendering import language, picture_views, value_formats
    from web.shop import shop_pages
    from web.studio import views as studio

    for part in (shop_pages, language, picture_views, api, login_pages, studio, ops, people):
        app.register_blueprint(part.blueprint)
    for part in (health, metrics):
        app.register_blueprint(part.blueprint)
    hooks = (request_traces, errors, security_headers, language, value_formats, metrics)
    for part in (*hooks, sessions, csrf, api_access, rate_limits, cross_origin):
        part.install(app)
    proxies = app.extensions["findalike"].settings.proxies
    if proxies:  # their headers say who asks, and whether by https
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies)  # type: ignore[method-assign]
