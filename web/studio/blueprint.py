"""The blueprint of all pages under /studio; only merchandisers and admins see them."""

from flask import Blueprint

from web.login.sessions import protect

blueprint = Blueprint("studio", __name__, url_prefix="/studio")
protect(blueprint, "merchandiser")
