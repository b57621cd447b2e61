"""The studio's catalogue page."""

from flask import render_template
from flask.typing import ResponseReturnValue

from web.studio.blueprint import blueprint


@blueprint.get("")
def catalogue() -> ResponseReturnValue:
    """Show the catalogue."""
    return render_template("studio/catalogue.html")
