"""The blueprint of all pages under /people; only admins see them."""

from flask import Blueprint

from web.login.sessions import protect

blueprint = Blueprint("people", __name__, url_prefix="/people")
protect(blueprint, "admin")
