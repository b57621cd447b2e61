"""`findalike judgements`: what shoppers opened, as judged queries for `findalike evaluate`."""

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import click

from search.cli import echo_json, in_session, json_option

if TYPE_CHECKING:
    from search.traffic.clicks import ClickedText


def write_texts(path: Path, judged: "list[ClickedText]") -> None:
    """Write judged texts in the format that `search.evaluation.judged_queries` reads."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("text", "sku", "clicks"))
        rows.writerows((each.text, "|".join(each.skus), each.clicks) for each in judged)


@click.command()
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write the texts and their products; replaced.",
)
@click.option("--since", type=click.FloatRange(min=0, min_open=True), help="Only the last DAYS.")
@click.option(
    "--min-clicks",
    default=2,
    show_default=True,
    type=click.IntRange(1),
    help="Fewer clicks on a product for a text say nothing.",
)
@json_option
def judgements(*, out: Path, since: float | None, min_clicks: int, as_json: bool) -> None:
    """Write what shoppers opened as judged texts for `findalike evaluate --texts`.

    A product counts as relevant to a text by how often it was opened, against how often products
    at the ranks where it stood usually are. Searches by photo are not among them.
    """
    from search.traffic.clicks import clicked_texts

    judged = in_session(
        lambda session: clicked_texts(session, since_days=since, min_clicks=min_clicks),
        "findalike-judgements",
    )
    write_texts(out, judged)
    clicks = sum(each.clicks for each in judged)
    if as_json:
        echo_json({"out": str(out), "texts": len(judged), "clicks": clicks})
    else:
        click.echo(
            f"{len(judged)} texts with {clicks} clicks written to {out}. "
            "Searches by photo are not among them."
        )
