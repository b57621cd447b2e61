"""Who asks the API, and whether they may: a key, and the scope that an operation needs.

A key comes as `Authorization: Bearer` (RFC 6750). Cookies count for nothing here, so no page of
another site can use the session of someone who is logged in.
"""

from typing import Any

from flask import Flask, g, request
from werkzeug.exceptions import HTTPException

from web.accounts.api_keys import KeyView
from web.state import state

OPEN = "open"
"""The scope of what needs no key, ever: the shop's own pages use it, or it explains the API."""
REALM = "findalike"
HOW = "`findalike key add NAME --scope {scope}` makes one."


class AccessRefused(HTTPException):
    """A request without the key that it needs, and the challenge that says so (RFC 6750)."""

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


def identify() -> None:
    """Find out which key comes with a request to the API, before anything counts or answers it."""
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


def asking_key() -> KeyView | None:
    """Return the key of this request, None where it has none, or a wrong one."""
    key: KeyView | None = g.get("api_key")
    return key


def asking_actor() -> str:
    """Return how the audit trail names who sent this request; operations with a scope only.

    Raises:
        Refused: nobody known did.
    """
    key = asking_key()
    if key is None:
        raise AccessRefused(401, "This needs a key.")
    return key.actor


def is_open(scope: str) -> bool:
    """Say whether an operation of this scope needs no key."""
    return scope == OPEN or (scope == "search" and state().settings.api_anonymous)


def check_scope(scope: str) -> None:
    """Refuse a request that may not do what needs this scope.

    Raises:
        Refused: its key is wrong, missing or not enough.
    """
    if g.get("refused") is not None:
        raise g.refused
    if is_open(scope):
        return
    key = asking_key()
    if key is None:
        raise AccessRefused(
            401, f"This needs a key with the scope {scope}. {HOW.format(scope=scope)}"
        )
    if scope not in key.scopes:
        raise AccessRefused(
            403,
            f"The key {key.name} lacks the scope {scope}; it has {', '.join(key.scopes)}.",
            error="insufficient_scope",
            scope=scope,
        )


def install(app: Flask) -> None:
    """Look at keys before limits are counted; each view of the API checks its scope."""
    app.before_request(identify)
