"""All operator pages: importing this module puts them on the blueprint."""

import re

from markupsafe import Markup, escape

from search.operation.readable import ago, size, span
from web.ops import charts, generations, jobs, overview, publication
from web.ops.blueprint import blueprint
from web.ops.progress import progress_text
from web.ops.report_tables import label

COMMAND = re.compile(r"`([^`]+)`")


def coded(message: str) -> Markup:
    """Return a message with its commands set as code."""
    return Markup(COMMAND.sub(r"<code>\1</code>", str(escape(message))))  # noqa: S704  (escaped)


for formatter in (ago, size, span, coded, progress_text, label):
    blueprint.add_app_template_filter(formatter)

__all__ = ["blueprint", "charts", "generations", "jobs", "overview", "publication"]
