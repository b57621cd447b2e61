"""A linear classifier: it starts from a prior of the model and learns from the merchant's examples.

It is a ridge regression onto one-hot targets, drawn towards prior weights instead of towards zero.
Without examples it is the prior alone, a zero-shot classifier. A temperature, fitted on
leave-one-out scores, turns its scores into probabilities; a ridge regression gives these scores in
closed form (Allen 1974, doi:10.1080/00401706.1974.10489157). It holds all examples in memory, so
the caller draws a sample.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from search.results import Codes

Floats = npt.NDArray[np.float32]

RIDGE = 0.3
"""Strength of the pull towards the prior, for features of about unit length."""
COOLEST, HOTTEST = 0.05, 1.0
"""Temperatures that are tried. A cooler one would fit classes that never touch, and then be sure of
a product that belongs to none of them."""
STEPS = 40
"""Temperatures tried between the two."""
LEFT_OUT = 2000
"""Most examples that are left out in turn; more of them change the temperature little and cost
time."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A fitted classifier."""

    weights: Floats  # (d + 1, classes); the last row is added to the scores of all
    temperature: float

    def probabilities(self, features: Floats) -> Floats:
        """Return (n, classes) float32, rows summing to 1, of (n, d) features."""
        scores = features @ self.weights[:-1] + self.weights[-1]
        return _softmax(scores / self.temperature)


def fit_probe(features: Floats, codes: Codes, prior: Floats) -> Probe:
    """Learn classes from examples.

    Args:
        features: (n, d) float32, rows of about unit length; n > 0.
        codes: (n,) int32, the class of each, none -1.
        prior: (d, classes) float32, weights that score about 0 to 1.
    """
    x = np.hstack([features, np.ones((len(features), 1))]).astype(np.float64)
    weights = np.vstack([prior, np.zeros((1, prior.shape[1]))]).astype(np.float64)
    gram = x.T @ x
    penalty = RIDGE * np.eye(len(gram))
    penalty[-1, -1] = 1e-6  # the last row has no prior
    inverse = np.linalg.inv(gram + penalty)
    sums = np.zeros((prior.shape[1], len(gram)))
    np.add.at(sums, codes, x)
    weights += inverse @ (sums.T - gram @ weights)
    some = np.linspace(0, len(x) - 1, min(len(x), LEFT_OUT)).astype(np.intp)
    targets = np.eye(prior.shape[1])[codes[some]]
    leverage = np.einsum("nd,nd->n", x[some] @ inverse, x[some])
    missed = (targets - x[some] @ weights) / np.maximum(1 - leverage, 1e-6)[:, None]
    temperature = fit_temperature((targets - missed).astype(np.float32), codes[some])
    return Probe(weights.astype(np.float32), temperature)


def fit_temperature(scores: Floats, codes: Codes) -> float:
    """Return the temperature at which scores (n, classes) are likeliest (Guo et al. 2017)."""
    rows = np.arange(len(codes))
    losses = {
        float(t): -float(np.log(_softmax(scores / t)[rows, codes] + 1e-9).mean())
        for t in np.geomspace(COOLEST, HOTTEST, STEPS)
    }
    return min(losses, key=lambda t: losses[t])


def _softmax(scores: Floats) -> Floats:
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), dtype=np.float32)
