"""A large catalogue with made-up vectors, whose pictures are neither drawn nor encoded.

Rows and picture files are real, so reading them takes real time. A picture file holds numbers only.
Its vector lies near the model's vector of the product's title, so that searches for titles find
what searches of shoppers would.
"""

import csv
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import sqlalchemy
from sqlalchemy import insert, select, update

from search.database.connection import session_scope
from search.database.models import Embedding, Product, ProductImage
from search.encoder import Encoder
from search.encoder.local_features import PATCH_DIM, PATCH_GRID
from search.index.embedding_store import EmbeddingStore
from search.results import Embeddings
from search.settings import Settings

COLOURS = ("black", "white", "red", "green", "blue", "brown", "grey", "yellow")
MATERIALS = ("leather", "cotton", "wooden", "metal", "glass", "woollen")
THINGS = (
    "mug", "bowl", "plate", "teapot", "vase", "candle holder", "table lamp", "floor lamp",
    "armchair", "dining chair", "stool", "bench", "sofa", "bookshelf", "side table", "desk",
    "rug", "curtain", "cushion", "blanket", "towel", "backpack", "handbag", "wallet", "belt",
    "sandal", "boot", "sneaker", "dress", "skirt", "shirt", "jumper", "coat", "scarf", "hat",
    "glove", "watch", "necklace", "mirror", "clock",
)  # fmt: skip
DEPARTMENTS = 8
BRANDS = 400
SECOND_PICTURES = 8
"""One product in this many has a second picture."""
SPREAD = 0.9
"""Length of the random step from a title's vector to that of a picture."""
STEP = 0.35
"""Length of the random step from a picture's vector to that of a second picture."""
WIDTH_PX = 32
SEED = 11


@dataclass(slots=True)
class SyntheticCatalogue:
    """A catalogue on disk, and ways to change it.

    Args:
        folder: Folder of its files; created.
        products: Number of products.
    """

    folder: Path
    products: int
    cents: dict[int, int] = field(default_factory=dict)  # of products whose price has changed
    redrawn: dict[int, int] = field(default_factory=dict)  # how often a product's pictures changed

    @property
    def path(self) -> Path:
        """The catalogue file."""
        return self.folder / "catalogue.csv"

    def write(self) -> None:
        """Write all picture files and the catalogue."""
        for product in range(self.products):
            self._write_pictures(product)
        self._write_rows()

    def change_fields(self, share: float) -> int:
        """Give a share of the products another title and price; return the number of products."""
        chosen = self._some(share, seed=1)
        self.cents |= {product: self._cents(product) + 100 for product in chosen}
        self._write_rows()
        return len(chosen)

    def change_pictures(self, share: float) -> int:
        """Give a share of the products other pictures; return the number of pictures."""
        chosen = self._some(share, seed=2)
        for product in chosen:
            self.redrawn[product] = self.redrawn.get(product, 0) + 1
            self._write_pictures(product)
        return sum(len(self._pictures(product)) for product in chosen)

    def _some(self, share: float, seed: int) -> list[int]:
        dice = np.random.default_rng(seed)
        count = max(1, round(share * self.products))
        return sorted(dice.choice(self.products, count, replace=False).tolist())

    def _pictures(self, product: int) -> list[Path]:
        folder = self.folder / f"{product // 1000}"
        count = 2 if product % SECOND_PICTURES == 0 else 1
        return [folder / f"{product}-{number}.jpg" for number in range(count)]

    def _write_pictures(self, product: int) -> None:
        for number, path in enumerate(self._pictures(product)):
            path.parent.mkdir(parents=True, exist_ok=True)
            # Longer each time: an ingest notices a changed file by its size and time.
            path.write_text(f"{product} {number} {'i' * self.redrawn.get(product, 0)}")

    def _cents(self, product: int) -> int:
        return self.cents.get(product, 100 + product * 37 % 99_900)

    def _write_rows(self) -> None:
        with self.path.open("w", encoding="utf-8", newline="") as opened:
            rows = csv.writer(opened)
            rows.writerow(("sku", "title", "brand", "category", "colour", "price", "image"))
            for product in range(self.products):
                colour, thing = COLOURS[product % 8], THINGS[product % 40]
                new = ", new" if product in self.cents else ""
                files = (path.relative_to(self.folder) for path in self._pictures(product))
                rows.writerow((
                    f"SYN-{product:07d}",
                    f"{kind_of(product).capitalize()}, no. {product}{new}",
                    f"Brand {product % BRANDS}",
                    f"Part {product % 40 % DEPARTMENTS} > {thing.capitalize()}s",
                    colour,
                    f"{self._cents(product) / 100:.2f}",
                    "|".join(map(str, files)),
                ))  # fmt: skip


def kind_of(product: int) -> str:
    """Return what a product is; its title begins with it."""
    return f"{COLOURS[product % 8]} {MATERIALS[product // 40 % 6]} {THINGS[product % 40]}"


KINDS = len(THINGS) * len(MATERIALS)
"""Number of distinct kinds; the colour follows from the thing, as 8 divides 40."""


def encode_synthetically(database: sqlalchemy.Engine, settings: Settings, encoder: Encoder) -> int:
    """Store vectors of all pending pictures, and mark the pictures ready; return how many.

    Args:
        database: Holds an ingested synthetic catalogue.
        settings: Names the embedding store and the pictures per shard.
        encoder: Encodes the titles; vectors are stored under its tag.
    """
    meanings = encoder.encode_texts([kind_of(i) for i in range(KINDS)])
    store = EmbeddingStore(settings.root)
    dice = np.random.default_rng(SEED)
    shape = (settings.batch_images, PATCH_GRID**2, PATCH_DIM)
    patches = dice.integers(-127, 128, shape, dtype=np.int8)
    pending = _pending(database)
    for start in range(0, len(pending), settings.batch_images):
        rows = pending[start : start + settings.batch_images]
        contents = [Path(address).read_text() for _, address in rows]
        digests = [hashlib.sha256(content.encode()).hexdigest() for content in contents]
        vectors = np.stack([_vector(content, meanings) for content in contents])
        shard = store.write(encoder.tag, digests, vectors, patches[: len(rows)])
        _record(database, [image_id for image_id, _ in rows], digests, (encoder.tag, shard))
    return len(pending)


def _pending(database: sqlalchemy.Engine) -> list[tuple[int, str]]:
    """Return id and address of the pictures that wait for encoding."""
    waiting = (
        select(ProductImage.id, ProductImage.address)
        .join(Product, Product.id == ProductImage.product_id)
        .where(ProductImage.state == "pending", Product.retired_at.is_(None))
        .order_by(ProductImage.id)
    )
    with session_scope(database) as session:
        return [(row.id, row.address) for row in session.execute(waiting)]


def _vector(content: str, meanings: Embeddings) -> Embeddings:
    """Return the (d,) unit vector of a picture from the content of its file."""
    product, number, *version = content.split()
    meaning = meanings[int(product) % KINDS]
    seeds = (SEED, int(product), len(version[0]) if version else 0)
    thing = _near(meaning, SPREAD, np.random.default_rng(seeds))
    if number == "0":
        return thing
    return _near(thing, STEP, np.random.default_rng((*seeds, int(number))))


def _near(vector: Embeddings, length: float, dice: np.random.Generator) -> Embeddings:
    """Return a unit vector a random step away; the first dimensions vary most, as in a model."""
    step = dice.standard_normal(len(vector)) / np.sqrt(1 + np.arange(len(vector)) / 16)
    moved = vector + length * step / np.linalg.norm(step)
    return np.asarray(moved / np.linalg.norm(moved), dtype=np.float32)


def _record(
    database: sqlalchemy.Engine,
    image_ids: Sequence[int],
    digests: Sequence[str],
    place: tuple[str, str],
) -> None:
    """Record where the vectors are and mark the pictures ready, as a worker does."""
    tag, shard = place
    rows: Iterator[dict[str, object]] = (
        {"sha256": digest, "model_tag": tag, "shard": shard, "row": row}
        for row, digest in enumerate(digests)
    )
    usable = {"state": "ready", "width_px": WIDTH_PX, "height_px": WIDTH_PX}
    with session_scope(database) as session:
        session.execute(insert(Embedding), list(rows))
        stamps = [
            {"id": image_id, "sha256": digest, **usable}
            for image_id, digest in zip(image_ids, digests, strict=True)
        ]
        session.execute(update(ProductImage), stamps)
