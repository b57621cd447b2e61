"""Access to the API: the key of a request, and the scope that an operation needs.

A key comes as `Authorization: Bearer` (RFC 6750). Cookies are ignored here, so no page of another
site can use the session of someone who is logged in.
"""

from typing import Any

from flask import Flask, g, request
from werkzeug.exceptions import HTTPException

from web.accounts.api_keys import KeyView
from web.state import state

OPEN = "open"
"""The scope of operations that never need a key: for the shop's own pages, or about the API."""
REALM = "findalike"
HOW_TO_MAKE = "`findalike key add NAME --scope {scope}` makes one."


class AccessRefused(HTTPException):
    """A request lacks the key that it needs; carries the challenge of RFC 6750."""

    def __init__(self, code: int, description: str, **challenge: str) -> None:
        super().__init__(description)
        self.code = code
        self.challenge = {"realm": REALM, **challenge}

    def get_headers(
        self, environ: dict[str, Any] | None = None, scope: dict[str, Any] | None = None
    ) -> list[tuple[str, str]]:
        """Return the headers of the answer."""
        challenge = ", ".join(f'{name}="{value}"' for name, value in self.challenge.items())
        headers = super().get_headers(environ, scope)
        return [*headers, ("WWW-Authenticate", f"Bearer {challenge}")]


def identify_key() -> None:
    """Look up the key of a request to the API, before limits count it and views answer it."""
    g.api_key = g.refused = None
    given = request.headers.get("Authorization", "")
    if request.blueprint != "api" or not given:
        return
    kind, _, secret = given.partition(" ")
    if kind.lower() != "bearer":
        g.refused = AccessRefused(401, "Send the key as `Authorization: Bearer KEY`.")
        return
    g.api_key = state().keys.find(secret.strip())
    if g.api_key is None:
        g.refused = AccessRefused(
            401, "This key is wrong, or it is revoked.", error="invalid_token"
        )


def request_key() -> KeyView | None:
    """Return the key of this request; None where it has none, or a wrong one."""
    key: KeyView | None = g.get("api_key")
    return key


def request_actor() -> str:
    """Return the sender's name in the audit trail; only for operations that need a key.

    Raises:
        AccessRefused: it has no key.
    """
    key = request_key()
    if key is None:
        raise AccessRefused(401, "This needs a key.")
    return key.actor


def is_open(scope: str) -> bool:
    """Return whether operations of this scope need no key."""
    return scope == OPEN or (scope == "search" and state().settings.api_anonymous)


def check_scope(scope: str) -> None:
    """Refuse a request that lacks this scope.

    Raises:
        AccessRefused: its key is wrong, missing or not enough.
    """
    if g.get("refused") is not None:
        raise g.refused
    if is_open(scope):
        return
    key = request_key()
    if key is None:
        raise AccessRefused(
            401, f"This needs a key with the scope {scope}. {HOW_TO_MAKE.format(scope=scope)}"
        )
    if scope not in key.scopes:
        raise AccessRefused(
            403,
            f"The key {key.name} lacks the scope {scope}; it has {', '.join(key.scopes)}.",
            error="insufficient_scope",
            scope=scope,
        )


def install(app: Flask) -> None:
    """Look up keys before limits are counted; the blueprint checks scopes."""
    app.before_request(identify_key)
