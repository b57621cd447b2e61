"""`python -m scripts.benchmarks`: see `scripts/bench`."""

import logging
from pathlib import Path

import click
import structlog

from search.cli import echo_json, json_option
from search.errors import FindalikeError

ROUNDS = click.option(
    "--rounds",
    default=3,
    show_default=True,
    type=click.IntRange(1),
    help="Rounds, in each of which all that is compared runs once; medians are shown.",
)


@click.group()
def bench() -> None:
    """Measure speed, and how finding regions in photos changes hits."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))


@bench.command()
@click.option(
    "--model", default="embedded", show_default=True, help="As FINDALIKE_MODEL, or random:NAME."
)
@click.option("--device", default="auto", show_default=True, help="As FINDALIKE_DEVICE.")
@click.option(
    "--pictures",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of pictures; unset: pictures are drawn.",
)
@click.option(
    "--count", default=192, show_default=True, type=click.IntRange(8), help="Pictures to encode."
)
@click.option(
    "--side",
    default=1200,
    show_default=True,
    type=click.IntRange(64),
    help="Side of drawn pictures, in pixels.",
)
@ROUNDS
@json_option
def encode(
    *,
    model: str,
    device: str,
    pictures: Path | None,
    count: int,
    side: int,
    rounds: int,
    as_json: bool,
) -> None:
    """Compare the pipeline with a plain loop and with the bare model.

    The pipeline is that of the workers: reading, checking and decoding a file, writing the
    rendition for the pages, and running the model. The plain loop opens each picture with Pillow,
    prepares it and runs the model in float32, one picture at a time. The bare model gets finished
    tensors, in batches of the pipeline's size.
    """
    from scripts.benchmarks.encoding_rate import measure_encoding, table

    found = measure_encoding(
        model, device, pictures=pictures, count=count, side=side, rounds=rounds
    )
    echo_json(found) if as_json else table(found)


@bench.command()
@ROUNDS
@json_option
def text(rounds: int, as_json: bool) -> None:
    """Compare one text through the embedded encoder with one through a ViT-B/32's text tower."""
    from scripts.benchmarks.text_query_time import measure_texts, table

    found = measure_texts(rounds)
    echo_json(found) if as_json else table(found)


PRODUCTS = click.option(
    "--products",
    default=100_000,
    show_default=True,
    type=click.IntRange(100),
    help="Products of the synthetic catalogue.",
)
KEEP = click.option(
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    help="A folder that keeps the catalogue's index for the next run; unset: it is removed.",
)


@bench.command()
@PRODUCTS
@KEEP
@ROUNDS
@json_option
def search(products: int, keep: Path | None, rounds: int, as_json: bool) -> None:
    """Compare each step of a search with encoding one photo (embedded encoder)."""
    from scripts.benchmarks.ranking_time import measure_search, table

    found = measure_search(products, rounds, keep)
    echo_json(found) if as_json else table(found)


@bench.command()
@PRODUCTS
@KEEP
@ROUNDS
@json_option
def filters(products: int, keep: Path | None, rounds: int, as_json: bool) -> None:
    """Compare filtered search with exact search over the rows that the filter keeps."""
    from scripts.benchmarks.filtered_search import measure_filters, table

    found = measure_filters(products, rounds, keep)
    echo_json(found) if as_json else table(found)


@bench.command()
@click.option(
    "--model",
    "models",
    multiple=True,
    default=("embedded", "random:ViT-B-32"),
    show_default=True,
    help="As FINDALIKE_MODEL, or random:NAME; may be repeated.",
)
@click.option(
    "--pictures",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of pictures; unset: pictures are drawn.",
)
@click.option("--slow", is_flag=True, help="Measure torch.compile too, which takes many minutes.")
@ROUNDS
@json_option
def runtimes(
    models: tuple[str, ...], pictures: Path | None, slow: bool, rounds: int, as_json: bool
) -> None:
    """Compare ways to run a model's image tower on this CPU, with two threads."""
    from scripts.benchmarks.runtime_comparison import measure_runtimes, table

    found = [
        measure_runtimes(model, pictures=pictures, rounds=rounds, slow=slow) for model in models
    ]
    if as_json:
        echo_json({"models": found})
        return
    for part in found:
        table(part)


@bench.command()
@click.option(
    "--catalogue",
    required=True,
    type=click.Path(exists=True, path_type=Path),
    help="Anything that `findalike ingest` reads.",
)
@click.option(
    "--photos",
    required=True,
    type=click.Path(exists=True, path_type=Path),
    help="A file of judged photos.",
)
@click.option("--split", help="Search only with photos of this split.")
@click.option(
    "--teachers",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of object_localizer.onnx, to compare it too (needs ONNX Runtime).",
)
@json_option
def regions(
    *, catalogue: Path, photos: Path, split: str | None, teachers: Path | None, as_json: bool
) -> None:
    """Compare ways to find the meant thing in a photo, on judged photos."""
    from scripts.benchmarks.region_comparison import measure_regions, table

    found = measure_regions(catalogue, photos, split=split, teachers=teachers)
    echo_json(found) if as_json else table(found)


@bench.command()
@click.option(
    "--photos",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of .jpg photos to search with, such as the sample shop's.",
)
@json_option
def pages(*, photos: Path, as_json: bool) -> None:
    """Compare the time from tap to first result in Chromium with encoding the photo once."""
    from scripts.benchmarks.tap_to_result import measure_pages, table

    found = measure_pages(photos)
    echo_json(found) if as_json else table(found)


@bench.command()
@PRODUCTS
@click.option(
    "--shop-products",
    default=1200,
    show_default=True,
    type=click.IntRange(20),
    help="Products of the sample shop, which is drawn and encoded for real.",
)
@click.option("--no-synthetic", is_flag=True, help="Measure the sample shop only.")
@click.option(
    "--images-per-s",
    type=click.FloatRange(0.1),
    help="Assumed rate of synthetic encoding; unset: the sample shop's rate.",
)
@json_option
def nightly(
    *,
    products: int,
    shop_products: int,
    no_synthetic: bool,
    images_per_s: float | None,
    as_json: bool,
) -> None:
    """Compare runs of `findalike reindex`: in full, without changes, and with 1% changed."""
    from scripts.benchmarks.nightly_run_time import measure_nights, table

    found = measure_nights(0 if no_synthetic else products, shop_products, images_per_s)
    echo_json(found) if as_json else table(found)


if __name__ == "__main__":
    try:
        bench()
    except FindalikeError as error:
        raise SystemExit(f"Error: {error}") from error
