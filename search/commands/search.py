"""`findalike search`: ask the live index from the command line."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from search.cli import echo_json, json_option
from search.results import Box, Filters, Query, SearchPage
from search.settings import load_settings

if TYPE_CHECKING:
    from PIL.Image import Image


def parse_box(context: click.Context, parameter: click.Parameter, value: str | None) -> Box | None:
    """Turn `x,y,w,h` into a box; anything else is asked wrongly."""
    if value is None:
        return None
    try:
        x, y, w, h = (float(part) for part in value.split(","))
    except ValueError as error:
        raise click.BadParameter(
            "four fractions are needed, such as 0.1,0.2,0.5,0.5", context, parameter
        ) from error
    return Box(x, y, w, h)


def parse_attributes(
    context: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> dict[str, tuple[str, ...]]:
    """Turn `pattern=striped material=wood` into filters; anything else is asked wrongly."""
    found: dict[str, tuple[str, ...]] = {}
    for given in values:
        name, equals, value = given.partition("=")
        if not (name and equals and value):
            raise click.BadParameter(
                "a name and a value are needed, such as pattern=striped", context, parameter
            )
        found[name] = (*found.get(name, ()), value)
    return found


def load_photo(path: Path) -> "Image":
    """Read a photo from a file."""
    from search.pictures.decoding import decode_picture

    return decode_picture(path.read_bytes(), max_pixels=load_settings().max_image_pixels)


def in_json(page: SearchPage) -> dict[str, Any]:
    """Return a page of hits as JSON has it, its reasons as sentences."""
    shown = asdict(page)
    for hit, view in zip(page.hits, shown["hits"], strict=True):
        view["why"] = [{"kind": reason.kind, "text": reason.text} for reason in hit.why]
    return shown


def show(page: SearchPage, *, explain: bool = False) -> None:
    """Print a page of hits as a table, and with `explain` why each is where it is."""
    from rich.console import Console
    from rich.table import Table

    table = Table("", "similarity", "sku", "title", "brand", "price", "stock")
    for hit in page.hits:
        product = hit.product
        price = "" if product.price_cents is None else f"{product.price_cents / 100:,.2f}"
        table.add_row(
            str(hit.rank),
            f"{hit.similarity:.3f}",
            product.sku,
            product.title,
            product.brand or "",
            f"{price} {product.currency or ''}".strip(),
            "yes" if product.in_stock else "no",
        )
    console = Console()
    if page.verdict == "nothing":
        console.print("Nothing close; these are the nearest.")
    for correction in page.corrections:
        console.print(f"Read {correction.typed!r} as {correction.meant!r}.", highlight=False)
    console.print(table)
    for hit in page.hits if explain else ():
        console.print(f"{hit.rank}. {hit.product.sku}", highlight=False, markup=False)
        for reason in hit.why:
            console.print(f"   {reason.text}", highlight=False, markup=False)
        for move in hit.moves:
            moved = f"   {move.stage}: place {move.rank_before} to {move.rank_after}"
            console.print(moved, highlight=False, markup=False)
    elapsed_ms = sum(page.timings_ms.values())
    console.print(
        f"{page.total} products found, page {page.page} of {page.pages}, {elapsed_ms:.0f} ms, "
        f"generation {page.generation_id}.",
        highlight=False,
    )


@click.command()
@click.option(
    "--photo",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A picture of the thing to find.",
)
@click.option("--text", default="", help="Words that describe it, alone or added to the photo.")
@click.option("--box", callback=parse_box, help="Part of the photo: x,y,w,h as fractions.")
@click.option("--category", multiple=True, help="Keep this category path and all below it.")
@click.option("--brand", multiple=True, help="Keep this brand.")
@click.option("--colour", multiple=True, help="Keep this colour.")
@click.option(
    "--attribute",
    "attributes",
    multiple=True,
    callback=parse_attributes,
    metavar="NAME=VALUE",
    help="Keep what is like that, such as pattern=striped.",
)
@click.option("--min-price", type=click.FloatRange(min=0), help="Lowest price.")
@click.option("--max-price", type=click.FloatRange(min=0), help="Highest price.")
@click.option("--in-stock", is_flag=True, help="Only what can be bought now.")
@click.option("-k", default=10, show_default=True, type=click.IntRange(1, 100), help="Hits a page.")
@click.option("--page", default=1, show_default=True, type=click.IntRange(1), help="Which page.")
@click.option("--explain", is_flag=True, help="Say of each hit why it is there; JSON always does.")
@json_option
def search(
    *,
    photo: Path | None,
    text: str,
    box: Box | None,
    category: tuple[str, ...],
    brand: tuple[str, ...],
    colour: tuple[str, ...],
    attributes: dict[str, tuple[str, ...]],
    min_price: float | None,
    max_price: float | None,
    in_stock: bool,
    k: int,
    page: int,
    explain: bool,
    as_json: bool,
) -> None:
    """Find products by photo, by text, or by both."""
    if photo is None and not text.strip():
        raise click.UsageError("Give --photo, --text, or both.")
    from search.engine.search_engine import open_search_engine

    filters = Filters(
        categories=category,
        brands=brand,
        colours=colour,
        attributes=attributes,
        min_price_cents=None if min_price is None else round(min_price * 100),
        max_price_cents=None if max_price is None else round(max_price * 100),
        in_stock=True if in_stock else None,
    )
    picture = load_photo(photo) if photo is not None else None
    engine = open_search_engine()
    try:
        found = engine.search(Query(picture, box, text, filters, k, page))
    finally:
        engine.close()
    if as_json:
        echo_json(in_json(found))
    else:
        show(found, explain=explain)
