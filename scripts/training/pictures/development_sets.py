"""Lists the pictures of the development sets, separately for training and evaluation."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from scripts.training.image_tower.lessons import Caption, Subject
from search.pictures.decoding import decode_picture

_MOST_PIXELS = 100_000_000


@dataclass(frozen=True)
class LabelledPicture:
    """One picture file and what is known of it."""

    path: Path
    subject: Subject

    def open(self) -> Image.Image:
        """Read the picture as the engine does: RGB, upright, on white."""
        return decode_picture(self.path.read_bytes(), max_pixels=_MOST_PIXELS, max_side_px=1024)


def rows(path: Path) -> list[dict[str, str]]:
    """Read a CSV file with a header."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def grocery(folder: Path, split: str) -> list[LabelledPicture]:
    """List the photos of one split; the group is the sku, captions come from the catalogue."""
    subjects = {row["sku"]: _grocery_subject(row) for row in rows(folder / "catalogue.csv")}
    return [
        LabelledPicture(folder / row["photo"], subjects[row["sku"]])
        for row in rows(folder / "photos.csv")
        if row["split"] == split
    ]


def grocery_catalogue(folder: Path) -> list[LabelledPicture]:
    """List the studio pictures, one per sku."""
    return [
        LabelledPicture(folder / row["image"], _grocery_subject(row))
        for row in rows(folder / "catalogue.csv")
    ]


def _grocery_subject(row: dict[str, str]) -> Subject:
    title, path = row["title"], row["category"].split(" > ")
    sku, kind, aisle = f"sku:{row['sku']}", f"kind:{path[-1]}", f"aisle:{path[1]}"
    sentences = [s.strip(" .") for s in row["description"].split(". ")][:3]
    captions = [
        *_captions([title, title, f"{title} {path[-1].lower()}"], sku),
        *_captions([f"{title}: {s}" for s in sentences if s], sku),
        *_captions([s for s in sentences if s], sku),
        *_captions([path[-1].lower(), f"fresh {path[-1].lower()}"], kind),
        *_captions([path[1].lower(), "groceries"], aisle),
    ]
    return Subject(row["sku"], frozenset({sku, kind, aisle}), tuple(captions))


_GARMENTS: dict[str, tuple[str, ...]] = {
    "Dress": ("dress", "summer dress", "woman's dress", "evening gown"),
    "Hat": ("hat", "cap", "baseball cap", "beanie", "sun hat"),
    "Jacket or coat": ("jacket", "coat", "winter jacket", "outerwear", "parka"),
    "Long-sleeve top": ("long sleeve top", "sweater", "pullover", "jumper", "long sleeved jersey"),
    "Shirt": ("shirt", "button-up shirt", "shirt with a collar", "blouse", "dress shirt"),
    "Shoes": ("shoes", "sneakers", "boots", "pair of shoes", "footwear"),
    "Shorts": ("shorts", "summer shorts", "pair of shorts", "denim shorts"),
    "Skirt": ("skirt", "mini skirt", "long skirt", "pleated skirt"),
    "T-shirt": ("t-shirt", "tee", "short sleeved t-shirt", "short sleeve tee", "cotton t-shirt"),
    "Trousers": ("trousers", "pants", "jeans", "pair of trousers", "chinos"),
}


def clothing(folder: Path, table: str) -> list[LabelledPicture]:
    """List garments of `catalogue` (training) or `photos` (evaluation); the group is the kind."""
    column = {"catalogue": "image", "photos": "photo"}[table]
    subjects = {
        kind: Subject(
            kind,
            frozenset({f"kind:{kind}"}),
            _captions((*names, f"a photo of a {names[0]}"), f"kind:{kind}"),
        )
        for kind, names in _GARMENTS.items()
    }
    return [
        LabelledPicture(folder / row[column], subjects[row["category"].split(" > ")[-1]])
        for row in rows(folder / f"{table}.csv")
    ]


def _captions(texts: Iterable[str], claim: str) -> tuple[Caption, ...]:
    return tuple(Caption(text, frozenset({claim})) for text in texts)
