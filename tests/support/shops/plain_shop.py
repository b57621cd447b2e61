"""The shop that tests search: plain things in plain colours, drawn here and indexed for real."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

COLOURS = {
    "red": "#c8202c",
    "green": "#2e8b45",
    "blue": "#2450b4",
    "yellow": "#f0c419",
    "black": "#1c1c1e",
    "pink": "#ec87ac",
}
THINGS = {
    "Plate": "Home > Tableware",
    "Cushion": "Home > Textiles",
    "Pennant": "Garden > Decoration",
    "Tray": "Home > Tableware",
}
MADE_OF = {"Pennant": "silk "}
"""Materials that only titles name; no field does."""
FIELDS = (
    *("sku", "title", "description", "category", "image"),
    *("brand", "colour", "price", "currency", "in_stock", "url"),
)
BRANDS = ("Nordlys", "Kettle & Co")
ODD_SKU = "ODD/1 ü"
ODD_TITLE = 'Odd & "quoted" thing'


@dataclass(frozen=True, slots=True)
class Thing:
    """One product of the shop."""

    sku: str
    title: str
    category: str
    colour: str
    brand: str
    price: str
    in_stock: bool
    url: str


def _things() -> list[Thing]:
    things = []
    for i, (thing, category) in enumerate(THINGS.items()):
        for j, colour in enumerate(COLOURS):
            things.append(
                Thing(
                    sku=f"{thing}-{colour}".upper(),
                    title=f"{colour.title()} {MADE_OF.get(thing, '')}{thing.lower()}",
                    category=f"{category} > {thing}s",
                    colour=colour,
                    brand=BRANDS[(i + j) % 2],
                    price=f"{10 * (i + 1) + j}.50",
                    in_stock=(i + j) % 5 != 0,
                    url=f"https://shop.example/{thing}/{colour}",
                )
            )
    odd = Thing(ODD_SKU, ODD_TITLE, "Odds", "multi", "", "", True, "")
    return [*things, odd]


PRODUCTS = _things()


def draw(thing: str, colour: str, *, side_px: int = 240, turn: float = 0.0) -> Image.Image:
    """Return a picture of a thing on a light ground."""
    image = Image.new("RGB", (side_px, side_px), "#f4f2ee")
    pen = ImageDraw.Draw(image)
    low, high = 0.18 * side_px, 0.82 * side_px
    fill = COLOURS.get(colour, "#8a5fb0")
    if thing == "Plate":
        pen.ellipse((low, low, high, high), fill=fill)
        pen.ellipse((low * 1.8, low * 1.8, high * 0.83, high * 0.83), outline="white", width=4)
    elif thing == "Cushion":
        pen.rounded_rectangle((low, low, high, high), radius=side_px // 10, fill=fill)
    elif thing == "Pennant":
        # Each colour points in another direction, so that they are not variants of one pennant.
        pointing = 120 // len(COLOURS) * list(COLOURS).index(colour)
        pen.regular_polygon((side_px / 2, side_px / 2, side_px / 2.7), 3, pointing, fill=fill)
    elif thing == "Tray":
        pen.rounded_rectangle((low * 0.5, low * 2, high * 1.1, high * 0.8), radius=9, fill=fill)
    else:
        pen.regular_polygon((side_px / 2, side_px / 2, side_px / 3), 7, fill=fill)
    return image.rotate(turn, fillcolor="#f4f2ee") if turn else image


def photo(thing: str, colour: str, kind: str = "JPEG") -> bytes:
    """Return a photo of a thing, larger than the shop's picture and a little tilted.

    It is easy for any encoder; other tests measure quality.
    """
    content = io.BytesIO()
    draw(thing, colour, side_px=320, turn=2).save(content, kind)
    return content.getvalue()


def write_catalogue(folder: Path) -> Path:
    """Write the pictures and `catalogue.csv`; return its path."""
    folder.mkdir(parents=True)
    path = folder / "catalogue.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(
            [
                "sku",
                "title",
                "description",
                "category",
                "image",
                "brand",
                "colour",
                "price",
                "currency",
                "in_stock",
                "url",
            ]
        )
        for number, thing in enumerate(PRODUCTS):
            name = thing.title.split()[-1].title()
            images = [f"{number}.png"]
            draw(name, thing.colour).save(folder / images[0])
            if number % 6 == 0:
                images.append(f"{number}-side.png")
                draw(name, thing.colour, turn=20).save(folder / images[1])
            rows.writerow(
                [
                    thing.sku,
                    thing.title,
                    f"{thing.title}, made to last.\nWipe clean.",
                    thing.category,
                    "|".join(images),
                    thing.brand,
                    thing.colour,
                    thing.price,
                    "EUR" if thing.price else "",
                    "yes" if thing.in_stock else "no",
                    thing.url,
                ]
            )
    return path
