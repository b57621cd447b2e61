"""The blueprint that all studio pages are on; merchandisers and admins alone see them."""

from flask import Blueprint

from web.login.login import protect

blueprint = Blueprint("studio", __name__, url_prefix="/studio")
protect(blueprint, "merchandiser")
