"""What a trained encoder reaches on pictures it did not learn from, beside two baselines.

Baselines, measured in the same run: frozen ImageNet features for photo queries; for text queries
the fixed branch alone, ImageNet's classes through the embeddings of their names.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from open_clip.transformer import TextTransformer
from tokenizers import Tokenizer

from scripts.training.features import Features
from scripts.training.measures import measure, same_group
from scripts.training.pictures import Picture, rows
from scripts.training.text_space import Floats, unit
from scripts.training.text_tower import encode_tokens
from search.encoder.embedded_tower import ProductTower

Sets = Mapping[str, list[Picture]]
Measures = dict[str, dict[str, float]]
"""Name of a data set and kind of query, to measures."""


@dataclass
class Report:
    """Measures of the baselines and of the trained encoder."""

    baselines: Measures
    trained: Measures = field(default_factory=dict)


def report_baselines(sets: Sets, seen: Mapping[str, Features]) -> Measures:
    """Measure frozen ImageNet features on photo queries."""
    deep = {name: unit(features.clean[:, :1280]) for name, features in seen.items()}
    return _photos(sets, deep)


def report_tower(
    sets: Sets,
    seen: Mapping[str, Features],
    tower: ProductTower,
    data: Path,
    text: TextTransformer,
    tokenizer: str,
) -> Measures:
    """Measure the trained encoder on photo and text queries, and the class names alone on text."""
    spoken = _Spoken(text, tokenizer)
    names_only = copy.deepcopy(tower)
    with torch.no_grad():
        for parameter in names_only.residual[-1].parameters():
            parameter.zero_()
    wanted = ("grocery_catalogue", "grocery_val", "clothing_train", "clothing_val")
    pictures = {name: _encode(tower, seen[name]) for name in wanted}
    named = {name: _encode(names_only, seen[name]) for name in wanted}
    return {
        **_photos(sets, pictures),
        **_texts(sets, pictures, data, spoken, ""),
        **_texts(sets, named, data, spoken, " through class names alone"),
    }


class _Spoken:
    """Encodes texts as the checkpoint will."""

    def __init__(self, tower: TextTransformer, tokenizer: str) -> None:
        self._tower, self._tokenizer = tower, Tokenizer.from_str(tokenizer)
        self._tokenizer.enable_truncation(32)

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return (n, d) unit rows."""
        tokens = [e.ids for e in self._tokenizer.encode_batch([t.lower() for t in texts])]
        vectors: Floats = encode_tokens(self._tower, tokens).numpy()
        return vectors


@torch.inference_mode()
def _encode(tower: ProductTower, features: Features) -> Floats:
    vectors: Floats = tower.join(tower.parts(torch.from_numpy(features.clean))).numpy()
    return vectors


def _groups(pictures: Sequence[Picture]) -> list[str]:
    return [picture.subject.group for picture in pictures]


def _photos(sets: Sets, vectors: Mapping[str, Floats]) -> Measures:
    pairs = {
        "grocery val photos": ("grocery_val", "grocery_catalogue"),
        "clothing val photos": ("clothing_val", "clothing_train"),
    }
    return {
        title: measure(
            vectors[asked], vectors[found], same_group(_groups(sets[asked]), _groups(sets[found]))
        )
        for title, (asked, found) in pairs.items()
    }


def _texts(
    sets: Sets, vectors: Mapping[str, Floats], data: Path, spoken: _Spoken, how: str
) -> Measures:
    asked = {"grocery": ("grocery_catalogue", "sku"), "clothing": ("clothing_train", "category")}
    measured: Measures = {}
    for name, (found, column) in asked.items():
        listed = rows(data / name / "texts.csv")
        relevant = same_group(
            [row[column].split(" > ")[-1] for row in listed], _groups(sets[found])
        )
        queries = spoken.encode([row["text"] for row in listed])
        measured[f"{name} texts{how}"] = measure(queries, vectors[found], relevant)
    return measured
