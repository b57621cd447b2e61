"""The stage `local`: compares the parts of a photo with those of the first products' pictures."""

import numpy as np

from search.query.cell_matching import agreement
from search.ranking.stages.stage_input import Ranking, StageInput

COMPARED = 50
"""Products at the top whose pictures are compared."""


def rerank_by_cells(inputs: StageInput, ranking: Ranking) -> Ranking:
    """Re-rank the first products by how well their cells match the photo's.

    Each cell of the photo has a best match among the product's cells. These matches are weighted by
    how much the cell matters (late interaction, MaxSim: Khattab and Zaharia 2020,
    arXiv:2004.12832). A text has no cells. A photo that words change is no longer what its cells
    show.
    """
    photo = inputs.query.photo
    if photo is None or inputs.query.kind != "photo" or inputs.patches.shape[1] == 0:
        return ranking
    first = ranking.rows[:COMPARED]
    scores = ranking.scores.copy()
    # A score is never lowered, so that products that are not compared stay behind.
    agreed = np.clip(agreement(photo.cells, inputs.patches[first]), 0, None)
    scores[: len(first)] += photo.cells.score_share * agreed
    return ranking.sorted_by(scores)
