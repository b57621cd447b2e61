"""Trains the tower's heads on cached features; the backbone keeps its ImageNet weights.

There is one loss for each part of the vector:

- meaning: the sigmoid loss of SigLIP (Zhai et al. 2023, arXiv:2303.15343) between pictures and
  captions; every caption whose claims are true of a picture is a positive;
- looks: the same loss between pictures; those of one group are positives. A second term keeps the
  similarities of whitened backbone features, so that unlabelled looks survive. For pictures without
  captions a third term keeps the semantic part near the fixed branches;
- colour: the cosine to the picture's known or measured colours.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import structlog
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor, nn

from scripts.training.texts.text_space import Floats
from search.encoder.embedded.tower import ProductTower

log = structlog.get_logger()


@dataclass(frozen=True)
class Lesson:
    """All views of one domain, and what is known of each picture."""

    name: str
    share: float  # of a batch
    pooled: Tensor  # (views, width) float16
    picture: Tensor  # (views,) picture number: row in the arrays below
    group: Tensor  # (pictures,) group number: pictures of one product, or of one kind of product
    facts: Tensor  # (pictures, statements) 0/1: whether the statement is true of the picture
    colours: Tensor  # (pictures, colour_dim) unit rows
    captions: list[list[int]]  # for each picture, rows in `Captions`
    looks: float  # weight of the groups in the looks loss; lower for kinds than for products
    kind: Tensor  # (pictures,) number of the kind, -1 where it is unknown


@dataclass(frozen=True)
class Captions:
    """Distinct captions with their meaning and their claims."""

    meaning: Tensor  # (captions, semantic_dim) unit rows
    claims: Tensor  # (captions, statements) 0/1


def prepare(
    tower: ProductTower, lessons: Sequence[Lesson], class_meaning: Floats, label_meaning: Floats
) -> None:
    """Set the parts that are computed instead of trained: feature scales, whitening, names."""
    clean = torch.cat([les.pooled[:: max(1, len(les.pooled) // 4000)].float() for les in lessons])
    mean, deviation = clean.mean(0), clean.std(0)
    with torch.no_grad():
        tower.feature_mean.copy_(mean)
        tower.feature_scale.copy_(1 / (deviation + 0.05 * deviation.mean()))
        tower.class_names.copy_(torch.from_numpy(class_meaning))
        tower.label_names.copy_(torch.from_numpy(label_meaning))
        x = (clean - tower.feature_mean) * tower.feature_scale
        # Deep features carry most of what distinguishes products; the others get less weight.
        x[:, tower.shape.deep_dim :] *= _SHALLOW
        _, values, directions = torch.linalg.svd(x - x.mean(0), full_matrices=False)
        dim = tower.shape.visual_dim
        whitening = directions[:dim] / (values[:dim, None] / len(x) ** 0.5).sqrt()
        whitening[:, tower.shape.deep_dim :] *= _SHALLOW
        tower.visual.weight.copy_(whitening)
        tower.visual.bias.zero_()
        for last in (tower.residual[-1], tower.colour[-1]):
            nn.init.zeros_(last.get_parameter("bias"))
            last.get_parameter("weight").mul_(0.1)


_SHALLOW = 0.5
_DOMAIN = 1_000_000  # more than the groups of one domain
KEPT = 24.0
"""Weight of the term that keeps the similarities of whitened features."""
UNNAMED = 1.0
"""Weight of the term that keeps the residual small for pictures without a caption."""


class _Scale(nn.Module):
    """Temperature and bias of a sigmoid loss."""

    def __init__(self, temperature: float, bias: float) -> None:
        super().__init__()
        self.temperature = nn.Parameter(torch.tensor(temperature).log())
        self.bias = nn.Parameter(torch.tensor(bias))

    def forward(self, similarity: Tensor, positive: Tensor, weight: Tensor) -> Tensor:
        logits = similarity * self.temperature.exp() + self.bias
        signed = torch.where(positive, logits, -logits)
        # Negatives outnumber positives by hundreds, so each half is averaged by itself.
        loss = -F.logsigmoid(signed) * weight
        yes, no = (weight * positive).sum(), (weight * ~positive).sum()
        return (loss * positive).sum() / yes.clamp(min=1) + (loss * ~positive).sum() / no.clamp(
            min=1
        ) * 4


def train_heads(
    tower: ProductTower,
    lessons: Sequence[Lesson],
    captions: Captions,
    unnamed: Tensor,
    *,
    steps: int,
    batch: int,
    seed: int,
) -> ProductTower:
    """Train the heads; return a tower with the averaged weights.

    Args:
        tower: After `prepare`; only its heads change.
        lessons: Domains, mixed in every batch by their shares.
        captions: Meaning and claims of the lessons' captions.
        unnamed: (n, width) features of pictures without captions.
        steps: Optimiser steps.
        batch: Views in a step.
        seed: Of the order and of dropout.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    frozen = copy.deepcopy(tower.visual)
    heads = nn.ModuleList([tower.visual, tower.residual, tower.colour])
    meaning_scale, looks_scale = _Scale(12.0, -6.0), _Scale(12.0, -6.0)
    parameters = [*heads.parameters(), *meaning_scale.parameters(), *looks_scale.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=1e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 1.2e-3, steps, pct_start=0.1)
    average = copy.deepcopy(tower)
    for step in range(steps):
        rows = _draw(lessons, batch, rng)
        losses = _losses(tower, rows, captions, meaning_scale, looks_scale)
        others = unnamed[torch.from_numpy(rng.integers(0, len(unnamed), size=batch // 4))].float()
        losses |= _restraint(tower, frozen, torch.cat([rows.pooled, others]), len(others))
        loss = torch.stack(list(losses.values())).sum()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 2.0)
        optimiser.step()
        schedule.step()
        with torch.no_grad():
            keep = min(0.995, (step + 1) / (step + 10))
            for slow, fast in zip(average.parameters(), tower.parameters(), strict=True):
                slow.lerp_(fast, 1 - keep)
        if step % 250 == 249 or step == steps - 1:
            rounded = {name: round(value.item(), 4) for name, value in losses.items()}
            log.info("heads", step=step + 1, steps=steps, **rounded)
    return average


@dataclass(frozen=True)
class _Rows:
    pooled: Tensor
    group: Tensor  # no two domains share a number
    facts: Tensor
    colours: Tensor
    caption: Tensor
    looks: Tensor


def _draw(lessons: Sequence[Lesson], batch: int, rng: np.random.Generator) -> _Rows:
    """Draw a batch; each view comes with another of the same group, if there is one."""
    parts: list[tuple[Tensor, ...]] = []
    for domain, lesson in enumerate(lessons):
        count = int(batch * lesson.share)
        views = _views(lesson, count // 2, rng)
        mates = _mates(lesson, views, rng)
        rows = torch.cat([views, mates])
        pictures = lesson.picture[rows]
        chosen = [lesson.captions[p][rng.integers(len(lesson.captions[p]))] for p in pictures]
        parts.append(
            (
                lesson.pooled[rows].float(),
                lesson.group[pictures] + domain * _DOMAIN,
                lesson.facts[pictures],
                lesson.colours[pictures],
                torch.tensor(chosen),
                torch.full((len(rows),), lesson.looks),
            )
        )
    return _Rows(*(torch.cat(column) for column in zip(*parts, strict=True)))


def _views(lesson: Lesson, count: int, rng: np.random.Generator) -> Tensor:
    """Draw views, half of them from few kinds: things of one kind are hard to tell apart."""
    anywhere = torch.from_numpy(rng.integers(0, len(lesson.pooled), size=count))
    kinds = int(lesson.kind.max()) + 1
    if kinds <= _KINDS_A_STEP:
        return anywhere
    chosen = torch.from_numpy(rng.choice(kinds, size=_KINDS_A_STEP, replace=False))
    among = torch.isin(lesson.kind[lesson.picture], chosen).nonzero().flatten()
    within = among[torch.from_numpy(rng.integers(0, len(among), size=count // 2))]
    return torch.cat([within, anywhere[count // 2 :]])


_KINDS_A_STEP = 4


def _mates(lesson: Lesson, views: Tensor, rng: np.random.Generator) -> Tensor:
    groups = lesson.group[lesson.picture]
    order = torch.argsort(groups, stable=True)
    ordered = groups[order]
    wanted = groups[views]
    first = torch.searchsorted(ordered, wanted)
    last = torch.searchsorted(ordered, wanted, right=True)
    offset = torch.from_numpy(rng.random(len(views))) * (last - first)
    return order[first + offset.long()]


def _losses(
    tower: ProductTower,
    rows: _Rows,
    captions: Captions,
    meaning_scale: _Scale,
    looks_scale: _Scale,
) -> dict[str, Tensor]:
    deep = rows.pooled[:, : tower.shape.deep_dim]
    noise = 1 + 0.1 * torch.randn_like(deep)
    pooled = torch.cat([deep * noise, rows.pooled[:, tower.shape.deep_dim :]], dim=1)
    looks, meaning, colour = tower.parts(pooled)
    claims = captions.claims[rows.caption]
    positive = rows.facts @ claims.T == claims.sum(1)
    wanted = captions.meaning[rows.caption]
    # Captions that differ only by a colour have the same meaning; colours have their own loss.
    # Two domains may word the same fact differently, so similar captions of different domains are
    # not taken as negatives.
    domain = rows.group // _DOMAIN
    near = torch.where(domain[:, None] == domain[None, :], 0.97, 0.6)
    counted = (positive | (wanted @ wanted.T < near)).float()
    same = rows.group[:, None] == rows.group[None, :]
    weight = rows.looks[:, None] * rows.looks[None, :] * ~torch.eye(len(same), dtype=torch.bool)
    return {
        "meaning": meaning_scale(meaning @ wanted.T, positive, counted),
        "looks": looks_scale(looks @ looks.T, same, weight),
        "colour": (1 - (colour * rows.colours).sum(1)).mean(),
    }


def _restraint(
    tower: ProductTower, frozen: nn.Linear, pooled: Tensor, unnamed: int
) -> dict[str, Tensor]:
    """Keep the heads near their start; the last `unnamed` rows have no caption."""
    x = (pooled - tower.feature_mean) * tower.feature_scale
    with torch.no_grad():
        before = F.normalize(frozen(x), dim=1)
    looks = F.normalize(tower.visual(x), dim=1)
    added = tower.residual(x).square().sum(1)
    return {
        "kept": F.mse_loss(looks @ looks.T, before @ before.T) * KEPT,
        "residual": added[:-unnamed].mean() * 0.02 + added[-unnamed:].mean() * UNNAMED,
    }
