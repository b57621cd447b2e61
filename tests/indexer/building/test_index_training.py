"""A build reuses the training of an earlier index while it fits, and only then."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from faiss import serialize_index
from sqlalchemy import Engine

from indexer.building.index_training import (
    DRIFT_LIMIT,
    Earlier,
    Trained,
    Trainer,
    earlier_generation,
)
from indexer.building.recall_measurement import Queries
from search.index.generation_files import INDEX, read_manifest
from search.index.index_planning import plan_index, train_index
from search.index.manifest_files import file_entry, write_manifest
from search.index.vector_index import read_index, write_index
from search.results import HalfVectors
from search.settings import Settings
from tests.support.factories import clustered_vectors
from tests.support.written_generations import TAG, flip_byte, make_live, write_generation

D = 32
N = 1500


CODE = 8
"""Bytes of a code; so few that recall suffers."""


def shop(n: int = N, seed: int = 1) -> HalfVectors:
    """Return the vectors of a shop; a larger shop begins with those of a smaller one."""
    return clustered_vectors(3 * N, D, clusters=40, seed=seed)[:n].astype(np.float16)


def far_queries() -> Queries:
    """Return queries that resemble nothing, for which short codes have poor recall."""
    steps = np.random.default_rng(4).standard_normal((40, D)).astype(np.float32)
    return Queries(*np.split(steps / np.linalg.norm(steps, axis=1, keepdims=True), 2))


def make(
    vectors: HalfVectors,
    home: Path,
    earlier: Earlier | None,
    *,
    code: int = CODE,
    queries: Queries | None = None,
    recall_target: float = 0.9,
) -> Trained:
    """Make the index of a new generation."""
    asked = queries or Queries(*np.split(vectors[:40].astype(np.float32), 2))
    plan = plan_index(*vectors.shape, code * len(vectors))
    settings = Settings(home=home, candidates=50, recall_target=recall_target)
    steps: list[str] = []
    made = Trainer("new", plan, vectors, settings, earlier).make(lambda: asked, steps.append)
    assert steps == [f"Training {plan.factory}", "Measuring recall"]
    return made


def keep(trained: Trained, directory: Path) -> Earlier:
    """Write the index file and the manifest of a build; the other files do not matter here."""
    manifest = write_generation(directory, shop(10).astype(np.float32))
    write_index(trained.index.index, directory / INDEX)
    changes = {
        "files": {**manifest.files, INDEX: file_entry(directory / INDEX)},
        "training": trained.training,
        "measured": trained.measured,
        "factory": trained.plan.factory,
        "nlist": trained.plan.nlist,
    }
    return Earlier(directory, write_manifest(directory, manifest.model_copy(update=changes)))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """The index of the unchanged shop."""
    return make(shop(), tmp_path_factory.mktemp("home"), None)


@pytest.fixture
def before(trained: Trained, tmp_path: Path) -> Earlier:
    """The generation of `trained`."""
    return keep(trained, tmp_path / "before")


def changed_shop() -> HalfVectors:
    """The shop with other pictures for a hundredth of its products, and some new products."""
    vectors = shop(N + 20)
    vectors[:N:100] = shop(2 * N)[-N // 100 :]
    return vectors


def test_the_first_index_is_trained_and_says_how_well_it_fits(trained: Trained) -> None:
    training = trained.training

    assert training is not None
    assert (training.trained_in, training.vectors, training.reused) == ("new", N, 0)
    assert training.drift == 1
    assert 0 < training.fit.code_error < training.fit.centroid_error < 1
    assert training.fit.imbalance >= 1
    assert training.why == "Trained here: there is no earlier generation of this model."


def test_a_hundredth_changed_takes_the_training_over(before: Earlier, tmp_path: Path) -> None:
    vectors = changed_shop()

    made = make(vectors, tmp_path, before)

    training, earlier = made.training, before.manifest.training
    assert training is not None
    assert earlier is not None
    assert (training.trained_in, training.vectors, training.reused) == ("new", N, 1)
    assert training.fit_at_training == earlier.fit
    assert training.drift == pytest.approx(1, abs=0.05)
    assert training.fit != earlier.fit
    assert made.plan.factory == before.manifest.factory
    assert made.plan.nlist == made.index.nlist


def test_what_is_taken_over_holds_what_the_same_trained_index_would(
    before: Earlier, tmp_path: Path
) -> None:
    vectors = changed_shop()
    expected = read_index(before.directory / INDEX)
    expected.reset()
    expected.add(vectors.astype(np.float32))

    made = make(vectors, tmp_path, before)

    assert (serialize_index(made.index.index) == serialize_index(expected)).all()


def test_the_earlier_index_stays_as_it_was(before: Earlier, tmp_path: Path) -> None:
    """It is live, so its file may be in use."""
    content = (before.directory / INDEX).read_bytes()
    live = read_index(before.directory / INDEX)
    queries = clustered_vectors(10, D, seed=8)
    answers = live.search(queries, 5)[1]

    make(changed_shop(), tmp_path, before)

    assert (before.directory / INDEX).read_bytes() == content
    assert (live.search(queries, 5)[1] == answers).all()


def test_another_assortment_is_trained_anew(before: Earlier, tmp_path: Path) -> None:
    other = shop(seed=2)

    made = make(other, tmp_path, before)

    training = made.training
    assert training is not None
    assert (training.reused, training.drift) == (0, 1)
    assert training.why.startswith("Trained here: errors are ")
    assert f"over {DRIFT_LIMIT}" in training.why
    anew = train_index(made.plan, other)
    assert (serialize_index(made.index.index) == serialize_index(anew)).all()


def test_drift_adds_up_until_it_is_too_much(before: Earlier, tmp_path: Path) -> None:
    """Every night is compared with the training, not with the previous night."""
    earlier, other = before, shop(seed=2)
    reused = []
    for night in range(1, 7):
        gone = 4 * night
        vectors = np.concatenate([shop()[gone:], other[:gone]])
        made = make(vectors, tmp_path, earlier)
        assert made.training is not None
        reused.append(made.training.reused)
        if made.training.reused == 0:
            break
        earlier = keep(made, tmp_path / f"night-{night}")

    assert len(reused) > 1
    assert reused == [*range(1, len(reused)), 0]


def test_lists_that_became_uneven_are_trained_anew(before: Earlier, tmp_path: Path) -> None:
    """Many similar vectors fill one list, though all are near its centroid."""
    crowd = np.repeat(shop()[:1], N // 6, axis=0)

    made = make(np.concatenate([shop(), crowd]), tmp_path, before)

    assert made.training is not None
    assert "as uneven" in made.training.why


def test_recall_that_fell_is_trained_anew(before: Earlier, tmp_path: Path) -> None:
    """Recall decides, whatever the distances to the centroids are."""
    met = before.manifest.measured.model_copy(update={"recall_at_10": 1.0})
    earlier = replace(before, manifest=before.manifest.model_copy(update={"measured": met}))

    made = make(shop(), tmp_path, earlier, queries=far_queries(), recall_target=1.0)

    assert made.measured.recall_at_10 < 1
    assert made.training is not None
    assert made.training.reused == 0
    assert "recall fell to" in made.training.why


def test_recall_that_was_never_met_is_no_reason(before: Earlier, tmp_path: Path) -> None:
    missed = before.manifest.measured.model_copy(update={"recall_at_10": 0.5})
    earlier = replace(before, manifest=before.manifest.model_copy(update={"measured": missed}))

    made = make(shop(), tmp_path, earlier, queries=far_queries(), recall_target=1.0)

    assert made.measured.recall_at_10 < 1
    assert made.training is not None
    assert made.training.reused == 1


@pytest.mark.parametrize("damage", ["flipped", "missing"])
def test_a_damaged_index_is_trained_anew(before: Earlier, tmp_path: Path, damage: str) -> None:
    if damage == "flipped":
        flip_byte(before.directory / INDEX)
    else:
        (before.directory / INDEX).unlink()

    made = make(shop(), tmp_path, before)

    assert made.training is not None
    assert made.training.why.startswith("Trained here: the index before ")


def test_another_code_length_is_trained_anew(before: Earlier, tmp_path: Path) -> None:
    made = make(shop(), tmp_path, before, code=16)

    assert made.training is not None
    assert made.plan.m == 16
    assert made.training.why == f"Trained here: the generation before is {before.manifest.factory}."


def test_a_shop_that_doubled_is_trained_anew(before: Earlier, tmp_path: Path) -> None:
    made = make(shop(2 * N), tmp_path, before)

    assert made.training is not None
    assert made.training.reused == 0
    assert made.plan.nlist > before.manifest.nlist


def test_nothing_is_trained_for_exact_search(before: Earlier, tmp_path: Path) -> None:
    made = make(shop(200), tmp_path, before)

    assert made.plan.factory == "Flat"
    assert made.training is None


def test_the_live_generation_comes_before_newer_ones(
    database: Engine, settings: Settings, before: Earlier
) -> None:
    generations = before.directory.parent
    assert earlier_generation(database, generations, TAG) is None
    make_live(database, "before")

    chosen = earlier_generation(database, generations, TAG)

    assert chosen is not None
    assert chosen.manifest == read_manifest(before.directory)
    assert earlier_generation(database, generations, "another-model") is None


def test_a_damaged_manifest_is_no_earlier_generation(database: Engine, before: Earlier) -> None:
    make_live(database, "before")
    (before.directory / "manifest.json").write_text("{}", encoding="utf-8")

    assert earlier_generation(database, before.directory.parent, TAG) is None
