"""Without examples the probe equals its prior; with them it learns, and its confidence is right."""

import numpy as np

from indexer.attributes.ridge_classifier import Probe, fit_probe, fit_temperature
from tests.support.factories import clustered_vectors

CLASSES = 4


def examples(n: int, noise: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return features of classes around directions, their classes, and the directions."""
    rng = np.random.default_rng(seed)
    directions = clustered_vectors(CLASSES, 16, clusters=CLASSES, seed=9)
    codes = rng.integers(CLASSES, size=n).astype(np.int32)
    features = directions[codes] + noise * rng.standard_normal((n, 16))
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    return features.astype(np.float32), codes, directions


def right(probe: Probe, features: np.ndarray, codes: np.ndarray) -> np.ndarray:
    found: np.ndarray = probe.probabilities(features).argmax(axis=1) == codes
    return found


def test_probabilities_are_probabilities() -> None:
    features, codes, _ = examples(50, 0.3)
    likely = fit_probe(features, codes, np.zeros((16, CLASSES), np.float32)).probabilities(features)

    assert likely.shape == (50, CLASSES)
    assert np.allclose(likely.sum(axis=1), 1, atol=1e-5)
    assert likely.min() >= 0


def test_examples_teach_what_a_wrong_prior_does_not_know() -> None:
    features, codes, directions = examples(400, 0.2)
    wrong = directions[::-1].T.copy()
    unseen, truth, _ = examples(400, 0.2, seed=1)

    probe = fit_probe(features, codes, wrong)

    assert right(probe, unseen, truth).mean() > 0.95
    assert (unseen @ wrong).argmax(axis=1).tolist() != truth.tolist()


def test_a_good_prior_helps_few_examples() -> None:
    features, codes, directions = examples(8, 0.4)
    unseen, truth, _ = examples(1000, 0.4, seed=2)

    from_nothing = fit_probe(features, codes, np.zeros((16, CLASSES), np.float32))
    from_prior = fit_probe(features, codes, directions.T)

    assert right(from_prior, unseen, truth).mean() > right(from_nothing, unseen, truth).mean()


def test_confidence_is_how_often_it_is_right_on_what_it_never_saw() -> None:
    features, codes, _ = examples(600, 0.5)
    unseen, truth, _ = examples(4000, 0.5, seed=3)

    probe = fit_probe(features, codes, np.zeros((16, CLASSES), np.float32))
    likely = probe.probabilities(unseen)
    ok, sure = right(probe, unseen, truth), likely.max(axis=1)

    assert 0.5 < ok.mean() < 0.97, "neither hopeless nor trivial"
    for low, high in ((0.4, 0.6), (0.6, 0.8), (0.8, 0.95)):
        within = (sure >= low) & (sure < high)
        assert within.sum() > 50
        assert abs(ok[within].mean() - sure[within].mean()) < 0.1


def test_left_out_scores_set_the_temperature_not_learnt_ones() -> None:
    """With as many dimensions as examples, all examples are learnt by heart and nothing else."""
    rng = np.random.default_rng(5)
    features = rng.standard_normal((30, 60)).astype(np.float32) / 8
    codes = rng.integers(CLASSES, size=30).astype(np.int32)

    probe = fit_probe(features, codes, np.zeros((60, CLASSES), np.float32))

    others = rng.standard_normal((500, 60)).astype(np.float32) / 8
    assert right(probe, features, codes).mean() > 0.9
    assert np.median(probe.probabilities(others).max(axis=1)) < 0.6


def test_temperature_is_the_likeliest() -> None:
    rng = np.random.default_rng(6)
    scores = rng.standard_normal((5000, 3)).astype(np.float32)
    likely = np.exp(scores / 0.25)
    likely /= likely.sum(axis=1, keepdims=True)
    codes = np.array([rng.choice(3, p=row / row.sum()) for row in likely.astype(np.float64)])

    assert abs(fit_temperature(scores, codes.astype(np.int32)) - 0.25) < 0.04
