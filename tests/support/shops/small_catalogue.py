"""A small catalogue for nightly runs, and their results."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select

from search.database.connection import session_scope
from search.database.models import GenerationRow, Product
from search.index.generation_files import load_generation
from search.settings import Settings
from tests.support.factories import picture_bytes

N = 6
Run = Callable[..., dict[str, Any]]


def write_catalogue(folder: Path, rows: Sequence[str]) -> Path:
    """Write rows `sku,title,image,price`, and the pictures whose names are numbers."""
    folder.mkdir(exist_ok=True)
    for row in rows:
        image = row.split(",")[2]
        if (number := image.removesuffix(".png")).isdecimal():
            (folder / image).write_bytes(picture_bytes(int(number)))
    path = folder / "catalogue.csv"
    path.write_text("\n".join(["sku,title,image,price", *rows]) + "\n", encoding="utf-8")
    return path


def good_rows(n: int = N) -> list[str]:
    return [f"SKU-{i},Thing {i},{i}.png,{i}.50" for i in range(n)]


def live(database: Engine) -> GenerationRow:
    with session_scope(database) as session:
        return session.scalars(select(GenerationRow).where(GenerationRow.state == "live")).one()


def indexed_skus(database: Engine, settings: Settings) -> set[str]:
    row = live(database)
    generation = load_generation(settings.root / "generations" / row.directory, row.id)
    with session_scope(database) as session:
        skus = {product.id: product.sku for product in session.scalars(select(Product))}
    return {skus[product_id] for product_id in generation.columns.product_id.tolist()}
