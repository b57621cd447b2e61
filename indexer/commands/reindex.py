"""`findalike reindex`: the nightly run."""

from pathlib import Path
from typing import Any

import click

from indexer.commands.build import show as show_manifest
from search.cli import echo_json, json_option
from search.commands.inspect import show as show_looked
from search.commands.publish import show_rehearsal, telling_refusal
from search.settings import load_settings


def show(report: dict[str, Any]) -> None:
    """Print the outcome of each stage."""
    for found in report["sources"]:
        click.echo(
            f"{found['source']}: {found['rows']:,} rows, {found['new']:,} new, "
            f"{found['changed']:,} changed, {found['retired']:,} retired, "
            f"{found['refused']:,} refused."
        )
    encoded = report.get("encode") or report["new_model"]["encode"]
    refused = sum(encoded.get("failed", {}).values())
    click.echo(f"Encoded {encoded.get('encoded', 0):,} pictures, refused {refused:,}.")
    if report["changed"]:
        show_manifest(report["manifest"])
        show_rehearsal(report["rehearsal"])
        click.echo(f"Generation {report['generation']} is live.")
        show_looked(report)
    else:
        click.echo(f"Nothing changed: generation {report['generation']} stays live.")
    if "new_model" in report:
        show_new_model(report["new_model"], report["generation"])
    products = report["products"]
    click.echo(
        f"{products['rows']:,} rows read, {products['refused']:,} refused; products indexed "
        f"{products['indexed']:,}, without usable picture {products['without_picture']:,}, "
        f"retired {products['retired']:,}."
    )
    stages = ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in report["seconds"].items())
    click.echo(f"Took {stages}.")


def ask_worker(*, as_json: bool) -> None:
    """Ask a build worker for a run, and say so."""
    from indexer.queue.run_request import request_run

    message = request_run(load_settings())
    if as_json:
        echo_json({"message": message})
    else:
        click.echo("Asked for a run: the next free `findalike worker --queues build` takes it.")


def show_new_model(waiting: dict[str, Any], live: int) -> None:
    """Print which generation waits, and what to do with it."""
    number = waiting["generation"]
    show_manifest(waiting["manifest"])
    click.echo(
        f"Generation {number} of the new model {waiting['model_tag']} is waiting; generation "
        f"{live} goes on answering, with its own model. `findalike compare` shows which is "
        f"better; `findalike publish {number}` swaps."
    )


@click.command()
@click.argument("sources", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--workers",
    type=click.IntRange(0, 256),
    help="Worker processes to start for this command; unset: some, unless workers run already.",
)
@click.option(
    "--allow-shrink", is_flag=True, help="Retire products however many are gone from a catalogue."
)
@click.option(
    "--queued",
    is_flag=True,
    help="Let a worker of the queue `build` do it, for catalogues read before; do not wait.",
)
@click.option(
    "--publish-new-model",
    is_flag=True,
    help="After a change of FINDALIKE_MODEL: publish its generation at once, without comparing.",
)
@json_option
def reindex(
    *,
    sources: tuple[Path, ...],
    workers: int | None,
    allow_shrink: bool,
    queued: bool,
    publish_new_model: bool,
    as_json: bool,
) -> None:
    """Read SOURCES, or those read before; encode what is new; build and publish if that changes
    anything. After a change of FINDALIKE_MODEL both models' generations are kept up to date, and
    the new one waits for `findalike publish`.
    """
    if queued:
        if sources or workers is not None or allow_shrink or publish_new_model:
            raise click.UsageError("--queued takes neither SOURCES nor other options.")
        ask_worker(as_json=as_json)
        return
    from indexer.nightly.reindex_run import Reindex

    run = Reindex(
        load_settings(),
        workers,
        allow_shrink,
        quiet=as_json,
        publish_new_model=publish_new_model,
    )
    with telling_refusal(as_json=as_json):
        report = run.run([str(source.absolute()) for source in sources])
    if as_json:
        echo_json(report)
    else:
        show(report)
