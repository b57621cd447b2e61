"""The product labeler, a teacher of 631 names, and the branch of the tower that imitates it.

It knows household things that ImageNet's classes lack. The branch is trained on all pictures, with
or without names, because a narrow set would teach a narrow imitation.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import structlog
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor, nn

from scripts.training.image_tower.frozen_features import Describe, Pixels

log = structlog.get_logger()


def label_names(teachers: Path) -> list[str]:
    """Return the 631 names, in the order of the labeler's outputs."""
    path = teachers / "object_labeler_labels.txt"
    return [name for name in path.read_text(encoding="utf-8").splitlines() if name]


def labels_by(teachers: Path) -> Describe:
    """Return a function that describes views by the labeler's 631 confidences, 0 to 1."""
    from ai_edge_litert.interpreter import Interpreter

    labeler = Interpreter(str(teachers / "object_labeler.tflite"), num_threads=2)
    labeler.allocate_tensors()
    source = labeler.get_input_details()[0]["index"]
    target = labeler.get_output_details()[0]["index"]

    def describe(views: Pixels) -> npt.NDArray[np.floating]:
        confidences = []
        for view in views:
            labeler.set_tensor(source, view[None])
            labeler.invoke()
            confidences.append(labeler.get_tensor(target)[0].astype(np.float32) / 256)
        return np.stack(confidences)

    return describe


def teach_labels(
    branch: nn.Module, sets: list[tuple[Tensor, Tensor]], *, steps: int, seed: int
) -> None:
    """Train a branch to give the labeler's confidences; every second step mixes pairs of views.

    Args:
        branch: Maps (n, width) standardised features to (n, 631) logits; trained in place.
        sets: For each set its features (n, width) and confidences (n, 631). The weight of a set
            is the square root of its size.
        steps: Optimiser steps of 256 views.
        seed: Of the order.
    """
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    features = torch.cat([x for x, _ in sets])
    confidences = torch.cat([y for _, y in sets])
    weight = np.concatenate([np.full(len(x), len(x) ** -0.5) for x, _ in sets])
    weight /= weight.sum()
    optimiser = torch.optim.AdamW(branch.parameters(), lr=1e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, steps)
    branch.train()
    for step in range(steps):
        rows = torch.from_numpy(rng.choice(len(features), 256, p=weight))
        x, y = features[rows].float(), confidences[rows].float()
        if step % 2:
            order, share = torch.randperm(len(rows)), torch.rand(len(rows), 1) * 0.5
            x, y = x.lerp(x[order], share), y.lerp(y[order], share)
        x = F.dropout(x, 0.2)
        loss = F.binary_cross_entropy_with_logits(branch(x), y, reduction="none").sum(1).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % 500 == 499:
            log.info("labels", step=step + 1, steps=steps, loss=round(loss.item(), 3))
    branch.eval()
