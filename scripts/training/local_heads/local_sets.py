"""Lists the pictures that the local heads learn from, and runs the tower over them.

They are `train` splits and shops drawn with other seeds than 7, 13 and 29, which are for
evaluation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import structlog
import torch
from PIL import Image
from torch import Tensor

from scripts.training.image_tower.frozen_features import Describe, Features, load_features
from scripts.training.image_tower.lessons import Subject
from scripts.training.local_heads.localizer import Boxes, boxes_by, boxes_in
from scripts.training.local_heads.tower_maps import Shown, cells_by, maps_by, maps_of
from scripts.training.pictures import development_sets
from scripts.training.pictures.development_sets import LabelledPicture, rows
from scripts.training.pictures.drawn_shop import draw_shop
from scripts.training.pictures.scenes import draw_scenes, listed_scenes
from search.encoder.embedded.tower import ProductTower

log = structlog.get_logger()


@dataclass(frozen=True)
class Sizes:
    """How many pictures to learn from; tests use fewer."""

    shops: dict[int, int]  # seed of a drawn shop -> number of its street photos
    products: int  # per shop
    scenes: int
    boxed: tuple[int, ...]  # shops whose photos get the localizer's boxes
    every: int = 1  # use one photograph in this many


SIZES = Sizes(
    shops={101: 500, 201: 900, 301: 900, 401: 1000},
    products=1200,
    scenes=2400,
    boxed=(201,),
)
"""The sizes that the shipped heads were trained with."""


@dataclass(frozen=True)
class Search:
    """Photos, pictures to search among, and which picture is right for which photo."""

    photos: Shown
    gallery: Shown
    right: Tensor  # (photos, gallery) bool

    @classmethod
    def of(cls, photos: Shown, gallery: Shown) -> "Search":
        """Mark a picture as right if its group is among the photo's groups."""
        groups_of = [frozenset(groups.split("|")) for groups in photos.groups]
        right = [[group in wanted for group in gallery.groups] for wanted in groups_of]
        return cls(photos, gallery, torch.tensor(right))


@dataclass(frozen=True)
class Things:
    """Pictures with boxes around things."""

    maps: Tensor  # (n, `REGION_CHANNELS`, 14, 14) float16
    boxes: list[Boxes]


def shop_pictures(folder: Path) -> list[LabelledPicture]:
    """List all studio pictures of a drawn shop; a group is a product."""
    return [
        _picture(folder / image, row["sku"])
        for row in rows(folder / "catalogue.csv")
        for image in row["image"].split("|")
    ]


def shop_photos(folder: Path) -> list[LabelledPicture]:
    """List the street photos of a drawn shop; a photo's groups are its right products."""
    return [_picture(folder / row["photo"], row["sku"]) for row in rows(folder / "photos.csv")]


def _picture(path: Path, group: str) -> LabelledPicture:
    return LabelledPicture(path, Subject(group, frozenset(), ()))


@dataclass(frozen=True)
class LocalSets:
    """All sets to learn from; each is drawn and encoded on first use, and cached.

    Args:
        data: Folder of the development sets.
        teachers: Folder of the localizer.
        cache: Folder for shops, scenes and features.
        tower: Encodes the pictures.
        sizes: How many pictures to learn from.
        seed: Of scenes and views.
    """

    data: Path
    teachers: Path
    cache: Path
    tower: ProductTower
    sizes: Sizes
    seed: int

    def searches(self) -> dict[str, Search]:
        """Return the drawn shops and the groceries."""
        found = {}
        for seed, folder in self.shops.items():
            name = f"shop{seed}"
            photos = self._cells(f"{name}_photos", shop_photos(folder))
            found[name] = Search.of(photos, self._cells(f"{name}_studio", shop_pictures(folder)))
        photos = self._cells("grocery_train", self.grocery)
        catalogue = development_sets.grocery_catalogue(self.data / "grocery")
        found["grocery"] = Search.of(photos, self._cells("grocery_catalogue", catalogue))
        return found

    def views(self) -> tuple[Shown, Shown]:
        """Return garments twice: distorted, as a phone would see them, and clean."""
        features = self._shown("clothing_views", self.clothing, 2, cells_by(self.tower))
        names = [picture.path.stem for picture in self.clothing]
        clean, street = (Shown.of(features, self.tower.shape.dim, names, view) for view in (0, 1))
        return street, clean

    def things(self) -> dict[str, Things]:
        """Return scenes with known boxes, and photos with boxes from the localizer."""
        folder = self.cache / "scenes"
        studio = [picture for shop in self.shops.values() for picture in shop_pictures(shop)]
        studio += 10 * development_sets.grocery_catalogue(self.data / "grocery")
        draw_scenes(folder, studio, self.backdrops, count=self.sizes.scenes, seed=self.seed)
        scenes = listed_scenes(folder)
        shown = self._shown("scenes_maps", [_picture(s.path, "") for s in scenes])
        found = {"scenes": Things(maps_of(shown), [scene.boxes for scene in scenes])}
        for seed in self.sizes.boxed:
            found[f"shop{seed}"] = self.boxed(f"shop{seed}", shop_photos(self.shops[seed]))
        found["grocery"] = self.boxed("grocery_train", self.grocery[::2])
        found["clothing"] = self.boxed("clothing_train", self.clothing)
        return found

    def boxed(self, name: str, listed: Sequence[LabelledPicture]) -> Things:
        """Return photos with the localizer's boxes."""
        boxes = self._shown(f"{name}_boxes", listed, describe=boxes_by(self.teachers))
        maps = maps_of(self._shown(f"{name}_maps", listed))
        return Things(maps, [boxes_in(row) for row in boxes.pooled.astype(np.float32)])

    def judged(self) -> tuple[Search, Things]:
        """Return held-out photos of groceries, for evaluation."""
        listed = development_sets.grocery(self.data / "grocery", "val")[:: self.sizes.every]
        catalogue = development_sets.grocery_catalogue(self.data / "grocery")
        held_out = Search.of(
            self._cells("grocery_val", listed), self._cells("grocery_catalogue", catalogue)
        )
        return held_out, self.boxed("grocery_val", listed)

    @cached_property
    def shops(self) -> dict[int, Path]:
        """Folders of the drawn shops by seed; missing shops are drawn."""
        folders = {seed: self.cache / "shops" / str(seed) for seed in self.sizes.shops}
        for seed, folder in folders.items():
            count = self.sizes.shops[seed]
            draw_shop(folder, products=self.sizes.products, photos=count, seed=seed)
        return folders

    @cached_property
    def grocery(self) -> list[LabelledPicture]:
        """Photos of groceries to learn from."""
        return development_sets.grocery(self.data / "grocery", "train")[:: self.sizes.every]

    @cached_property
    def clothing(self) -> list[LabelledPicture]:
        """Photos of garments to learn from: one in six."""
        return development_sets.clothing(self.data / "clothing", "catalogue")[
            :: 6 * self.sizes.every
        ]

    @cached_property
    def backdrops(self) -> list[Image.Image]:
        """Photos to take backgrounds from."""
        return [picture.open() for picture in (*self.grocery[::60], *self.clothing[::30])]

    def _cells(self, name: str, listed: Sequence[LabelledPicture]) -> Shown:
        features = self._shown(name, listed, describe=cells_by(self.tower))
        return Shown.of(features, self.tower.shape.dim, [p.subject.group for p in listed])

    def _shown(
        self,
        name: str,
        listed: Sequence[LabelledPicture],
        views: int = 1,
        describe: Describe | None = None,
    ) -> Features:
        return load_features(
            name,
            [picture.open for picture in listed],
            views,
            describe=describe or maps_by(self.tower),
            cache=self.cache / "local",
            backdrops=self.backdrops if views > 1 else [],
            seed=self.seed,
        )
