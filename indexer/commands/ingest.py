"""`findalike ingest`: reads a catalogue into the database."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from search.cli import echo_json, json_option
from search.jobs.progress_bar import track
from search.settings import load_settings

if TYPE_CHECKING:
    from indexer.ingest.ingest_report import IngestReport


def parse_mapping(
    context: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> dict[str, str]:
    """Turn `FIELD=COLUMN` options into a mapping; refuse anything else."""
    from indexer.ingest.sources import FIELDS

    mapping: dict[str, str] = {}
    for value in values:
        field, separator, column = (part.strip() for part in value.partition("="))
        if not separator or not column or field not in FIELDS:
            raise click.BadParameter(
                f"{value!r} is not FIELD=COLUMN with FIELD one of {', '.join(FIELDS)}",
                context,
                parameter,
            )
        mapping[field] = f"{mapping[field]}|{column}" if field in mapping else column
    return mapping


def show(report: "IngestReport") -> None:
    """Print what was done, what was refused, and where it is listed."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table("", "products", "pictures", title=report.source, title_justify="left")
    for label, products, pictures in (
        ("new", report.new, report.images_new),
        ("changed", report.changed, report.images_changed),
        ("unchanged", report.unchanged, None),
        ("back again", report.returned, None),
        ("tried again", None, report.images_retried),
        ("retired, removed", report.retired, report.images_removed),
    ):
        cells = ("" if count is None else f"{count:,}" for count in (products, pictures))
        table.add_row(label, *cells)
    console.print(table)
    for title, tally in (
        (f"{report.refused:,} rows refused", report.refusals),
        (f"{sum(report.remarks.values()):,} remarks on rows that were taken", report.remarks),
    ):
        if tally:
            reasons = Table("reason", "rows", title=title, title_justify="left")
            for reason, count in tally.items():
                reasons.add_row(reason, f"{count:,}")
            console.print(reasons)
    if report.refusals or report.remarks:
        console.print(
            "Each is in the table `quarantine` with its line and what to do: `findalike status`, "
            "or the operator page /ops."
        )
    console.print(f"{report.rows:,} rows in {report.elapsed_s:.1f} s.", highlight=False)


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.option(
    "--map",
    "mapping",
    multiple=True,
    metavar="FIELD=COLUMN",
    callback=parse_mapping,
    help="Say which column holds a field, such as title=Produktname; repeatable.",
)
@click.option(
    "--name",
    help="What the catalogue is called, where dated files hold the same one. [default: its path]",
)
@click.option("--encoding", help="Of a CSV file that is not UTF-8, such as cp1252.")
@click.option(
    "--retire/--keep-missing",
    default=True,
    show_default=True,
    help="Retire products that the catalogue does not name any more.",
)
@click.option(
    "--allow-shrink",
    is_flag=True,
    help="Retire them even when they are more than FINDALIKE_SHRINK_LIMIT of the catalogue.",
)
@json_option
def ingest(
    source: Path,
    *,
    mapping: dict[str, str],
    name: str | None,
    encoding: str | None,
    retire: bool,
    allow_shrink: bool,
    as_json: bool,
) -> None:
    """Read SOURCE: a CSV, JSON Lines or Parquet file, or a folder of pictures.

    A folder that holds a file called catalogue.csv, .jsonl or .parquet means that file.
    """
    from indexer.ingest.ingest_run import ingest as run
    from indexer.ingest.sources import open_source
    from search.database.connection import open_database

    settings = load_settings()
    catalogue = open_source(source, mapping, encoding=encoding, name=name)
    database = open_database(settings, application_name="findalike-ingest")
    try:
        with track("Ingesting", quiet=as_json) as bar:
            report = run(
                database,
                catalogue,
                settings,
                retire=retire,
                allow_shrink=allow_shrink,
                progress=bar.update,
            )
    finally:
        database.dispose()
    if as_json:
        echo_json(report.as_dict())
    else:
        show(report)
