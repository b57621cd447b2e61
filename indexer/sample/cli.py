"""`findalike sample`: write the sample shop."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from search.cli import echo_json, json_option
from search.jobs.progress_bar import track


@click.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option("--seed", default=7, show_default=True, type=click.IntRange(0), help="Which shop.")
@click.option(
    "--products", default=1200, show_default=True, type=click.IntRange(1), help="Products to draw."
)
@click.option(
    "--photos",
    default=240,
    show_default=True,
    type=click.IntRange(0),
    help="Shoppers' photos of some of them.",
)
@click.option("--force", is_flag=True, help="Write into a directory that is not empty.")
@json_option
def sample(
    directory: Path, seed: int, products: int, photos: int, force: bool, as_json: bool
) -> None:
    """Draw a sample shop into DIRECTORY: catalogue, shoppers' photos, descriptions, changes.

    The same seed and sizes give the same files.
    """
    from indexer.sample.write_shop import write_sample

    if directory.exists() and any(directory.iterdir()) and not force:
        raise click.UsageError(
            f"{directory} is not empty. Name a new directory, or add --force to write into it: "
            "files of an earlier sample are replaced, others stay."
        )
    with track("Drawing", quiet=as_json) as bar:
        report = write_sample(
            directory, seed=seed, products=products, photos=photos, progress=bar.update
        )
    if as_json:
        echo_json(asdict(report))
        return
    click.echo(
        f"Wrote {report.products:,} products of {report.kinds} kinds ({report.pictures:,} "
        f"pictures), {report.photos:,} photos, {report.texts:,} descriptions and "
        f"{report.changes:,} photos to be changed by words to {directory} in "
        f"{report.seconds:.0f} s."
    )
