"""A small seeded shop whose catalogue changes every night, as a merchant's feed does.

Products appear, change title, price, stock or picture, and disappear; some pictures are broken. The
catalogue and each picture are replaced by renaming, as a careful merchant does.
"""

import csv
import random
from dataclasses import dataclass, field, replace
from pathlib import Path

from PIL import Image, ImageDraw

SIDE_PX = 96
COLOURS = {
    "red": "#c8202c", "green": "#2e8b45", "blue": "#2450b4", "yellow": "#f0c419",
    "black": "#1c1c1e", "pink": "#ec87ac",
}  # fmt: skip
THINGS = ("plate", "cushion", "vase", "tray", "clock")
FIELDS = ("sku", "title", "category", "colour", "price", "currency", "in_stock", "image")
APPEAR, DISAPPEAR, REPAINT, REWORD = 0.05, 0.04, 0.06, 0.1
"""Shares of the products that in a night appear, disappear, get another picture, and get another
title, price and stock. The share that disappears stays below FINDALIKE_SHRINK_LIMIT."""
BROKEN = 0.05
"""Share of new picture files that hold no picture."""


@dataclass(frozen=True, slots=True)
class Item:
    """One product."""

    sku: str
    thing: str
    colour: str
    price_cents: int
    in_stock: bool
    look: int  # another number is another picture
    broken: bool = False


@dataclass(slots=True)
class SoakedShop:
    """The shop and the folder of its catalogue.

    Args:
        folder: Created if it is missing.
        products: How many there are in the first night.
        seed: Decides everything.
    """

    folder: Path
    products: int
    seed: int
    items: dict[str, Item] = field(default_factory=dict)
    _made: int = 0
    _drawn: dict[str, tuple[int, bool]] = field(default_factory=dict)  # by sku
    _rng: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._rng = random.Random(f"soak/{self.seed}")  # noqa: S311 - no secret
        self.folder.mkdir(parents=True, exist_ok=True)
        for _ in range(self.products):
            self._add_product()
        self._write()

    @property
    def catalogue(self) -> Path:
        """The catalogue file."""
        return self.folder / "catalogue.csv"

    def pass_a_day(self) -> None:
        """Change the catalogue as a night does."""
        rng, count = self._rng, len(self.items)
        gone = rng.sample(sorted(self.items), max(1, int(DISAPPEAR * count)))
        for sku in gone:
            del self.items[sku]
        for sku in rng.sample(sorted(self.items), max(1, int(REPAINT * count))):
            item = self.items[sku]
            self.items[sku] = replace(item, look=item.look + 1, broken=rng.random() < BROKEN)
        for sku in rng.sample(sorted(self.items), max(1, int(REWORD * count))):
            item = self.items[sku]
            price = rng.randrange(100, 90_000)
            self.items[sku] = replace(item, price_cents=price, in_stock=rng.random() < 0.8)
        for _ in range(max(1, int(APPEAR * self.products))):
            self._add_product()
        self._write()

    def _add_product(self) -> None:
        rng = self._rng
        self._made += 1
        self.items[f"S-{self._made:05d}"] = Item(
            sku=f"S-{self._made:05d}",
            thing=rng.choice(THINGS),
            colour=rng.choice(sorted(COLOURS)),
            price_cents=rng.randrange(100, 90_000),
            in_stock=rng.random() < 0.8,
            look=0,
            broken=rng.random() < BROKEN,
        )

    def _write(self) -> None:
        """Write new and changed pictures, and the catalogue."""
        new = self.catalogue.with_suffix(".new")
        with new.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(FIELDS)
            for item in self.items.values():
                rows.writerow(
                    (
                        item.sku,
                        f"{item.colour.title()} {item.thing}",
                        f"Home > {item.thing.title()}s",
                        item.colour,
                        f"{item.price_cents / 100:.2f}",
                        "EUR",
                        "yes" if item.in_stock else "no",
                        self._picture(item),
                    )
                )
        new.rename(self.catalogue)

    def _picture(self, item: Item) -> str:
        """Write a product's picture if it changed; return its file name, which never changes."""
        path = self.folder / f"{item.sku}.png"
        if self._drawn.get(item.sku) != (item.look, item.broken):
            self._drawn[item.sku] = (item.look, item.broken)
            new = path.with_suffix(".new")
            if item.broken:
                new.write_bytes(b"\x89PNG\r\n\x1a\nnot a picture " + item.sku.encode())
            else:
                draw(item).save(new, "PNG")
            new.rename(path)
        return path.name


def draw(item: Item) -> Image.Image:
    """Return the picture of a product; no two are alike."""
    rng = random.Random(f"{item.sku}/{item.look}")  # noqa: S311 - no secret
    image = Image.new("RGB", (SIDE_PX, SIDE_PX), "#f4f2ee")
    pen = ImageDraw.Draw(image)
    corners = 3 + THINGS.index(item.thing)
    centre = (SIDE_PX / 2 + rng.uniform(-9, 9), SIDE_PX / 2 + rng.uniform(-9, 9))
    pen.regular_polygon(
        (*centre, rng.uniform(0.25, 0.42) * SIDE_PX),
        corners,
        rng.uniform(0, 360),
        fill=COLOURS[item.colour],
    )
    for _ in range(3):
        x, y = rng.uniform(0, SIDE_PX), rng.uniform(0, SIDE_PX)
        pen.ellipse((x, y, x + 6, y + 6), fill=rng.choice(sorted(COLOURS.values())))
    return image
