"""The blueprint that all ops pages are on; operators and admins alone see them."""

from flask import Blueprint

from web.login.login import protect

blueprint = Blueprint("ops", __name__, url_prefix="/ops")
protect(blueprint, "operator")
