"""The stage `expand`: moves the vector of a text towards the pictures that it found."""

import numpy as np

from search.ranking.stages.stage_input import Ranking, StageInput

VOTERS = 5
"""First hits that the text is moved towards."""
WEIGHT = 0.1
"""Share of the expanded query in the score."""


def expand_query(inputs: StageInput, ranking: Ranking) -> Ranking:
    """Re-rank a text by its vector, moved towards the pictures that it found.

    This is average query expansion (Chum et al. 2007, doi:10.1109/ICCV.2007.4408891), the first
    hits weighted by their similarity. The vectors of texts lie apart from those of pictures; the
    best hits say in which direction. A photo is a picture already. Expanding it lost recall at 1,
    so it is not re-ranked.
    """
    if inputs.query.kind != "text" or len(ranking) < 2:
        return ranking
    best = inputs.vectors[inputs.places(ranking.rows)]
    votes = np.clip(ranking.similarities[:VOTERS], 0, None)
    expanded = inputs.query.vector + votes @ best[:VOTERS]
    norm = float(np.linalg.norm(expanded))
    if norm == 0:
        return ranking
    moved = (best @ (expanded / norm)).astype(np.float32)
    return ranking.sorted_by((1 - WEIGHT) * ranking.scores + WEIGHT * moved)
