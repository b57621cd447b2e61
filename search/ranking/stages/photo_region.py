"""The stage `region`: re-ranks by the thing in a photo that is most likely meant."""

import numpy as np

from search.ranking.stages.stage_input import Ranking, StageInput

REGION_SHARE = 0.5
"""Share of the region in the score; the rest is the whole photo's. A region alone misses what its
box cuts off, and the whole photo alone is misled by clutter."""


def rerank_by_region(inputs: StageInput, ranking: Ranking) -> Ranking:
    """Re-rank by the proposed region of the photo and the whole photo together."""
    photo = inputs.query.photo
    region = None if photo is None else photo.region_vector
    if region is None or inputs.query.kind != "photo" or len(ranking) == 0:
        return ranking
    similarities = inputs.vectors[inputs.places(ranking.rows)] @ region
    scores = (1 - REGION_SHARE) * ranking.scores + REGION_SHARE * similarities
    return ranking.sorted_by(np.asarray(scores, dtype=np.float32))
