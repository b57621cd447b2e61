"""Recall is measured with queries like those of shoppers, and reported as they experience it."""

import numpy as np
import pytest

from indexer.building.recall_measurement import QUERIES, make_queries, tune
from search.encoder import Encoder
from search.index.index_planning import IndexPlan, plan_index, recall, train_index
from search.index.vector_index import FaissIndex, HalfVectors, rescore
from search.settings import Settings
from tests.support.factories import clustered_vectors

TITLES = [f"thing number {i}" for i in range(300)]


@pytest.fixture(scope="module")
def vectors() -> HalfVectors:
    return clustered_vectors(1500, 32).astype(np.float16)


@pytest.fixture
def limits() -> Settings:
    return Settings(candidates=100, recall_target=0.97)


def test_queries_repeat_themselves(vectors: HalfVectors, small_encoder: Encoder) -> None:
    first, second = (make_queries(vectors, TITLES, small_encoder) for _ in range(2))

    assert (first.photos == second.photos).all()
    assert (first.texts == second.texts).all()
    assert len(first.photos) == len(first.texts) == QUERIES


def test_photo_queries_are_near_a_picture_but_none_itself(
    vectors: HalfVectors, small_encoder: Encoder
) -> None:
    photos = make_queries(vectors, TITLES, small_encoder).photos
    nearest = (photos @ vectors.astype(np.float32).T).max(axis=1)

    assert np.linalg.norm(photos, axis=1) == pytest.approx(1, abs=1e-5)
    assert (nearest < 0.995).all()
    assert (nearest > 0.85).all()


def test_few_vectors_and_titles_give_few_queries(
    vectors: HalfVectors, small_encoder: Encoder
) -> None:
    queries = make_queries(vectors[:7], ["mug", "mug", "lamp"], small_encoder)

    assert len(queries.photos) == 7
    assert queries.texts.shape == (2, 32)


def test_what_is_reported_is_what_a_search_gets(
    vectors: HalfVectors, small_encoder: Encoder, limits: Settings
) -> None:
    plan = plan_index(1500, 32)
    queries = make_queries(vectors, TITLES, small_encoder)

    index, measured = tune(train_index(plan, vectors), vectors, queries, limits)

    both = np.concatenate([queries.photos, queries.texts])
    truth = [index.exact.search(query, 10) for query in both]
    found = [rescore(vectors, query, index.search(query, 100)) for query in both]
    assert measured.recall_at_10 == pytest.approx(recall(found, truth), abs=1e-4)
    assert measured.recall_at_10_photo == pytest.approx(recall(found[:200], truth[:200]), abs=1e-4)
    assert measured.recall_at_10_text == pytest.approx(recall(found[200:], truth[200:]), abs=1e-4)
    assert measured.recall_at_10 >= 0.97
    assert measured.queries == 400
    assert 0 < measured.ann_ms.p50 <= measured.ann_ms.p95
    assert 0 < measured.exact_ms.p50 <= measured.exact_ms.p95
    assert 0 < index.nprobe <= plan.nlist


def test_an_index_that_forgets_half_is_found_out(
    vectors: HalfVectors, small_encoder: Encoder, limits: Settings
) -> None:
    """The measurement compares the index with the vectors, not with itself."""
    plan = IndexPlan("IVF30,PQ16x8np", "test", nlist=30, m=16)
    forgetful = train_index(plan, vectors[:750])
    queries = make_queries(vectors, TITLES, small_encoder)

    index, measured = tune(forgetful, vectors, queries, limits)

    assert isinstance(index, FaissIndex)
    assert measured.recall_at_10 < 0.8
