"""The blueprint of all pages under /ops; only operators and admins see them."""

from flask import Blueprint

from web.login.sessions import protect

blueprint = Blueprint("ops", __name__, url_prefix="/ops")
protect(blueprint, "operator")
