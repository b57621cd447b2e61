"""API keys in the shop's database, and applications with other settings."""

from typing import Any
from uuid import uuid4

from flask import Flask

from search.database.connection import session_scope
from web import create_app
from web.accounts.api_keys import add_key
from web.state import WebState


def make_key(app: Flask, *scopes: str) -> tuple[str, dict[str, str]]:
    """Make a key; return its name and the header that carries it."""
    state: WebState = app.extensions["findalike"]
    name = f"test-{uuid4().hex[:8]}"
    with session_scope(state.engine.database) as session:
        secret = add_key(session, name, scopes, actor="cli:tests")[1]
    return name, {"Authorization": f"Bearer {secret}"}


def another(app: Flask, **settings: Any) -> Flask:
    """Return another application over the same shop, with other settings."""
    state: WebState = app.extensions["findalike"]
    made = create_app(state.settings.model_copy(update=settings), state.engine)
    made.test_client_class = app.test_client_class
    return made
