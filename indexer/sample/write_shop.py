"""Writes a whole sample shop: pictures, catalogue.csv, photos.csv, texts.csv, both.csv.

The same seed and sizes give the same bytes, however many processes draw. It refuses to touch files
that it does not write itself.
"""

from __future__ import annotations

import csv
import os
import random
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from time import monotonic

import structlog

from indexer.sample.assortment import planned
from indexer.sample.daily_changes import Pictured, change_queries
from indexer.sample.drawn_product import close_up, offered, studio_picture
from indexer.sample.kinds import KINDS
from indexer.sample.product_look import Look
from indexer.sample.product_wording import sku_of
from indexer.sample.sample_queries import text_queries
from indexer.sample.street_photos import street_photo_of
from search.errors import FindalikeError

log = structlog.get_logger()

IMAGE_PX = 320
QUALITY = 88
SECOND_PICTURE_SHARE = 0.12
CHUNK = 12  # pictures drawn per piece of work
ALONE_BELOW = 60  # fewer pictures than this are not worth starting processes for

CATALOGUE_COLUMNS = (
    "sku", "title", "description", "category", "image", "brand", "colour", "price", "currency",
    "in_stock", "url",
)  # fmt: skip


class WrongSampleSize(FindalikeError):
    """A sample shop of this size can't be drawn."""

    def __init__(self, products: int, photos: int) -> None:
        super().__init__(products, photos)
        self.products, self.photos = products, photos

    def __str__(self) -> str:
        return (
            f"A shop of {self.products} products and {self.photos} photos can't be drawn: "
            "ask for at least 1 product, and for 0 or more photos."
        )


@dataclass(frozen=True, slots=True)
class SampleReport:
    """What was written."""

    directory: Path
    seed: int
    products: int
    kinds: int
    families: int  # families of two or more
    pictures: int  # studio pictures, second views included
    photos: int
    texts: int
    changes: int  # photos with words that change them
    seconds: float


@dataclass(frozen=True, slots=True)
class _Drawing:
    """One picture to draw."""

    view: str  # "studio", "close-up" or "street"
    index: int
    file: str  # relative to the directory
    photo_seed: int = 0


def write_sample(
    directory: Path,
    *,
    seed: int = 7,
    products: int = 1200,
    photos: int = 240,
    progress: Callable[[int, int], None] | None = None,
) -> SampleReport:
    """Draw a shop and write it in the evaluation format.

    Args:
        directory: Created if it is missing. Files of an earlier sample are replaced.
        seed: Of the shop; the same seed and sizes give the same bytes.
        products: Number of products in the catalogue.
        photos: Number of shoppers' photos of some of the products.
        progress: Called with the pictures drawn so far and the total.

    Raises:
        WrongSampleSize: no product, or fewer than 0 photos.
    """
    if products < 1 or photos < 0:
        raise WrongSampleSize(products, photos)
    started = monotonic()
    for folder in ("images", "photos"):
        (directory / folder).mkdir(parents=True, exist_ok=True)
    looks = {sku_of(seed, i): planned(seed, i).look for i in range(products)}
    studio = list(_studio_drawings(seed, products))
    street = list(_street_drawings(seed, products, photos))
    _draw_all(directory, seed, [*studio, *street], progress)
    _write_catalogue(directory, seed, products, studio)
    _write_photos(directory, looks, street)
    texts = _write_texts(directory, looks, seed)
    changes = _write_both(directory, looks, street, seed)
    families = [planned(seed, i).family for i in range(products)]
    report = SampleReport(
        directory=directory,
        seed=seed,
        products=products,
        kinds=len({look.kind for look in looks.values()}),
        families=sum(families.count(family) > 1 for family in set(families)),
        pictures=len(studio),
        photos=photos,
        texts=texts,
        changes=changes,
        seconds=monotonic() - started,
    )
    log.info("sample_written", directory=str(directory), products=products, photos=photos)
    return report


def _studio_drawings(seed: int, products: int) -> Iterator[_Drawing]:
    for i in range(products):
        sku = sku_of(seed, i)
        yield _Drawing("studio", i, f"images/{sku}.jpg")
        chance = random.Random(f"{seed}/views/{i}").random()  # noqa: S311 - art, not secrets
        if chance < SECOND_PICTURE_SHARE:
            yield _Drawing("close-up", i, f"images/{sku}-2.jpg")


def _street_drawings(seed: int, products: int, photos: int) -> Iterator[_Drawing]:
    """Choose products to photograph; none twice, as long as there are enough."""
    rng = random.Random(f"{seed}/photos")  # noqa: S311 - art, not secrets
    order: list[int] = []
    while len(order) < photos:
        order += rng.sample(range(products), products)
    for number, index in enumerate(order[:photos]):
        yield _Drawing("street", index, f"photos/{number:05d}.jpg", photo_seed=number)


def _draw_all(
    directory: Path,
    seed: int,
    drawings: list[_Drawing],
    progress: Callable[[int, int], None] | None,
) -> None:
    done = 0
    for count in _drawn(directory, seed, drawings):
        done += count
        if progress is not None:
            progress(done, len(drawings))


def _drawn(directory: Path, seed: int, drawings: list[_Drawing]) -> Iterator[int]:
    """Draw all pictures in chunks; yield the number of pictures of each finished chunk.

    It uses processes because the renderer holds the GIL, and spawns them because a fork of a
    process that has run OpenMP or CUDA may hang.
    """
    chunks = [drawings[i : i + CHUNK] for i in range(0, len(drawings), CHUNK)]
    workers = min(_cores(), len(chunks))
    if workers == 1 or len(drawings) < ALONE_BELOW:
        for chunk in chunks:
            yield _draw_chunk(directory, seed, chunk)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        pieces = [pool.submit(_draw_chunk, directory, seed, chunk) for chunk in chunks]
        try:
            for piece in as_completed(pieces):
                yield piece.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _draw_chunk(directory: Path, seed: int, chunk: list[_Drawing]) -> int:
    for drawing in chunk:
        look = planned(seed, drawing.index).look
        if drawing.view == "street":
            picture = street_photo_of(look, seed, drawing.index, drawing.photo_seed)
        else:
            view = studio_picture if drawing.view == "studio" else close_up
            picture = view(look, IMAGE_PX)
        picture.save(directory / drawing.file, "JPEG", quality=QUALITY)
    return len(chunk)


def _write_rows(path: Path, header: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _write_catalogue(directory: Path, seed: int, products: int, studio: list[_Drawing]) -> None:
    files: dict[int, list[str]] = {}
    for drawing in studio:
        files.setdefault(drawing.index, []).append(drawing.file)
    rows = []
    for i in range(products):
        look, words = planned(seed, i).look, offered(seed, i)
        rows.append(
            (
                words.sku,
                words.title,
                words.description,
                KINDS[look.kind].category,
                "|".join(files[i]),
                words.brand,
                look.colour,
                f"{words.price_cents / 100:.2f}",
                words.currency,
                "true" if words.in_stock else "false",
                f"https://shop.example/p/{words.sku}",
            )
        )
    _write_rows(directory / "catalogue.csv", CATALOGUE_COLUMNS, rows)


def _write_photos(directory: Path, looks: dict[str, Look], street: list[_Drawing]) -> None:
    """Write which products each photo shows: all that look the same in it."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for sku, look in looks.items():
        alike.setdefault(look.key, []).append(sku)
    keys = [look.key for look in looks.values()]
    rows = [
        (drawing.file, _split(number), "|".join(alike[keys[drawing.index]]))
        for number, drawing in enumerate(street)
    ]
    _write_rows(directory / "photos.csv", ("photo", "split", "sku"), rows)


def _split(number: int) -> str:
    return "train" if number % 3 == 0 else "test"


def _write_texts(directory: Path, looks: dict[str, Look], seed: int) -> int:
    queries = text_queries(looks, seed)
    rows = [(query.text, "|".join(query.skus), query.category) for query in queries]
    _write_rows(directory / "texts.csv", ("text", "sku", "category"), rows)
    return len(rows)


def _write_both(directory: Path, looks: dict[str, Look], street: list[_Drawing], seed: int) -> int:
    """Write queries by photo and words: for each photo, and for as many studio pictures."""
    skus = list(looks)
    rng = random.Random(f"{seed}/both")  # noqa: S311 - art, not secrets
    shown = rng.sample(skus, min(len(street), len(skus)))
    pictures = [
        picture
        for number, drawing in enumerate(street)
        for picture in (
            Pictured(drawing.file, skus[drawing.index], _split(number)),
            Pictured(
                f"images/{shown[number % len(shown)]}.jpg",
                shown[number % len(shown)],
                _split(number),
            ),
        )
    ]
    queries = change_queries(looks, pictures, seed)
    rows = [(q.photo, q.text, "|".join(q.skus), q.split, q.change.name) for q in queries]
    _write_rows(directory / "both.csv", ("photo", "text", "sku", "split", "change"), rows)
    return len(rows)
