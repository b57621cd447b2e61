"""All operator pages: importing this module puts them on the blueprint."""

from search.readable import ago, size, span
from web.ops import charts, generations, jobs, overview, publication
from web.ops.blueprint import blueprint
from web.ops.progress import progress_text
from web.ops.report_tables import label

for formatter in (ago, size, span, progress_text, label):
    blueprint.add_app_template_filter(formatter)

__all__ = ["blueprint", "charts", "generations", "jobs", "overview", "publication"]
