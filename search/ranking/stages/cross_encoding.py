"""The stage `cross_encode`: a model reads a text together with the pictures of its first hits.

It runs only where a cross-encoder is configured. The model is given to the stage when it is made.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from search.ranking.stages.stage_input import Ranking, Stage, StageInput

NAME = "cross_encode"
FIRST = 20
"""Hits that are re-ranked. The others keep their places behind them."""
WEIGHT = 0.5
"""Share of the model's probability in a hit's new score. The rest is the score it had."""

Pictures = Callable[[Sequence[int]], list[Image.Image | None]]
"""Takes image ids and returns their pictures, None where there is none."""


class Matcher(Protocol):
    """Says how well pictures match a text: `search.encoder.cross_encoder.CrossEncoder`."""

    def match(self, text: str, pictures: Sequence[Image.Image]) -> npt.NDArray[np.float32]:
        """Return (n,) float32, the probability of each picture to match."""
        ...


class CrossEncoding:
    """The stage: mixes a model's probabilities into the scores of the first hits.

    Scores of the first hits are scaled to 0..1, mixed, and scaled back into their own range, so
    that all other hits stay behind them. A hit without a picture keeps its score.

    Args:
        matcher: The model.
        pictures: Reads the hits' pictures.
    """

    def __init__(self, matcher: Matcher, pictures: Pictures) -> None:
        self._matcher, self._pictures = matcher, pictures

    def __call__(self, inputs: StageInput, ranking: Ranking) -> Ranking:
        """Re-rank the first hits of a text. Other kinds of queries are not re-ranked."""
        scores = ranking.scores[:FIRST]
        if inputs.query.kind != "text" or len(scores) < 2:
            return ranking
        low, spread = float(scores.min()), float(np.ptp(scores))
        if spread == 0:
            return ranking
        image_ids = inputs.columns.image_id[ranking.rows[:FIRST]].tolist()
        found = {i: p for i, p in enumerate(self._pictures(image_ids)) if p is not None}
        mixed = (scores - low) / spread
        probabilities = self._matcher.match(inputs.query.text, list(found.values()))
        places = list(found)
        mixed[places] = (1 - WEIGHT) * mixed[places] + WEIGHT * probabilities
        changed = ranking.scores.copy()
        changed[:FIRST] = low + spread * mixed
        return ranking.sorted_by(changed)


def insert_before(stages: Mapping[str, Stage], name: str, **added: Stage) -> dict[str, Stage]:
    """Return the stages with others added before the one of a name."""
    ordered: dict[str, Stage] = {}
    for each, stage in stages.items():
        if each == name:
            ordered |= added
        ordered[each] = stage
    return ordered
