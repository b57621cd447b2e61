"""`python -m scripts.soaking`: see `scripts/soak`."""

import logging
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import click
import structlog

from scripts.soaking.rounds import Soak, soak
from search.cli import echo_json, json_option


@click.command()
@click.option("--kills", default=200, show_default=True, type=click.IntRange(1))
@click.option("--products", default=80, show_default=True, type=click.IntRange(20))
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0))
@click.option(
    "--minutes",
    default=60.0,
    show_default=True,
    type=click.FloatRange(min=0, min_open=True),
    help="End after this long, even if fewer were killed.",
)
@click.option("--watch/--no-watch", default=True, help="Whether `findalike watch` runs too.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep the shop and the homes here; unset: a temporary folder.",
)
@json_option
def main(
    *,
    kills: int,
    products: int,
    seed: int,
    minutes: float,
    watch: bool,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Kill parts of a shop's nightly run at random moments while shoppers search.

    Exit code 0: no search failed, nothing was lost or doubled, and the final index equals that of
    an undisturbed run.
    """
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )

    def run(where: Path) -> Soak:
        return soak(
            where,
            kills=kills,
            products=products,
            seed=seed,
            minutes=minutes,
            watch=watch,
            on_event=lambda line: click.echo(line, err=True),
        )

    if folder is None:
        with tempfile.TemporaryDirectory(prefix="findalike-soak-") as temporary:
            result = run(Path(temporary))
    else:
        result = run(folder.absolute())
    if as_json:
        echo_json(asdict(result) | {"sound": result.sound})
    else:
        killed = ", ".join(f"{what} {count}" for what, count in sorted(result.kills.items()))
        click.echo(
            f"Killed {result.killed} ({killed}) in {result.seconds / 60:.1f} min; "
            f"{result.healed} runs went undisturbed and were checked; {result.failed_runs} "
            "undisturbed runs failed and were repeated.\n"
            f"{result.searches:,} searches, {len(result.search_failures)} failed, the slowest took "
            f"{result.slowest_search_s:.1f} s."
        )
        for sentence in (*result.search_failures[:10], *result.wrong[:20]):
            click.echo(sentence)
        click.echo("Sound." if result.sound else "Not sound.")
    sys.exit(0 if result.sound else 1)


if __name__ == "__main__":
    main()
