"""Cross-encoding: the first hits of a text, read again together with their pictures.

Off unless a model is configured. A stage that needs a model gets it when it is made.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from search.ranking.stages.stage_input import Ranking, Stage, StageInput

NAME = "cross_encode"
FIRST = 20
"""Hits that are read; the rest keep their places behind them."""
WEIGHT = 0.5
"""Share of the model's verdict; the other half is the score that the hit had."""

Pictures = Callable[[Sequence[int]], list[Image.Image | None]]
"""Given image ids, returns their pictures, None where there is none."""


class Matcher(Protocol):
    """What says how well pictures match a text: `search.encoder.cross_encoder.CrossEncoder`."""

    def match(self, text: str, pictures: Sequence[Image.Image]) -> npt.NDArray[np.float32]:
        """Return (n,) probabilities."""
        ...


class CrossEncoding:
    """The stage: mixes a model's verdicts on the first hits into their scores.

    Scores of the first hits are brought to 0..1 over their own range, mixed, and put back into
    that range, so that what follows stays behind. A hit without a picture keeps its score.

    Args:
        matcher: The model.
        pictures: Where hits' pictures come from.
    """

    def __init__(self, matcher: Matcher, pictures: Pictures) -> None:
        self._matcher, self._pictures = matcher, pictures

    def __call__(self, asked: StageInput, ranking: Ranking) -> Ranking:
        """Re-rank the first hits of a text; anything else is left as it is."""
        scores = ranking.scores[:FIRST]
        if asked.question.kind != "text" or len(scores) < 2:
            return ranking
        low, spread = float(scores.min()), float(np.ptp(scores))
        if spread == 0:
            return ranking
        image_ids = asked.columns.image_id[ranking.rows[:FIRST]].tolist()
        pictures = self._pictures(image_ids)
        there = [i for i, picture in enumerate(pictures) if picture is not None]
        shown = [picture for picture in pictures if picture is not None]
        mixed = (scores - low) / spread
        verdicts = self._matcher.match(asked.question.text, shown)
        mixed[there] = (1 - WEIGHT) * mixed[there] + WEIGHT * verdicts
        changed = ranking.scores.copy()
        changed[:FIRST] = low + spread * mixed
        return ranking.sorted_by(changed)


def before(stages: Mapping[str, Stage], name: str, **added: Stage) -> dict[str, Stage]:
    """Return the stages with others added before the one of a name."""
    ordered: dict[str, Stage] = {}
    for known, stage in stages.items():
        if known == name:
            ordered |= added
        ordered[known] = stage
    return ordered
