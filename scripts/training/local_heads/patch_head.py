"""Trains the patch head, which tells how well the parts of a photo and of a picture agree.

The loss is InfoNCE (van den Oord et al. 2018, arXiv:1807.03748) over late interaction (MaxSim:
Khattab and Zaharia 2020, arXiv:2004.12832). The head starts as a principal component analysis of
the cells, so that even the untrained head compares sensibly.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import structlog
import torch
from torch import Tensor, nn

from scripts.training.local_heads.local_sets import Search
from scripts.training.local_heads.tower_maps import Shown
from search.encoder.embedded.local_heads import CELL_CHANNELS, CELL_GROUPS, patches_of
from search.encoder.local_features import PATCH_DIM, TRAINED_SHARE

log = structlog.get_logger()

PHOTOS = 16
"""Photos of each search in a step."""
HARD = 20
"""For each photo, how many of the pictures nearest by vector it is compared with."""
EASY = 40
"""Random pictures that all photos of a step are compared with."""
VIEWS = 24
"""Distorted views in a step."""
FITTED = 20_000
"""Cells from which scales and principal components are computed."""
FIRST = 50
"""Best pictures by vector that evaluation compares cell by cell, as the stage `local` does."""


class PatchHead(nn.Module):
    """A linear head over standardised cells, and the temperatures of its losses.

    Args:
        sample: (n, `CELL_CHANNELS`) cells to compute scales and directions from.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, sample: Tensor) -> None:
        super().__init__()
        sample = sample.float()
        # Each group of channels has the same weight, whatever its size.
        share = torch.cat([torch.full((width,), width**-0.5) for width in CELL_GROUPS])
        self.register_buffer("mean", sample.mean(0))
        self.register_buffer("scale", share / (sample.std(0) + 1e-3))
        standard = (sample - self.mean) * self.scale
        directions = torch.pca_lowrank(standard, q=PATCH_DIM, center=False)[2]
        spread = (standard @ directions).std(0)
        self.project = nn.Parameter((directions / spread.sqrt()).T.contiguous())
        self.matters = nn.Parameter(torch.zeros(1, CELL_CHANNELS))
        self.matters_bias = nn.Parameter(torch.zeros(1))
        self.alone = nn.Parameter(torch.tensor(15.0))  # inverse temperatures
        self.beside = nn.Parameter(torch.tensor(20.0))

    def folded(self) -> dict[str, Tensor]:
        """Return the head's tensors for cells that are not standardised."""
        weight = torch.cat([self.project, self.matters]) * self.scale
        bias = -(weight @ self.mean)
        return {
            "patch_weight": weight,
            "patch_bias": torch.cat([bias[:PATCH_DIM], bias[PATCH_DIM:] + self.matters_bias]),
        }

    def forward(self, cells: Tensor) -> tuple[Tensor, Tensor]:
        """Return descriptors (n, 49, p) of unit length and the cells' weights (n, 49), sum 1."""
        patches = patches_of(cells.float(), self.folded())
        weights = patches[..., PATCH_DIM]
        return patches[..., :PATCH_DIM], weights / weights.sum(dim=-1, keepdim=True)

    def compare(self, photos: Tensor, others: Tensor) -> Tensor:
        """Return how well the cells of pictures match those of photos, (photos, pictures)."""
        patches, weights = self(photos)
        return max_sim(patches, weights, self(others)[0])


def max_sim(patches: Tensor, weights: Tensor, others: Tensor) -> Tensor:
    """Return how well pictures match photos, (q, n).

    Args:
        patches: (q, cells, p) descriptors of the photos.
        weights: (q, cells) weights of the photos' cells.
        others: (n, cells, p) descriptors of the pictures.
    """
    q, cells, width = patches.shape
    n = len(others)
    cosines = patches.reshape(q * cells, width) @ others.reshape(-1, width).T
    best = cosines.reshape(q, cells, n, -1).amax(dim=3)
    return torch.einsum("qc,qcn->qn", weights, best)


def contrast(scores: Tensor, right: Tensor) -> Tensor:
    """Return the mean InfoNCE loss of scores (q, n); every right picture (q, n) is a positive."""
    of_right = scores.masked_fill(~right, float("-inf"))
    return (torch.logsumexp(scores, 1) - torch.logsumexp(of_right, 1)).mean()


def train_patches(
    searches: Mapping[str, Search],
    views: tuple[Shown, Shown],
    *,
    steps: int,
    seed: int,
) -> PatchHead:
    """Train the head.

    Args:
        searches: Photos and the pictures that they should find. A search with fewer pictures than
            a step compares is compared whole, and without the vectors: the tower has learned from
            its pictures.
        views: Garments, distorted and clean, in the same order; each should find itself.
        steps: Optimiser steps; each takes one of the large searches, all small ones, and views.
        seed: Of the order.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    large = [search for search in searches.values() if len(search.gallery) > PHOTOS * HARD]
    small = [search for search in searches.values() if len(search.gallery) <= PHOTOS * HARD]
    head = PatchHead(_sample([*large, *small], views, rng))
    optimiser = torch.optim.AdamW(head.parameters(), lr=2e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for step in range(steps):
        losses = [_whole(head, search, rng) for search in small]
        losses += _near(head, large[step % len(large)], rng) if large else []
        losses.append(_again(head, views, rng))
        loss = torch.stack(losses).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % 100 == 99 or step == steps - 1:
            rounded = [round(value.item(), 3) for value in losses]
            log.info("patch_head", step=step + 1, steps=steps, losses=rounded)
    return head.eval()


def _sample(
    searches: Sequence[Search], views: tuple[Shown, Shown], rng: np.random.Generator
) -> Tensor:
    """Draw cells of all sets, (n, `CELL_CHANNELS`), about equally many of each."""
    sets = [shown for search in searches for shown in (search.photos, search.gallery)]
    sets += views
    drawn = []
    for shown in sets:
        flat = shown.cells.flatten(0, 1)
        drawn.append(flat[torch.from_numpy(rng.integers(0, len(flat), FITTED // len(sets)))])
    return torch.cat(drawn)


def _some(count: int, of: int, rng: np.random.Generator) -> Tensor:
    return torch.from_numpy(rng.choice(of, min(count, of), replace=False))


def _near(head: PatchHead, search: Search, rng: np.random.Generator) -> list[Tensor]:
    """Return losses of photos against right, near and other pictures: without and with vectors."""
    rows = _some(PHOTOS, len(search.photos), rng)
    vectors = search.photos.vectors[rows] @ search.gallery.vectors.T
    near = vectors.topk(HARD, dim=1).indices.flatten()
    right = search.right[rows].float().argmax(dim=1)
    columns = torch.cat([near, right, _some(EASY, len(search.gallery), rng)]).unique()
    scores = head.compare(search.photos.cells[rows], search.gallery.cells[columns])
    positive = search.right[rows][:, columns]
    joined = vectors[:, columns] + TRAINED_SHARE * scores  # as the stage `local` adds them
    return [contrast(head.alone * scores, positive), contrast(head.beside * joined, positive)]


def _whole(head: PatchHead, search: Search, rng: np.random.Generator) -> Tensor:
    """Return the loss of photos against all pictures, by cells alone."""
    rows = _some(PHOTOS, len(search.photos), rng)
    scores = head.compare(search.photos.cells[rows], search.gallery.cells)
    return contrast(head.alone * scores, search.right[rows])


def _again(head: PatchHead, views: tuple[Shown, Shown], rng: np.random.Generator) -> Tensor:
    """Return the loss of finding pictures by distorted views of themselves."""
    rows = _some(VIEWS, len(views[0]), rng)
    scores = head.compare(views[0].cells[rows], views[1].cells[rows])
    return contrast(head.alone * scores, torch.eye(len(rows), dtype=torch.bool))


@torch.inference_mode()
def reciprocal_ranks(head: PatchHead, search: Search) -> tuple[float, float]:
    """Return the mean reciprocal rank by vectors, and after comparing cells of the first ones."""
    by_vector = search.photos.vectors @ search.gallery.vectors.T
    others = head(search.gallery.cells)[0]
    by_both = by_vector.clone()
    for row in range(len(by_vector)):
        first = by_vector[row].topk(min(FIRST, len(others))).indices
        patches, weights = head(search.photos.cells[row : row + 1])
        agreed = max_sim(patches, weights, others[first])[0].clamp(min=0)
        by_both[row, first] += TRAINED_SHARE * agreed
    return _mean_reciprocal(by_vector, search), _mean_reciprocal(by_both, search)


def _mean_reciprocal(scores: Tensor, search: Search) -> float:
    """Return the mean reciprocal rank of products, each ranked by its best picture."""
    number = {group: i for i, group in enumerate(dict.fromkeys(search.gallery.groups))}
    product = torch.tensor([number[group] for group in search.gallery.groups]).expand_as(scores)
    best = torch.full((len(scores), len(number)), -torch.inf)
    best.scatter_reduce_(1, product, scores, "amax")
    right = torch.zeros_like(best).scatter_reduce_(1, product, search.right.float(), "amax")
    order = best.argsort(dim=1, descending=True, stable=True)
    first = torch.gather(right, 1, order).argmax(dim=1)
    return float((1 / (first + 1)).mean())
