"""Lists pictures of many kinds of things: furniture, and clip art without names.

Furniture also shows how the encoder copes with kinds that it was not trained on: `HOME_KINDS` lists
kinds and queries for them, and every second kind is left out of the training that is judged.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from scripts.training.image_tower.lessons import Caption, Subject
from scripts.training.pictures.debian_packages import CLIP_ART, FURNITURE
from scripts.training.pictures.development_sets import LabelledPicture

_NO_PRODUCTS = ("cartoon", "alphabets", "asl", "symbols", "shapes", "geography", "logos", "cards",
                "special", "icons", "folders", "duplicates", "astronomy", "jigsaw", "dice", "chess",
                "religion", "flag")  # fmt: skip


Members = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class ThingKind:
    """A kind of home product: the titles that belong to it, and queries for it."""

    title: re.Pattern[str]
    never: re.Pattern[str] | None  # a title that contains this does not belong
    queries: tuple[str, ...]

    def holds(self, title: str) -> bool:
        """Return whether a title names this kind."""
        return bool(self.title.search(title)) and not (self.never and self.never.search(title))


def _kind(title: str, never: str, *queries: str) -> ThingKind:
    return ThingKind(re.compile(title), re.compile(never) if never else None, queries)


HOME_KINDS: tuple[ThingKind, ...] = (
    _kind(r"\bchair\b", r"high chair|wheel", "chair", "dining chair"),
    _kind(r"armchair|relax chair", r"ottoman", "armchair", "comfortable armchair"),
    _kind(r"sofa|couch|futon", "", "sofa", "couch for the living room"),
    _kind(r"\bbed\b", "", "bed", "bed for the bedroom"),
    _kind(r"\btable\b", r"lamp|foot|tennis|pool|bedside|changing|fan|dressing|top", "table"),
    _kind(r"coffee table", "", "coffee table"),
    _kind(r"\bdesk\b", r"lamp", "desk", "office desk"),
    _kind(r"stool", "", "stool", "bar stool"),
    _kind(r"lamp\b|light\b|chandelier", r"camp|street|park|lamppost|fluor|porch", "lamp"),
    _kind(r"washbasin|\bsink\b|vanity", r"cabinet", "washbasin", "bathroom sink"),
    _kind(r"wardrobe|cupboard", "", "wardrobe", "closet for clothes"),
    _kind(r"bookcase|shelves", "", "bookcase", "bookshelf"),
    _kind(r"cabinet|dresser|chest$|drawers", "", "cabinet", "chest of drawers"),
    _kind(r"vase|pottery|old jar", r"lamp", "vase"),
    _kind(r"plant|ficus|yucca|bamboo|cactus|bonsai|orchids|lily|tulips|flowers", r"box", "plant"),
    _kind(r"radiator", "", "radiator", "heater"),
    _kind(r"oven|cooker|stove", "", "oven", "kitchen stove"),
    _kind(r"fridge|refrigerator|freezer", "", "fridge", "refrigerator"),
    _kind(r"\btv\b|television|screen$", r"cabinet|stand|remote", "television"),
    _kind(r"coffee (machine|maker|brewer|press)|espresso", "", "coffee maker"),
    _kind(r"\bcup\b|mug", r"cake", "cup", "coffee mug"),
    _kind(r"bottle|flacon", "", "bottle"),
    _kind(r"\bdoor\b", r"cabinet|window|garage|elevator|shower", "door", "front door"),
    _kind(r"window", r"blind|shutter", "window"),
    _kind(r"\bbath\b|bathtub|jacuzzi", "", "bathtub"),
    _kind(r"toilets unit|urinal|bidet", "", "toilet"),
    _kind(r"towel", r"paper", "towel"),
    _kind(r"bench\b", r"work|abdom|piano", "bench", "garden bench"),
    _kind(r"shoes|sneakers|slippers|bootie|mocassin", "", "shoes"),
    _kind(r"sedan|suv|smart car|focus|peugeot|renault|leon|beetle|chevrolet|car model", "", "car"),
    _kind(r"apple ibook|imac|laptop", "", "computer", "laptop"),
    _kind(r"phone\b|iphone", r"head", "telephone", "mobile phone"),
    _kind(r"trash|dustbin|recycling bin", "", "trash can", "waste bin"),
    _kind(r"socket|plug\b|switch", "", "wall socket", "light switch"),
    _kind(r"knife|scissors|fork|spoon", r"stand|lift", "cutlery"),
    _kind(r"clock|watch$", "", "clock"),
    _kind(r"tree|pine|cypress|maple|acacia|poplar|beech", r"christmas|peach", "tree"),
)
LEFT_OUT = HOME_KINDS[1::2]
"""Kinds that are left out of the training that is judged."""


def furniture(cache: Path) -> list[LabelledPicture]:
    """List the furniture in Sweet Home 3D's libraries, without people."""
    named: list[tuple[str, Path]] = []
    for table in sorted(FURNITURE.unpacked(cache).rglob("PluginFurnitureCatalog.properties")):
        pieces: dict[str, dict[str, str]] = {}
        for line in table.read_text("latin-1").splitlines():
            if match := re.match(r"(\w+)#(\d+)=(.*)", line):
                pieces.setdefault(match[2], {})[match[1]] = match[3]
        named += [
            (_title(piece["name"]), table.parent / piece["icon"].lstrip("/"))
            for piece in pieces.values()
            if piece.get("category") != "Characters"
        ]
    return _pictures(named)


def clip_art(cache: Path) -> list[LabelledPicture]:
    """List clip art of things, without names."""
    folder = CLIP_ART.unpacked(cache)
    paths = sorted(
        path
        for path in folder.rglob("*.png")
        if not path.is_symlink()
        and not any(word in str(path.relative_to(folder)).lower() for word in _NO_PRODUCTS)
    )
    return _pictures([("", path) for path in paths if _usable(path)])


_SIDE_PX = (48, 4000)  # smaller pictures are icons, larger ones take a minute to decode


def _usable(path: Path) -> bool:
    with Image.open(path) as image:  # reads the header only
        return _SIDE_PX[0] <= min(image.size) and max(image.size) <= _SIDE_PX[1]


def _title(text: str) -> str:
    """Return `chair` for `Chair 12`."""
    return re.sub(r"[\s\d]+$", "", text.strip().lower()).strip()


def _pictures(named: list[tuple[str, Path]]) -> list[LabelledPicture]:
    """Label each picture with its title, and with the shorter titles that its title ends with."""
    titles = {title for title, _ in named if title}
    return [LabelledPicture(path, _subject(title, str(path), titles)) for title, path in named]


def _subject(title: str, group: str, titles: set[str]) -> Subject:
    words = title.split()
    kinds = [" ".join(words[i:]) for i in range(len(words))]
    kinds = [kind for i, kind in enumerate(kinds) if i == 0 or kind in titles]
    captions = [
        Caption(text, frozenset({f"thing:{kind}"}))
        for kind in kinds
        for text in (kind, f"a photo of a {kind}")
    ]
    return Subject(group, frozenset(f"thing:{kind}" for kind in kinds), tuple(captions))


def title_of(picture: LabelledPicture) -> str:
    """Return the title of a picture that this module listed; empty if it has none."""
    captions = picture.subject.captions
    return captions[0].text if captions else ""


def of_kinds(pictures: list[LabelledPicture], kinds: tuple[ThingKind, ...]) -> Members:
    """Return (kinds, pictures): which pictures belong to which kind."""
    titles = [title_of(picture) for picture in pictures]
    belongs = [[kind.holds(title) for title in titles] for kind in kinds]
    return np.array(belongs, dtype=np.bool_).reshape(len(kinds), len(pictures))
