"""`findalike build`: builds a new generation of everything that is encoded."""

from typing import Any

import click

from search.cli import echo_json, json_option
from search.jobs.progress_bar import track
from search.settings import load_settings


def show(manifest: dict[str, Any]) -> None:
    """Print what was built, and its measured recall and speed."""
    measured = manifest["measured"]
    lists = f" with nprobe {manifest['nprobe']} of {manifest['nlist']}"
    visited = lists if manifest["nlist"] else ""
    click.echo(
        f"{manifest['vectors']:,} pictures of {manifest['products']:,} products in "
        f"{manifest['factory']} ({manifest['reason']}).\n"
        f"Recall at 10 against exact search {measured['recall_at_10']:.3f}{visited}; "
        f"{measured['ann_ms']['p50']:.1f} ms a query, exact search "
        f"{measured['exact_ms']['p50']:.1f} ms."
    )
    left_out = {reason: n for reason, n in manifest["left_out"].items() if n}
    if left_out:
        listed = ", ".join(f"{reason.replace('_', ' ')} {n:,}" for reason, n in left_out.items())
        click.echo(f"Left out: {listed}.")


@click.command()
@json_option
def build(*, as_json: bool) -> None:
    """Build and verify a new generation; `findalike publish` makes it live."""
    from indexer.building.build_generation import build_generation
    from search.database.connection import open_database, session_scope
    from search.database.models import GenerationRow
    from search.encoder import load_encoder

    settings = load_settings()
    database = open_database(settings, application_name="findalike-build")
    try:
        encoder = load_encoder(settings.model, settings.device)
        with track("Building the index", quiet=as_json) as bar:
            built = build_generation(database, settings, encoder, progress=bar.describe)
        with session_scope(database) as session:
            manifest = session.get_one(GenerationRow, built).manifest or {}
    finally:
        database.dispose()
    if as_json:
        echo_json({"generation": built, "manifest": manifest})
    else:
        show(manifest)
        click.echo(f"Generation {built} is verified; `findalike publish` makes it live.")
