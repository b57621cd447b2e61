"""`findalike serve`: the web front end under gunicorn."""

import json

import click

from search.cli import json_option
from search.settings import load_settings


@click.command()
@click.option("--host", help="Address to bind.  [default: FINDALIKE_HOST]")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="Port to bind; 0 picks a free one.  [default: FINDALIKE_PORT]",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Processes, each with its own model in memory.",
)
@click.option("--dev", is_flag=True, help="Start again when the code changes; log every request.")
@json_option
def serve(host: str | None, port: int | None, workers: int, dev: bool, as_json: bool) -> None:
    """Serve the pages and the API until interrupted; prints the address once they answer."""
    from web.server import Server, bind

    settings = load_settings()
    listener = bind(host or settings.host, settings.port if port is None else port)

    def announce(address: str) -> None:
        if as_json:
            click.echo(json.dumps({"address": address}))
        else:
            click.echo(f"findalike answers at {address} (Ctrl+C stops it)")

    Server(settings, listener, workers=workers, dev=dev, announce=announce).run()
