"""What a trained encoder reaches on pictures it did not learn from, beside baselines.

Baselines of the same run: frozen ImageNet features for photo queries; for text queries ImageNet's
classes through the embeddings of their names. Furniture is asked twice: of the encoder as it
ships, and of one that was never shown the kinds that are asked for.
"""

import copy
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from open_clip.transformer import TextTransformer
from tokenizers import Tokenizer

from scripts.training.held_out_measures import measure, same_group
from scripts.training.image_tower.frozen_features import Features
from scripts.training.pictures import things
from scripts.training.pictures.development_sets import LabelledPicture, rows
from scripts.training.recipe import Recipe
from scripts.training.texts.text_space import Floats, unit
from scripts.training.texts.text_tower import encode_tokens
from search.encoder.embedded.tower import ProductTower

Measures = dict[str, float]
Report = dict[str, dict[str, Measures]]
"""Question, to who answered it, to measures."""


class Spoken:
    """Encodes texts as the checkpoint will."""

    def __init__(self, tower: TextTransformer, tokenizer: str) -> None:
        self.tower, self.tokenizer = tower, tokenizer
        self._pieces = Tokenizer.from_str(tokenizer)
        self._pieces.enable_truncation(32)

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return (n, d) unit rows."""
        tokens = [e.ids for e in self._pieces.encode_batch([t.lower() for t in texts])]
        vectors: Floats = encode_tokens(self.tower, tokens).numpy()
        return vectors


def report_on(
    recipe: Recipe,
    seen: Mapping[str, Features],
    tower: ProductTower,
    judged: ProductTower,
    spoken: Spoken,
) -> Report:
    """Measure everything.

    Args:
        recipe: Of the run.
        seen: Features of every set.
        tower: As it ships.
        judged: Taught without `things.LEFT_OUT`.
        spoken: The text tower.
    """
    wanted = ("grocery_catalogue", "grocery_val", "clothing_train", "clothing_val", "furniture")

    def all_of(encode: ProductTower) -> dict[str, Floats]:
        return {name: _encode(encode, seen[name]) for name in wanted}

    ours, named = all_of(tower), all_of(_names_only(tower))
    frozen = {name: unit(seen[name].clean[:, : tower.shape.deep_dim]) for name in wanted}
    report: Report = {}
    for title, asked, found in (
        ("grocery val photos", "grocery_val", "grocery_catalogue"),
        ("clothing val photos", "clothing_val", "clothing_train"),
    ):
        relevant = same_group(_groups(recipe.sets[asked]), _groups(recipe.sets[found]))
        report[title] = {
            who: measure(vectors[asked], vectors[found], relevant)
            for who, vectors in ((OURS, ours), (FROZEN, frozen))
        }
    for title, name, found, column in (
        ("grocery texts", "grocery", "grocery_catalogue", "sku"),
        ("clothing texts", "clothing", "clothing_train", "category"),
    ):
        listed = rows(recipe.data / name / "texts.csv")
        groups = [row[column].split(" > ")[-1] for row in listed]
        queries = spoken.encode([row["text"] for row in listed])
        report[title] = {
            who: measure(queries, vectors[found], same_group(groups, _groups(recipe.sets[found])))
            for who, vectors in ((OURS, ours), (NAMES, named))
        }
    return report | _furniture(
        recipe.sets["furniture"],
        spoken,
        {
            OURS: ours["furniture"],
            UNSHOWN: _encode(judged, seen["furniture"]),
            FROZEN: frozen["furniture"],
            NAMES: named["furniture"],
        },
    )


OURS = "this encoder"
UNSHOWN = "taught without these kinds"
FROZEN = "frozen ImageNet features"
NAMES = "ImageNet class names"


def _furniture(
    pictures: list[LabelledPicture], spoken: Spoken, vectors: Mapping[str, Floats]
) -> Report:
    """Ask for the kinds that were left out: each kind counts alike, whatever its size."""
    relevant = things.of_kinds(pictures, things.LEFT_OUT)
    queries = [spoken.encode(kind.asked) for kind in things.LEFT_OUT]
    photos = {
        who: _mean([_other_photos(v, members) for members in relevant])
        for who, v in vectors.items()
        if who != NAMES
    }
    texts = {
        who: _mean(
            [
                measure(asked, v, np.repeat(members[None], len(asked), axis=0))
                for asked, members in zip(queries, relevant, strict=True)
            ]
        )
        for who, v in vectors.items()
        if who != FROZEN
    }
    return {"furniture photos, kinds left out": photos, "furniture texts, kinds left out": texts}


def _other_photos(vectors: Floats, members: things.Members) -> Measures:
    """Ask with each picture of a kind for the others of its kind."""
    found = []
    for row in np.flatnonzero(members):
        others = np.arange(len(vectors)) != row
        found.append(measure(vectors[row : row + 1], vectors[others], members[others][None]))
    return _mean(found)


def _mean(measured: Sequence[Measures]) -> Measures:
    return {name: float(np.mean([m[name] for m in measured])) for name in measured[0]}


def _names_only(tower: ProductTower) -> ProductTower:
    """Leave only the classes, at the classifier's own temperature, to say what a thing is."""
    names = copy.deepcopy(tower)
    with torch.no_grad():
        names.class_temperature.fill_(1)
        names.label_share.zero_()
        for parameter in names.residual[-1].parameters():
            parameter.zero_()
    return names


@torch.inference_mode()
def _encode(tower: ProductTower, features: Features) -> Floats:
    vectors: Floats = tower.join(tower.parts(torch.from_numpy(features.clean))).numpy()
    return vectors


def _groups(pictures: Sequence[LabelledPicture]) -> list[str]:
    return [picture.subject.group for picture in pictures]
