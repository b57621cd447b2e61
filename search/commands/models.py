"""`findalike models`: the models known to work, and which one is set."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from search.cli import echo_json, json_option
from search.encoder.known_models import KNOWN_MODELS, KnownModel, find_known
from search.settings import load_settings

if TYPE_CHECKING:
    from rich.table import Table


def describe(model: KnownModel, configured: str) -> dict[str, object]:
    """Return what is known of a model as plain values."""
    return {
        "name": model.name,
        "configured": model.name == configured,
        **asdict(model.shape),
        "download_mb": model.download_mb,
        "licence": model.licence,
        "good_for": model.good_for,
        "reason": model.reason,
        "text_templates": model.templates,
    }


def listing(configured: str) -> "Table":
    """Return the table of all known models, the one that is set marked."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table("", box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False, pad_edge=False)
    longest = max(len(model.name) for model in KNOWN_MODELS)  # names are copied: never broken
    table.add_column("FINDALIKE_MODEL", min_width=longest, overflow="fold")
    for name in ("d", "MB", "px"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("licence", no_wrap=True)
    for model in KNOWN_MODELS:
        chosen = model.name == configured
        table.add_row(
            "→" if chosen else "",
            Text.assemble(
                (model.name, "bold green" if chosen else "bold"),
                f"\n{', '.join(model.good_for).capitalize()}: {model.reason}",
            ),
            str(model.shape.dim),
            f"{model.download_mb:,}" if model.download_mb else "–",
            str(model.shape.image_px),
            model.licence,
        )
    return table


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def models(context: click.Context, *, as_json: bool) -> None:
    """List the models known to work, for FINDALIKE_MODEL; any other open_clip model may, too."""
    if context.invoked_subcommand is not None:
        return
    configured = load_settings().model
    if as_json:
        found = [describe(model, configured) for model in KNOWN_MODELS]
        echo_json({"configured": configured, "models": found})
        return
    from rich.console import Console

    console = Console()
    console.print(listing(configured))
    console.print(
        "d: length of a vector; MB: download, once; px: side of the picture the model sees.",
        highlight=False,
    )
    if find_known(configured) is None:
        console.print(f"FINDALIKE_MODEL={configured} is not in this list.", highlight=False)


@models.command("prune")
@json_option
def prune_models(*, as_json: bool) -> None:
    """Forget models that were tried and given up: a waiting generation, and embeddings.

    FINDALIKE_MODEL and the models of the live generation and of those to go back to are kept.
    """
    from search.database.connection import open_database
    from search.encoder import load_encoder
    from search.operation.unused_models import forget_unused_models

    settings = load_settings()
    kept = load_encoder(settings.model, settings.device).tag
    database = open_database(settings, application_name="findalike-models")
    try:
        gone = forget_unused_models(database, settings, kept)
    finally:
        database.dispose()
    if as_json:
        echo_json({"forgotten": gone})
    elif gone:
        for tag, embeddings in gone.items():
            click.echo(f"Forgot {embeddings:,} embeddings of {tag}.")
    else:
        click.echo("Every model that left something behind is still of use.")
