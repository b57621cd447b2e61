"""Limits how many requests a client may send, by its key or else by its address (Flask-Limiter).

Requests are counted in Redis where Redis is the broker, so that all processes count together;
otherwise in each process. While Redis is away, each process counts for itself. The header
`RateLimit` says what is left (draft-ietf-httpapi-ratelimit-headers-10).
"""

import math
import time
from ipaddress import IPv6Network, ip_address
from typing import Any, cast

import structlog
from flask import Blueprint, Flask, Response, current_app, request
from flask_limiter import Limiter, RequestLimit
from limits.errors import StorageError

from search.settings import Settings
from web.api.api_access import request_key
from web.state import state

log = structlog.get_logger()

LOGIN = "20/minute"
"""Refused logins from an address, whatever the account. Accounts are locked as well."""
PAGE_CALLS = ("api.heat", "api.click", "api.keep_photo", "api.openapi", "api.reference")
"""Calls that the shop's own pages send to the API; they count as pages."""
REDIS_TIMEOUT_S = 0.5


def install(app: Flask) -> None:
    """Count requests to API, pages and login, and refuse those above the limits."""
    settings: Settings = app.extensions["findalike"].settings
    limiter = _limiter(settings)
    limiter.init_app(app)
    limiter.request_filter(lambda: request.method == "OPTIONS")  # preflight requests
    blueprints = cast(dict[str, Blueprint], app.blueprints)
    limiter.shared_limit(_api_rate, _api_scope, key_func=_client, error_message=_refusal_message)(
        blueprints["api"]
    )
    limiter.shared_limit(settings.rate_pages, "pages", error_message=_refusal_message)(
        blueprints["pages"]
    )
    limiter.shared_limit(
        LOGIN,
        "login",
        methods=["POST"],
        deduct_when=lambda response: response.status_code == 403,
        error_message=_refusal_message,
    )(blueprints["accounts"])

    if settings.proxies == 0:
        app.before_request(_warn_of_proxy)

    @app.after_request
    def say_limit(response: Response) -> Response:
        limit = limiter.current_limit
        if limit is not None:
            _add_headers(limit, response)
        return response


def _warn_of_proxy() -> None:
    """Warn once that a proxy hides the clients: all would share the limit of one client."""
    forwarded = request.headers.get("X-Forwarded-For")
    if forwarded and not current_app.config.setdefault("PROXY_WARNED", False):
        current_app.config["PROXY_WARNED"] = True
        log.warning(
            "proxy_not_trusted",
            address=request.remote_addr,
            advice="behind a proxy, set FINDALIKE_PROXIES, or all visitors share one rate limit",
        )


def _limiter(settings: Settings) -> Limiter:
    options: dict[str, Any] = {
        "key_func": _address,
        "in_memory_fallback_enabled": True,
        "swallow_errors": True,
        "key_prefix": "findalike",
    }
    url = settings.broker_url.get_secret_value() if settings.broker_url else ""
    if not url.startswith(("redis://", "rediss://")):
        return Limiter(storage_uri="memory://", **options)
    try:
        from redis.backoff import NoBackoff
        from redis.retry import Retry
    except ImportError:  # redis is an optional dependency; Celery reports it in full
        log.warning("limits_without_redis", advice="pip install redis")
        return Limiter(storage_uri="memory://", **options)
    redis: dict[str, Any] = {
        "socket_connect_timeout": REDIS_TIMEOUT_S,
        "socket_timeout": REDIS_TIMEOUT_S,
        "retry": Retry(NoBackoff(), 0),  # a request does not wait: it is counted in memory
        "wrap_exceptions": True,
    }
    return Limiter(storage_uri=url, storage_options=redis, **options)


def _address() -> str:
    """Return the client's address; of IPv6 its /64 network, which belongs to one household."""
    told = request.remote_addr or "nowhere"
    try:
        address = ip_address(told)
    except ValueError:  # a proxy may send something else than an address
        return told
    return str(IPv6Network((int(address), 64), strict=False)) if address.version == 6 else told


def _client() -> str:
    key = request_key()
    return f"key:{key.id}" if key is not None else _address()


def _api_scope(endpoint: str) -> str:
    if request_key() is not None:
        return "key"
    return "pages" if endpoint in PAGE_CALLS else "anonymous"


def _api_rate() -> str:
    settings = state().settings
    rates = {
        "key": settings.rate_key,
        "pages": settings.rate_pages,
        "anonymous": settings.rate_anonymous,
    }
    return rates[_api_scope(request.endpoint or "")]


def _refusal_message() -> str:
    """Return the message of a refused request: what is allowed."""
    scope = _api_scope(request.endpoint or "") if request.blueprint == "api" else "pages"
    if scope == "key":
        return f"This key may send {state().settings.rate_key} requests. Please wait."
    if scope == "anonymous":
        rate = state().settings.rate_anonymous
        return f"Without a key an address may send {rate} requests. Wait, or send a key."
    return "Many requests came from your address. Please wait a moment."


def _add_headers(limit: RequestLimit, response: Response) -> None:
    """Add what is left to an answer, and to a refusal the time to wait."""
    try:
        left, again_s = limit.remaining, max(math.ceil(limit.window[0] - time.time()), 1)
    except StorageError:  # Redis went away between counting and answering
        return
    name = limit.request_args[-1]
    window_s = limit.limit.get_expiry()
    response.headers["RateLimit-Policy"] = f'"{name}";q={limit.limit.amount};w={window_s}'
    response.headers["RateLimit"] = f'"{name}";r={left};t={again_s}'
    if response.status_code == 429:
        response.headers["Retry-After"] = str(again_s)
