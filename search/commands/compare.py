"""`findalike compare`: which of two generations finds better what is looked for."""

from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from search.cli import echo_json, json_option
from search.jobs.progress_bar import Track, track
from search.operation.readable_units import size
from search.settings import load_settings

if TYPE_CHECKING:
    from rich.table import Table
    from sqlalchemy import Engine

    from search.evaluation.generation_comparison import GenerationComparison, Which

MEASURES = ("recall_at_1", "recall_at_5", "recall_at_10", "mrr", "ndcg_at_10")


def named(database: "Engine", first: int | None, second: int | None) -> tuple[int, int]:
    """Return the two generations to compare; what is not named is the live one, and what waits.

    Raises:
        UnknownGeneration: nothing waits.
        NoGeneration: nothing is live.
    """
    from search.database.connection import session_scope
    from search.errors import UnknownGeneration
    from search.live.live_pointer import require_live_row
    from search.live.waiting_generations import newest_waiting

    if first is not None and second is not None:
        return first, second
    with session_scope(database) as session:
        live, waiting = require_live_row(session), newest_waiting(session)
    if first is not None:
        return live.id, first
    if not waiting:
        raise UnknownGeneration(
            "No generation waits to be published. Change FINDALIKE_MODEL and run `findalike "
            "reindex`, or name two: `findalike compare A B`."
        )
    return live.id, waiting[-1].id  # the new model's, where there is one


def verdict(found: "GenerationComparison", winner: "Which") -> str:
    """Say which side is better."""
    if winner == "neither":
        return "no clear difference"
    return f"{(found.first if winner == 'first' else found.second).generation} is better"


def table(found: "GenerationComparison") -> "Table":
    """Return all measures of both sides, with the differences."""
    from rich.table import Table

    shown = Table("asked", "measure")
    for head in (str(found.first.generation), str(found.second.generation), "difference"):
        shown.add_column(head, justify="right", no_wrap=True)
    shown.add_column("verdict")
    for kind, pair in found.judged.items():
        for number, name in enumerate(MEASURES if pair.first else ()):
            shown.add_row(
                f"{pair.queries} {kind} queries" if number == 0 else "",
                name,
                f"{pair.first[name]:.3f}",
                f"{pair.second[name]:.3f}",
                f"{pair.second[name] - pair.first[name]:+.3f}",
                _counted(found, pair.better, pair.worse, pair.winner) if number == 0 else "",
            )
        shown.add_section()
    if found.suite is not None:
        ours, theirs, suite = found.suite.first, found.suite.second, found.suite
        for number, name in enumerate(("found", "mrr", "shown_wrong")):
            form = ".3f" if name == "mrr" else ""
            shown.add_row(
                f"{ours['descriptions']} saved descriptions" if number == 0 else "",
                {"found": "right in the first 10", "shown_wrong": "wrong there"}.get(name, name),
                f"{ours[name]:{form}}",
                f"{theirs[name]:{form}}",
                f"{theirs[name] - ours[name]:+{form}}",
                _counted(found, suite.better, suite.worse, suite.winner) if number == 0 else "",
            )
    return shown


def _counted(found: "GenerationComparison", better: int, worse: int, winner: "Which") -> str:
    return f"{better} better, {worse} worse: {verdict(found, winner)}"


def show(found: "GenerationComparison") -> None:
    """Print the table, what else there is to know, and how to go on."""
    from rich.console import Console

    console = Console()
    if found.judged or found.suite is not None:
        console.print(table(found))
    for side in (found.first, found.second):
        console.print(
            f"Generation {side.generation}: {side.model_tag}, {side.dim} dimensions, "
            f"{side.products:,} products, {size(side.stored_bytes)}.",
            highlight=False,
            soft_wrap=True,
        )
    if found.overlap is not None:
        told = f"{found.titles} titles of products find {found.overlap:.0%} of the same first 10."
        console.print(told, highlight=False)
    overall = verdict(found, found.winner)
    console.print(f"Overall: {overall}.", style="bold", highlight=False)
    if not found.judged and found.suite is None:
        console.print(
            "Nothing says what should be found. Mark products for saved descriptions at "
            "/studio/saved, or give --photos, --texts or --both; `findalike judgements` writes "
            "texts by what shoppers opened.",
            highlight=False,
        )
    console.print(f"`findalike publish {found.second.generation}` swaps.", highlight=False)


_judged_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("first", type=int, required=False, metavar="[A]")
@click.argument("second", type=int, required=False, metavar="[B]")
@click.option("--photos", type=_judged_file, help="Judged photo queries (photos.csv).")
@click.option("--texts", type=_judged_file, help="Judged text queries (texts.csv).")
@click.option("--both", type=_judged_file, help="Judged photos with words (both.csv).")
@click.option("--split", help="Ask only rows of this split, where the file has splits.")
@json_option
def compare(
    *,
    first: int | None,
    second: int | None,
    photos: Path | None,
    texts: Path | None,
    both: Path | None,
    split: str | None,
    as_json: bool,
) -> None:
    """Compare generations A and B; unset: the live one, and the one that waits to be published.

    Both are asked the saved descriptions, judged queries of this catalogue, and titles; each with
    the model that built it.
    """
    from search.database.connection import open_database
    from search.evaluation.generation_comparison import Comparer
    from search.evaluation.judged_queries import load_judged

    files = [path for path in (photos, texts, both) if path is not None]
    judged = [query for path in files for query in load_judged(path, split=split)]
    settings = load_settings()
    database = open_database(settings, application_name="findalike-compare")
    bars: dict[int, Track] = {}
    try:
        chosen = named(database, first, second)
        with ExitStack() as shown:

            def tell(generation: int, done: int, total: int) -> None:
                if generation not in bars:
                    shown.close()
                    bar = track(f"Asking generation {generation}", total, quiet=as_json)
                    bars[generation] = shown.enter_context(bar)
                bars[generation].update(done, total)

            found = Comparer(database, settings, judged).compare(*chosen, progress=tell)
    finally:
        database.dispose()
    if as_json:
        echo_json(asdict(found) | {"winner": found.winner})
    else:
        show(found)
