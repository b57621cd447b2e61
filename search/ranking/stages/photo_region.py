"""Regions: the thing that is meant in a photo, beside the whole photo."""

import numpy as np

from search.ranking.stages.stage_input import Ranking, StageInput

SHARE = 0.5
"""Of the region in the score; the whole photo has the rest. A region alone lost what its box cut
off, the whole photo alone what clutter hid."""


def look_closer(asked: StageInput, ranking: Ranking) -> Ranking:
    """Re-rank by the proposed region of the photo and the whole photo together."""
    looked = asked.question.looked
    part = None if looked is None else looked.part
    if part is None or asked.question.kind != "photo" or len(ranking) == 0:
        return ranking
    closer = asked.vectors[asked.places(ranking.rows)] @ part
    scores = (1 - SHARE) * ranking.scores + SHARE * closer
    return ranking.sorted_by(np.asarray(scores, dtype=np.float32))
