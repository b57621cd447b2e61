"""Late interaction over local features: do the parts of both pictures agree?"""

import numpy as np

from search.query.cell_matching import agreement
from search.ranking.stages.stage_input import Ranking, StageInput

FIRST = 50
"""Products whose local features are compared."""


def compare_parts(asked: StageInput, ranking: Ranking) -> Ranking:
    """Re-rank the first products by how well their cells answer the photo's.

    Each cell of the photo looks for its best match among the product's cells, and the matches are
    weighed by how much the cell matters (MaxSim: Khattab and Zaharia 2020, arXiv:2004.12832).
    A text has no cells; a photo changed by words is no longer what its cells show.
    """
    looked = asked.question.looked
    if looked is None or asked.question.kind != "photo" or asked.patches.shape[1] == 0:
        return ranking
    cells = looked.cells
    first = ranking.rows[:FIRST]
    scores = ranking.scores.copy()
    # Never lowered, so that products that were not compared stay behind those that were.
    agreed = np.clip(agreement(cells, asked.patches[first]), 0, None)
    scores[: len(first)] += cells.share * agreed
    return ranking.sorted_by(scores)
