"""Accounts of each role in the shop's database, and logged-in clients."""

import re

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from search.database.connection import session_scope
from search.database.models import Account
from web.accounts.account_store import add_account
from web.state import WebState

PASSWORD = "correct horse battery"
TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


def make_account(app: Flask, role: str) -> str:
    """Make the account of a role if it is missing; return its name."""
    state: WebState = app.extensions["findalike"]
    with session_scope(state.engine.database) as session:
        known = session.scalar(select(Account.id).where(Account.name == role))
        if known is None:
            add_account(session, role, role, PASSWORD)
    return role


def token_of(client: FlaskClient, path: str) -> str:
    """Return the token against forged requests that a page's forms carry."""
    found = TOKEN.search(client.get(path).text)
    assert found is not None, f"no form with a token on {path}"
    return found[1]


def log_in(app: Flask, role: str) -> FlaskClient:
    """Return a client of a role's account that has logged in through the login page."""
    return log_in_as(app, make_account(app, role))


def log_in_as(app: Flask, name: str) -> FlaskClient:
    """Return a client of the account of a name."""
    client = app.test_client()
    fields = {"csrf_token": token_of(client, "/login"), "name": name, "password": PASSWORD}
    answer = client.post("/login", data=fields)
    assert answer.status_code == 303, answer.text
    return client
