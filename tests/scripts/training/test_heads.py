"""The heads learn from captions, and the backbone does not change."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention

from scripts.training.image_tower.frozen_features import Features
from scripts.training.image_tower.heads import _KINDS_A_STEP, _views, prepare, train_heads
from scripts.training.image_tower.lessons import Caption, Domain, Subject, build_lessons
from scripts.training.texts.text_space import ColourSpace, Floats, MeaningSpace
from search.encoder.embedded.tower import ProductTower, TowerShape

KINDS = ("mug", "vase", "chair", "lamp", "rug", "bag")
SMALL = TowerShape(backbone="tf_efficientnet_lite0", texture_dim=352, visual_dim=32)


def teacher(texts: list[str]) -> Floats:
    """Return a random direction for each text, as a sentence encoder would."""
    seeds = [sum(map(ord, text)) for text in texts]
    rows = np.stack([np.random.default_rng(seed).normal(size=384) for seed in seeds])
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def domain() -> Domain:
    """Thirty pictures of six kinds, two views of each; features cluster by kind."""
    rng = np.random.default_rng(5)
    width = SMALL.deep_dim + SMALL.texture_dim + ProductTower(SMALL).colours.dim
    centres = rng.random((len(KINDS), width))
    kinds = np.arange(30) % len(KINDS)
    subjects = [
        Subject(f"sku {i}", frozenset({f"drawn:{k}"}), (Caption(k, frozenset({f"drawn:{k}"})),))
        for i, k in enumerate(KINDS[kind] for kind in kinds)
    ]
    picture = np.repeat(np.arange(30), 2)
    pooled = centres[kinds[picture]] + rng.random((60, width)) * 0.2
    view = np.tile([0, 1], 30)
    return Domain("drawn", subjects, Features(pooled.astype(np.float16), picture, view), 1.0)


def test_heads_learn_captions(domain: Domain) -> None:
    torch.manual_seed(2)
    tower = ProductTower(SMALL).eval()
    names = [f"{kind} {i}" for kind in KINDS for i in range(60)]
    space = MeaningSpace.fit(teacher(names), SMALL.semantic_dim)
    colours = ColourSpace(SMALL.colour_dim)
    lessons, captions = build_lessons([domain], space, colours, teacher)
    classes = space.project(teacher([f"class {i}" for i in range(1000)]))
    prepare(tower, lessons, classes, classes[: SMALL.labels])
    before = {k: v.clone() for k, v in tower.backbone.state_dict().items()}
    unnamed = torch.rand(16, lessons[0].pooled.shape[1])

    taught = train_heads(tower, lessons, captions, unnamed, steps=60, batch=48, seed=1)

    clean = torch.from_numpy(domain.features.clean)
    with torch.no_grad():
        said = F.normalize(taught.parts(clean)[1], dim=1) @ captions.meaning.T
    best = [sorted(KINDS)[i] for i in said.argmax(dim=1)]  # captions are in alphabetical order
    assert np.mean([b == KINDS[i % len(KINDS)] for i, b in enumerate(best)]) > 0.9
    after = taught.backbone.state_dict()
    assert all(torch.equal(before[k], after[k]) for k in before)


def test_half_the_views_are_of_few_kinds(domain: Domain) -> None:
    """Mugs and vases are easy to tell apart; what matters is to tell mugs apart."""
    space = MeaningSpace.fit(teacher([f"text {i}" for i in range(400)]), SMALL.semantic_dim)
    (lesson,), _ = build_lessons([domain], space, ColourSpace(SMALL.colour_dim), teacher)

    views = _views(lesson, 40, np.random.default_rng(0))

    kinds = lesson.kind[lesson.picture[views]]
    assert len(views) == 40
    assert len(kinds[:20].unique()) <= _KINDS_A_STEP < len(KINDS)
