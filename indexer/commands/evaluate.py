"""`findalike evaluate`: measures quality and speed of search on judged queries."""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from search.cli import echo_json, json_option
from search.evaluation.judged_queries import load_judged
from search.jobs.progress_bar import Track, track
from search.settings import load_settings

LABELS = {"ingest": "Reading the catalogue", "encode": "Encoding pictures", "ask": "Asking"}
COLUMNS = ("recall_at_1", "recall_at_5", "recall_at_10", "mrr", "ndcg_at_10", "precision_at_10")


class Bars:
    """Progress bars, one for each step."""

    def __init__(self, stack: ExitStack, *, quiet: bool) -> None:
        self._stack, self._quiet = stack, quiet
        self._bars: dict[str, Track] = {}

    def tell(self, step: str, done: int, total: int | None) -> None:
        """Show how far a step is."""
        if step not in self._bars:
            self._stack.close()
            bar = self._stack.enter_context(track(LABELS[step], total, quiet=self._quiet))
            self._bars[step] = bar
        self._bars[step].update(done, total)


def show(report: dict[str, Any]) -> None:
    """Print the measures as a table."""
    from rich.console import Console
    from rich.table import Table

    table = Table("queries", "stage", *COLUMNS, "p50 ms", "p95 ms")
    for kind, measured in report["queries"].items():
        for stage in ("sum", "ann", "exact", "reranked"):
            if stage in measured:
                row = measured[stage]
                table.add_row(
                    f"{kind} ({measured['queries']})",
                    stage,
                    *(f"{row[column]:.3f}" for column in COLUMNS),
                    f"{row['latency_ms']['p50']:.1f}",
                    f"{row['latency_ms']['p95']:.1f}",
                )
    console = Console()
    console.print(table)
    for kind, measured in report["queries"].items():
        for change, recalls in measured.get("changes", {}).items():
            by_stage = ", ".join(f"{stage} {recall:.3f}" for stage, recall in recalls.items())
            console.print(f"{kind}, {change}: recall_at_10 {by_stage}.", highlight=False)
    index, counts = report["index"], report["data"]
    console.print(
        f"{counts['indexed_products']} of {counts['products']} products indexed with "
        f"{report['model']['tag']}; index {index['factory']}.",
        highlight=False,
    )


@click.command()
@click.option(
    "--catalogue",
    required=True,
    type=click.Path(exists=True, path_type=Path),
    help="What to index: anything that `findalike ingest` reads.",
)
@click.option(
    "--photos",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Judged photo queries (photos.csv).",
)
@click.option(
    "--texts",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Judged text queries (texts.csv).",
)
@click.option(
    "--both",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Judged photos with words that change them (both.csv).",
)
@click.option("--split", help="Ask only rows of this split, where the file has splits.")
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to keep the evaluation's own state; unset: a temporary directory.",
)
@json_option
def evaluate(
    *,
    catalogue: Path,
    photos: Path | None,
    texts: Path | None,
    both: Path | None,
    split: str | None,
    home: Path | None,
    as_json: bool,
) -> None:
    """Index a catalogue in a home of its own and measure search on judged queries."""
    files = [path for path in (photos, texts, both) if path is not None]
    if not files:
        raise click.UsageError("Give --photos, --texts or --both; one is enough.")
    judged = [query for path in files for query in load_judged(path, split=split)]
    from indexer.nightly.evaluation_run import evaluate_catalogue

    with ExitStack() as stack, ExitStack() as shown:
        own = home or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="findalike-")))
        settings = load_settings().model_copy(update={"home": own.absolute()})
        bars = Bars(shown, quiet=as_json)
        report = evaluate_catalogue(catalogue, judged, settings, progress=bars.tell)
    report["data"]["split"] = split
    if as_json:
        echo_json(report)
    else:
        show(report)
