"""The survey of a generation finds duplicates, and pictures in the wrong category."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from search.index.generation_files import Generation, load_generation
from search.merchandising.health import duplicates
from search.merchandising.health.duplicates import find_duplicates
from search.merchandising.health.misfits import EncodeTitles, wrong_categories, wrong_titles
from search.merchandising.health.neighbours import find_neighbours
from search.results import Embeddings
from tests.support.candidates import facet
from tests.support.factories import clustered_vectors, make_picture
from tests.support.written_generations import write_generation

N = 60
Make = Callable[..., Generation]


def unit(rows: np.ndarray) -> Embeddings:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def near(row: np.ndarray, seed: int, by: float = 0.02) -> np.ndarray:
    """Return a vector close to another."""
    return unit((row + by * np.random.default_rng(seed).standard_normal(len(row)))[None])[0]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Make a generation from vectors and categories, with one picture per product."""

    def generation(vectors: Embeddings, categories: Sequence[str | None] = ()) -> Generation:
        write_generation(tmp_path / "one", vectors)
        made = load_generation(tmp_path / "one", 1)
        numbers = np.arange(len(vectors), dtype=np.int64)
        columns = replace(made.columns, product_id=numbers, variant=numbers)
        if categories:
            facets = {**columns.facets, "category": facet(list(categories))}
            columns = replace(columns, facets=facets)
        return replace(made, columns=columns)

    return generation


def open_by_row(pictures: dict[int, Image.Image]) -> Callable[[int], Image.Image | None]:
    """Return a function that opens pictures by id; ids start at 1000."""
    return lambda image_id: pictures.get(image_id - 1000)


def test_neighbours_are_exact_and_of_other_things(make: Make) -> None:
    vectors = clustered_vectors(N)
    generation = make(vectors)
    variant = generation.columns.variant.copy()
    variant[1] = 0  # the second is the first in another colour
    generation = replace(generation, columns=replace(generation.columns, variant=variant))

    found = find_neighbours(generation)

    half = vectors.astype(np.float16).astype(np.float32)
    exact = half @ half.T
    for row in range(N):
        others = np.flatnonzero(variant != variant[row])
        best = others[np.argsort(-exact[row][others], kind="stable")][: found.rows.shape[1]]
        assert set(found.rows[row].tolist()) == set(best.tolist())
        assert found.similarities[row] == pytest.approx(exact[row][found.rows[row]], abs=1e-3)
        assert np.all(np.diff(found.similarities[row]) <= 1e-6)


def test_few_rows_have_few_neighbours(make: Make) -> None:
    found = find_neighbours(make(clustered_vectors(3)))
    assert (found.rows >= 0).sum(axis=1).tolist() == [2, 2, 2]


def test_the_same_pictures_are_found_and_alike_things_are_not(make: Make) -> None:
    vectors = clustered_vectors(N)
    for copy, of in ((10, 5), (20, 10), (31, 30)):
        vectors[copy] = near(vectors[of], copy)
    pictures = {row: make_picture(row) for row in range(N)}
    pictures[10] = pictures[5].resize((40, 30))  # saved smaller
    pictures[20] = pictures[5].copy()
    # 30 and 31 have almost the same vector, but show different things.
    found = find_duplicates(
        (generation := make(vectors)), find_neighbours(generation), open_by_row(pictures)
    )

    assert {(each.row, each.group) for each in found} == {(5, 5), (10, 5), (20, 5)}
    assert all(each.similarity > 0.9 for each in found)


def test_missing_renditions_are_no_doubles(make: Make) -> None:
    vectors = clustered_vectors(N)
    vectors[1] = near(vectors[0], 1)
    generation = make(vectors)
    assert find_duplicates(generation, find_neighbours(generation), open_by_row({})) == []


def test_no_more_pairs_are_compared_than_allowed(
    make: Make,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    vectors = clustered_vectors(N)
    for copy, by in ((1, 0.001), (3, 0.03)):
        vectors[copy] = near(vectors[copy - 1], copy, by)
    generation, picture = make(vectors), make_picture(1)
    monkeypatch.setattr(duplicates, "MOST_COMPARED", 1)
    same = open_by_row(dict.fromkeys(range(N), picture))
    found = find_duplicates(generation, find_neighbours(generation), same)
    assert {each.row for each in found} == {0, 1}, "the most alike pair comes first"


def two_kinds() -> tuple[Embeddings, list[str | None]]:
    """Return vectors of two very different kinds of things, and their categories."""
    random = np.random.default_rng(3)
    centres = np.eye(64)[[0, 1]]
    vectors = centres[np.arange(N) % 2] + 0.05 * random.standard_normal((N, 64))
    return unit(vectors), [("Home > Mugs", "Home > Lamps")[i % 2] for i in range(N)]


def test_a_product_among_another_category(make: Make) -> None:
    vectors, categories = two_kinds()
    categories[8] = "Home > Lamps"
    categories[9] = None  # no category, so no contradiction
    categories[10] = "Home"  # a less specific category is no contradiction

    generation = make(vectors, categories)
    [found] = wrong_categories(generation, find_neighbours(generation))

    assert (found.row, found.stated, found.seen) == (8, "Home > Lamps", "Home > Mugs")
    assert found.share >= 0.9


def encode_as(vectors: dict[str, np.ndarray]) -> EncodeTitles:
    """Return an encoder that gives titles the vectors that a test names."""
    return lambda titles: np.stack([vectors[title] for title in titles]).astype(np.float32)


def test_a_picture_that_other_titles_fit_better(make: Make) -> None:
    vectors, categories = two_kinds()
    titles = {row: f"thing {row}" for row in range(N)}
    encoded = {titles[row]: near(vectors[row], row, by=0.01) for row in range(N)}
    encoded["thing 8"] = near(vectors[9], 8)  # a mug with the title of a lamp

    found = wrong_titles(make(vectors, categories), titles, encode_as(encoded))

    assert [(each.row, each.title) for each in found] == [(8, "thing 8")]
    assert found[0].better >= 0.4, "all mugs' titles fit better"


def test_too_few_titles_tell_nothing(make: Make) -> None:
    vectors = clustered_vectors(4)
    assert wrong_titles(make(vectors), {0: "a", 1: ""}, encode_as({})) == []
