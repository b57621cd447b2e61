"""The label branch learns its teacher's confidences."""

import torch
from torch import nn

from scripts.training.image_tower.labeler import teach_labels


def test_the_branch_follows_its_teacher() -> None:
    torch.manual_seed(0)
    features = torch.randn(400, 12)
    teacher = nn.Linear(12, 7)
    with torch.no_grad():
        confidences = (3 * teacher(features)).sigmoid()
    branch = nn.Sequential(nn.Linear(12, 32), nn.GELU(), nn.Linear(32, 7))

    teach_labels(branch, [(features, confidences)], steps=300, seed=1)

    with torch.no_grad():
        off = (branch(features).sigmoid() - confidences).abs().mean()
    assert off < 0.1
    assert not branch.training
