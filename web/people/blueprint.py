"""The blueprint that all pages about people are on; admins alone see them."""

from flask import Blueprint

from web.login.login import protect

blueprint = Blueprint("people", __name__, url_prefix="/people")
protect(blueprint, "admin")
