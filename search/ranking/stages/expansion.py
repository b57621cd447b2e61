"""Query expansion: the words of a query moved towards the pictures they found."""

import numpy as np

from search.ranking.stages.stage_input import Ranking, StageInput

TOP = 5
"""Hits that vote."""
WEIGHT = 0.1
"""Share of the expanded query in the score."""


def expand(asked: StageInput, ranking: Ranking) -> Ranking:
    """Re-rank with the words moved towards the pictures they found.

    Average query expansion (Chum et al. 2007, doi:10.1109/ICCV.2007.4408891), the first hits
    weighted by their similarity. The vector of a text lies beside those of pictures; its best
    hits say where. A photo is a picture already: there it cost recall at 1, so it is left alone.
    """
    if asked.question.kind != "text" or len(ranking) < 2:
        return ranking
    best = asked.vectors[asked.places(ranking.rows)]
    votes = np.clip(ranking.similarities[:TOP], 0, None)
    expanded = asked.question.vector + votes @ best[:TOP]
    norm = float(np.linalg.norm(expanded))
    if norm == 0:
        return ranking
    moved = (best @ (expanded / norm)).astype(np.float32)
    return ranking.sorted_by((1 - WEIGHT) * ranking.scores + WEIGHT * moved)
