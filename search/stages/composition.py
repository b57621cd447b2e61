"""What words wish of attributes, where the catalogue says who has it."""

import numpy as np

from search.stages.ranking import Asked, Ranking

LIFT = 1.5
"""What a fulfilled wish adds and a denied one takes, in standard deviations of similarity."""
LIFT_OF_TEXT = 0.5
"""The same where there is no photo, for the vector of a text says it already."""


def fulfil(asked: Asked, ranking: Ranking) -> Ranking:
    """Re-rank by the wishes that products fulfil.

    A wish lifts and does not filter: attributes of products are partly predictions. What the
    columns leave open stays where the vectors put it.
    """
    wishes = asked.question.wishes
    if not wishes or len(ranking) < 2:
        return ranking
    lift = np.zeros(len(ranking), dtype=np.float32)
    for wish in wishes:
        codes = asked.columns.facets[wish.attribute].codes[ranking.rows]
        lift += np.where(codes < 0, 0, np.where(wish.fits[codes], 1, -1))
    step = LIFT if asked.question.kind == "both" else LIFT_OF_TEXT
    spread = float(asked.similarities.std())
    return ranking.sorted_by((ranking.scores + step * spread * lift).astype(np.float32))
