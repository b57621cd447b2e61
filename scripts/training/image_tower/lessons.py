"""Turns pictures, their captions and their cached features into lessons for the heads."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from scripts.training.image_tower.frozen_features import Features
from scripts.training.image_tower.heads import Captions, Lesson
from scripts.training.texts.text_space import ColourSpace, Floats, MeaningSpace, meaning_of, unit
from search.encoder.embedded.colour_histograms import PALETTE


@dataclass(frozen=True)
class Caption:
    """A text and the statements that it makes; it fits a picture of which all are true."""

    text: str
    claims: frozenset[str]


@dataclass(frozen=True)
class Subject:
    """What is known of one training picture."""

    group: str
    facts: frozenset[str]
    captions: tuple[Caption, ...]
    colours: tuple[tuple[int, int, int], ...] = ()  # sRGB; measured from the pixels if empty


@dataclass(frozen=True)
class Domain:
    """All subjects of one source."""

    name: str
    subjects: Sequence[Subject]
    features: Features
    share: float  # of a batch
    looks: float = 1.0  # weight of its groups in the looks loss


def measured_colours(features: Features, space: ColourSpace) -> Floats:
    """Return (pictures, d) colour vectors of the likely foreground of each clean view."""
    histograms = features.clean[:, -3 * len(PALETTE) : -2 * len(PALETTE)] ** 2
    # The largest shares are taken for the thing's colours, the rest for shade and background.
    floor = 0.35 * histograms.max(axis=1, keepdims=True)
    return space.of_histograms(np.where(histograms >= floor, histograms, 0))


def build_lessons(
    domains: Sequence[Domain],
    meaning: MeaningSpace,
    colours: ColourSpace,
    teacher: Callable[[Sequence[str]], Floats],
) -> tuple[list[Lesson], Captions]:
    """Number groups, statements and captions, and gather everything into tensors.

    Args:
        domains: Sources to learn from.
        meaning: Space of the captions' meaning.
        colours: Space of colours.
        teacher: Encodes texts, as the sentence teacher does.
    """
    captions = sorted(
        {c for d in domains for s in d.subjects for c in s.captions},
        key=lambda c: (c.text, sorted(c.claims)),
    )
    number = {caption: i for i, caption in enumerate(captions)}
    statements = sorted({claim for caption in captions for claim in caption.claims})
    column = {statement: i for i, statement in enumerate(statements)}
    texts = [caption.text for caption in captions]
    meant = [meant or text for meant, text in zip(meaning_of(texts), texts, strict=True)]
    vectors = meaning.project(teacher(meant))
    claims = torch.zeros(len(captions), len(statements))
    for i, caption in enumerate(captions):
        claims[i, [column[claim] for claim in caption.claims]] = 1
    lessons = [_lesson(domain, number, column, colours) for domain in domains]
    return lessons, Captions(torch.from_numpy(vectors), claims)


def _lesson(
    domain: Domain, number: dict[Caption, int], column: dict[str, int], space: ColourSpace
) -> Lesson:
    facts = torch.zeros(len(domain.subjects), len(column))
    groups = {g: i for i, g in enumerate(sorted({s.group for s in domain.subjects}))}
    colours = measured_colours(domain.features, space)
    for i, subject in enumerate(domain.subjects):
        facts[i, [column[fact] for fact in subject.facts if fact in column]] = 1
        if subject.colours:
            colours[i] = unit(space.of_srgb(subject.colours).mean(axis=0, keepdims=True))[0]
    return Lesson(
        name=domain.name,
        share=domain.share,
        pooled=torch.from_numpy(domain.features.pooled),
        picture=torch.from_numpy(domain.features.picture),
        group=torch.tensor([groups[s.group] for s in domain.subjects]),
        facts=facts,
        colours=torch.from_numpy(colours),
        captions=[[number[c] for c in s.captions] for s in domain.subjects],
        looks=domain.looks,
        kind=_kinds(domain.subjects),
    )


def _kinds(subjects: Sequence[Subject]) -> torch.Tensor:
    """Number the kinds that the subjects' facts name."""
    named = [
        next((fact for fact in sorted(s.facts) if fact.startswith(_KIND_FACTS)), None)
        for s in subjects
    ]
    numbers = {kind: i for i, kind in enumerate(sorted({kind for kind in named if kind}))}
    return torch.tensor([numbers[kind] if kind else -1 for kind in named])


_KIND_FACTS = ("drawn:", "aisle:")


def merged(
    name: str,
    subjects: Sequence[Sequence[Subject]],
    features: Sequence[Features],
    share: float,
    looks: float,
) -> Domain:
    """Merge several sets into one domain, in which equal group names are one group.

    Args:
        name: Name of the domain.
        subjects: For each set, one subject per picture.
        features: For each set, in the same order.
        share: Share of the domain in a batch.
        looks: Weight of its groups in the looks loss.
    """
    first = np.cumsum([0, *(len(listed) for listed in subjects[:-1])])
    return Domain(
        name=name,
        subjects=[subject for listed in subjects for subject in listed],
        features=Features(
            np.concatenate([f.pooled for f in features]),
            np.concatenate([f.picture + start for f, start in zip(features, first, strict=True)]),
            np.concatenate([f.view for f in features]),
        ),
        share=share,
        looks=looks,
    )
