"""What an operator sees first."""

from flask import render_template
from flask.typing import ResponseReturnValue

from web.ops.blueprint import blueprint


@blueprint.get("")
def overview() -> ResponseReturnValue:
    """Show how things are."""
    return render_template("ops/overview.html")
