"""All operator pages: importing this module puts them on the blueprint."""

import re

from markupsafe import Markup, escape

from search.operation.readable_units import ago, size, span
from web.ops import chart_page, generation_pages, job_pages, overview, publication_actions
from web.ops.blueprint import blueprint
from web.ops.job_progress import progress_text
from web.ops.report_tables import label

COMMAND = re.compile(r"`([^`]+)`")


def coded(message: str) -> Markup:
    """Return a message as HTML, with what stands between backticks as code."""
    return Markup(COMMAND.sub(r"<code>\1</code>", str(escape(message))))  # noqa: S704  (escaped)


for formatter in (ago, size, span, coded, progress_text, label):
    blueprint.add_app_template_filter(formatter)

__all__ = [
    "blueprint",
    "chart_page",
    "generation_pages",
    "job_pages",
    "overview",
    "publication_actions",
]
