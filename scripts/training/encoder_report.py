"""Measures a trained encoder on pictures that it did not learn from, and baselines for comparison.

The baseline for photo queries is frozen ImageNet features; that for text queries is ImageNet's
classes through the embeddings of their names. Furniture is measured with two encoders: the shipped
one, and one that was trained without the kinds that are searched for.
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
"""Query set -> encoder -> measures."""


class TextEncoder:
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
    features: Mapping[str, Features],
    tower: ProductTower,
    judged: ProductTower,
    texts: TextEncoder,
) -> Report:
    """Measure everything.

    Args:
        recipe: Recipe of the run.
        features: Features of every set.
        tower: The shipped image tower.
        judged: An image tower trained without `things.LEFT_OUT`.
        texts: Encodes the text queries.
    """
    wanted = ("grocery_catalogue", "grocery_val", "clothing_train", "clothing_val", "furniture")

    def all_of(encode: ProductTower) -> dict[str, Floats]:
        return {name: _encode(encode, features[name]) for name in wanted}

    ours, named = all_of(tower), all_of(_names_only(tower))
    frozen = {name: unit(features[name].clean[:, : tower.shape.deep_dim]) for name in wanted}
    report: Report = {}
    for title, queried, gallery in (
        ("grocery val photos", "grocery_val", "grocery_catalogue"),
        ("clothing val photos", "clothing_val", "clothing_train"),
    ):
        relevant = same_group(_groups(recipe.sets[queried]), _groups(recipe.sets[gallery]))
        report[title] = {
            who: measure(vectors[queried], vectors[gallery], relevant)
            for who, vectors in ((OURS, ours), (FROZEN, frozen))
        }
    for title, name, gallery, column in (
        ("grocery texts", "grocery", "grocery_catalogue", "sku"),
        ("clothing texts", "clothing", "clothing_train", "category"),
    ):
        listed = rows(recipe.data / name / "texts.csv")
        groups = [row[column].split(" > ")[-1] for row in listed]
        queries = texts.encode([row["text"] for row in listed])
        relevant = same_group(groups, _groups(recipe.sets[gallery]))
        report[title] = {
            who: measure(queries, vectors[gallery], relevant)
            for who, vectors in ((OURS, ours), (NAMES, named))
        }
    return report | _furniture(
        recipe.sets["furniture"],
        texts,
        {
            OURS: ours["furniture"],
            UNSEEN: _encode(judged, features["furniture"]),
            FROZEN: frozen["furniture"],
            NAMES: named["furniture"],
        },
    )


OURS = "this encoder"
UNSEEN = "taught without these kinds"
FROZEN = "frozen ImageNet features"
NAMES = "ImageNet class names"


def _furniture(
    pictures: list[LabelledPicture], texts: TextEncoder, vectors: Mapping[str, Floats]
) -> Report:
    """Search for the kinds that were left out; each kind has equal weight, whatever its size."""
    relevant = things.of_kinds(pictures, things.LEFT_OUT)
    queries = [texts.encode(kind.queries) for kind in things.LEFT_OUT]
    photos = {
        who: _mean([_other_photos(v, members) for members in relevant])
        for who, v in vectors.items()
        if who != NAMES
    }
    by_text = {
        who: _mean(
            [
                measure(of_kind, v, np.repeat(members[None], len(of_kind), axis=0))
                for of_kind, members in zip(queries, relevant, strict=True)
            ]
        )
        for who, v in vectors.items()
        if who != FROZEN
    }
    return {"furniture photos, kinds left out": photos, "furniture texts, kinds left out": by_text}


def _other_photos(vectors: Floats, members: things.Members) -> Measures:
    """Search with each picture of a kind for the other pictures of the kind."""
    found = []
    for row in np.flatnonzero(members):
        others = np.arange(len(vectors)) != row
        found.append(measure(vectors[row : row + 1], vectors[others], members[others][None]))
    return _mean(found)


def _mean(measured: Sequence[Measures]) -> Measures:
    return {name: float(np.mean([m[name] for m in measured])) for name in measured[0]}


def _names_only(tower: ProductTower) -> ProductTower:
    """Reduce the semantic part to ImageNet's classes, at the classifier's own temperature."""
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
