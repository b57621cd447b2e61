"""`findalike encode`: encodes every picture that the model has not seen."""

from typing import Any

import click

from search.cli import echo_json, json_option
from search.settings import load_settings


@click.command()
@click.option(
    "--workers",
    type=click.IntRange(0, 256),
    help="Worker processes to start for this command; unset: some, unless workers run already.",
)
@click.option(
    "--batch-images",
    type=click.IntRange(1, 4096),
    help="Pictures per task of workers started here; unset: FINDALIKE_BATCH_IMAGES.",
)
@click.option("--retry-failed", is_flag=True, help="Look again at pictures that were refused.")
@click.option("--repair", is_flag=True, help="Check all shards first; encode damaged ones again.")
@json_option
def encode(
    *,
    workers: int | None,
    batch_images: int | None,
    retry_failed: bool,
    repair: bool,
    as_json: bool,
) -> None:
    """Encode every picture that the model has not seen yet.

    What is encoded is kept whatever happens; running this again does only what is left.
    """
    from indexer.encode_jobs.encode_follow import run_encoding
    from indexer.pictures.orphans import forget_damaged_shards
    from search.database.connection import open_database, session_scope
    from search.index.embedding_store import EmbeddingStore
    from search.merchandising.health.refusals import retry_pictures

    settings = load_settings()
    if batch_images is not None:
        settings = settings.model_copy(update={"batch_images": batch_images})
    database = open_database(settings)
    try:
        extra: dict[str, Any] = {}
        if repair:
            forgotten = forget_damaged_shards(database, EmbeddingStore(settings.root))
            extra["forgotten"] = sum(forgotten.values())
        if retry_failed:
            with session_scope(database) as session:
                extra["retried"] = retry_pictures(session)
        job = run_encoding(database, settings, workers=workers, quiet=as_json)
    finally:
        database.dispose()
    report = {"job": job.id, "state": job.state, "total": job.total, **job.report, **extra}
    if as_json:
        echo_json(report)
    else:
        show(report)


def show(report: dict[str, Any]) -> None:
    """Print what was done, and what to do about refused pictures."""
    if "forgotten" in report:
        click.echo(f"Forgot {report['forgotten']:,} embeddings of damaged shards.")
    show_fetching(report["fetch"])
    if not report["total"]:
        click.echo("Every picture was encoded already.")
        return
    click.echo(
        f"Encoded {report['encoded']:,} pictures in {report['seconds']:,.0f} s "
        f"({report['images_per_s']:,.1f}/s); {report['reused']:,} had an embedding already."
    )
    refused: dict[str, int] = report["failed"]
    if refused:
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in sorted(refused.items()))
        click.echo(
            f"Refused {sum(refused.values()):,}: {reasons}. `findalike status` lists them; "
            "`findalike encode --retry-failed` looks at them again."
        )


def show_fetching(fetch: dict[str, Any]) -> None:
    """Print what hosts answered when they were asked for pictures."""
    if fetch["asked"]:
        same = fetch["not_modified"] + fetch["unchanged"]
        click.echo(
            f"Asked hosts for {fetch['asked']:,} pictures: {fetch['new']:,} new, "
            f"{fetch['changed']:,} changed, {same:,} as before; "
            f"{fetch['bytes'] / 1e6:,.1f} MB."
        )
    if fetch["kept"]:
        count = sum(fetch["kept"].values())
        click.echo(f"{count:,} pictures go on as they were, for their hosts refuse them now.")
    for host, count in fetch["put_off"].items():
        click.echo(f"Put off {count:,} pictures of {host}, which does not answer; run this again.")
