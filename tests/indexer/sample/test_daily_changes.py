"""Queries by photo and words: every right answer is right, and none that keeps more is left out."""

import random
from dataclasses import replace

import pytest

from indexer.sample.assortment import planned
from indexer.sample.daily_changes import (
    FACTS,
    NEGATED,
    REMOVED,
    REPLACED,
    ChangeQuery,
    DailyChange,
    Pictured,
    change_queries,
    right_answers,
    worded,
)
from indexer.sample.product_look import Look
from indexer.sample.product_wording import sku_of
from search.text.attribute_mentions import find_mentions
from search.text.attribute_vocabulary import load_vocabulary

SEED = 7


@pytest.fixture(scope="module")
def looks() -> dict[str, Look]:
    return {sku_of(SEED, i): planned(SEED, i).look for i in range(600)}


@pytest.fixture(scope="module")
def pictures(looks: dict[str, Look]) -> list[Pictured]:
    return [Pictured(f"images/{sku}.jpg", sku, "test") for sku in list(looks)[:200]]


@pytest.fixture(scope="module")
def queries(looks: dict[str, Look], pictures: list[Pictured]) -> list[ChangeQuery]:
    return change_queries(looks, pictures, SEED)


def shown(query: ChangeQuery) -> str:
    return query.photo.removeprefix("images/").removesuffix(".jpg")


def test_every_kind_of_change_is_asked_about_as_often(queries: list[ChangeQuery]) -> None:
    names = [query.change.name for query in queries]
    counts = {name: names.count(name) for name in (*FACTS, "negation")}
    assert len(queries) >= 180
    assert min(counts.values()) >= 30
    assert len({query.text for query in queries}) >= 100


def test_the_same_shop_asks_the_same(
    looks: dict[str, Look], pictures: list[Pictured], queries: list[ChangeQuery]
) -> None:
    assert change_queries(looks, pictures, SEED) == queries


def test_answers_have_kind_shape_and_change(
    looks: dict[str, Look], queries: list[ChangeQuery]
) -> None:
    for query in queries:
        look = looks[shown(query)]
        assert query.skus
        assert shown(query) not in query.skus
        for answer in (looks[sku] for sku in query.skus):
            assert (answer.kind, answer.shape) == (look.kind, look.shape)
            assert query.change.fits(answer)
            assert not query.change.fits(look)


def test_what_keeps_more_of_the_rest_is_the_right_answer(looks: dict[str, Look]) -> None:
    look = replace(next(iter(looks.values())), colour="red", pattern="plain", material="steel")
    shop = {
        "itself": look,
        "plain metal": replace(look, colour="green", material="metal"),
        "plain glass": replace(look, colour="green", material="glass"),
        "striped": replace(look, colour="green", pattern="striped"),
        "another shape": replace(look, colour="green", shape="none such"),
    }
    green = DailyChange("colour", "red", "green")
    assert right_answers(look, green, shop) == ("plain metal",)  # steel is a metal
    del shop["plain metal"]
    assert right_answers(look, green, shop) == ("plain glass", "striped")


def test_words_say_the_change_and_nothing_else(
    looks: dict[str, Look], queries: list[ChangeQuery]
) -> None:
    """In the text the vocabulary finds only the new value wanted, or the old value excluded."""
    vocabulary = load_vocabulary()
    for query in queries:
        found = find_mentions(query.text, vocabulary)
        change = query.change
        attributes = {value.attribute for value in (*found.wanted, *found.unwanted)}
        assert attributes <= {change.fact}, query.text
        if not change.new:
            assert not found.wanted, query.text


@pytest.mark.parametrize("form", [*REMOVED, *sum((*REPLACED.values(), *NEGATED.values()), ())])
def test_every_wording_can_be_filled_in(form: str) -> None:
    assert form.format(old="a", new="b", a_new="a b", with_new="with b")


def test_the_old_colour_of_a_pattern_is_not_named(looks: dict[str, Look]) -> None:
    striped = next(look for look in looks.values() if look.pattern == "striped")
    change = DailyChange("colour", striped.colour, "gold")
    for seed in range(40):
        assert striped.colour not in worded(striped, change, random.Random(seed))
