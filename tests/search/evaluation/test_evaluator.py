"""Measures agree with values computed by hand."""

import math

import pytest

from search.evaluation.retrieval_measures import measures, percentiles


def test_measures_of_a_single_right_answer() -> None:
    found = measures({"q": frozenset({"b"})}, {"q": ["a", "b", "c"]})
    assert found["recall_at_1"] == 0
    assert found["recall_at_5"] == 1
    assert found["mrr"] == 0.5
    assert found["precision_at_10"] == pytest.approx(0.1)
    assert found["ndcg_at_10"] == pytest.approx(1 / math.log2(3), abs=1e-4)


def test_recall_is_out_of_what_could_be_found() -> None:
    """With three relevant products, finding one of them gives a recall at 1 of 1."""
    relevant = {"q": frozenset({"a", "b", "c"})}
    found = measures(relevant, {"q": ["a", "x", "b", "y", "z", "c"]})
    assert found["recall_at_1"] == 1
    assert found["recall_at_5"] == pytest.approx(2 / 3, abs=1e-4)
    assert found["recall_at_10"] == 1


def test_a_query_without_any_hit_counts_as_zero() -> None:
    relevant = {"q": frozenset({"a"}), "r": frozenset({"b"})}
    found = measures(relevant, {"q": ["a"], "r": []})
    assert found["recall_at_10"] == 0.5
    assert found["mrr"] == 0.5


def test_percentiles_are_of_milliseconds() -> None:
    assert percentiles([1.0, 2.0, 3.0]) == {"p50": 2.0, "p95": 2.9}
