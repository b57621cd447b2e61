"""Text queries: every right answer is right, and no right answer is left out."""

import pytest

from indexer.sample.assortment import planned
from indexer.sample.kinds import KINDS
from indexer.sample.palette import COLOURS
from indexer.sample.product_look import Look
from indexer.sample.product_wording import sku_of
from indexer.sample.sample_queries import (
    MOST_ANSWERS,
    TextQuery,
    Wanted,
    article,
    terse,
    text_queries,
)

SEED = 7


@pytest.fixture(scope="module")
def looks() -> dict[str, Look]:
    return {sku_of(SEED, i): planned(SEED, i).look for i in range(1200)}


@pytest.fixture(scope="module")
def queries(looks: dict[str, Look]) -> list[TextQuery]:
    return text_queries(looks, SEED)


def test_there_are_many_and_each_is_asked_once(queries: list[TextQuery]) -> None:
    texts = [query.text for query in queries]

    assert len(texts) >= 200
    assert len(set(texts)) == len(texts)
    assert {query.wanted.kind for query in queries} == set(KINDS)


def test_the_same_shop_asks_the_same(looks: dict[str, Look], queries: list[TextQuery]) -> None:
    assert text_queries(looks, SEED) == queries


def test_answers_have_what_was_asked_for(looks: dict[str, Look], queries: list[TextQuery]) -> None:
    for query in queries:
        wanted = query.wanted
        for sku in query.skus:
            look = looks[sku]
            assert look.kind == wanted.kind
            for fact in ("shape", "pattern", "material", "trim"):
                assert getattr(wanted, fact) in ("", getattr(look, fact)), query.text
            if wanted.colour:
                assert wanted.colour == look.colour or (
                    look.pattern != "plain" and wanted.colour == look.accent
                ), query.text


def test_no_answer_is_left_out(looks: dict[str, Look], queries: list[TextQuery]) -> None:
    for query in queries:
        if query.category:
            assert query.category == KINDS[query.wanted.kind].category
            assert query.skus == ()
        else:
            right = {sku for sku, look in looks.items() if query.wanted.matches(look)}
            assert set(query.skus) == right
            assert 1 <= len(query.skus) <= MOST_ANSWERS


def test_the_words_name_what_is_asked_for(queries: list[TextQuery]) -> None:
    for query in queries:
        if query.wanted.colour:
            assert query.wanted.colour in query.text
        named = [c for c in COLOURS if f" {c} " in f" {query.text} ".replace("?", "")]
        known = {query.wanted.colour, query.wanted.material}
        assert all(c in known or c in query.wanted.trim for c in named), query.text


def test_a_plain_colour_excludes_patterns_and_a_pattern_takes_either_colour() -> None:
    striped = next(look for i in range(900) if (look := planned(SEED, i).look).pattern == "striped")

    assert not Wanted(striped.kind, colour=striped.colour, pattern="plain").matches(striped)
    assert Wanted(striped.kind, colour=striped.colour, pattern="striped").matches(striped)
    assert Wanted(striped.kind, colour=striped.accent, pattern="striped").matches(striped)


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        (Wanted("mug", "", "red", "striped"), "red striped mug"),
        (
            Wanted("armchair", "", "rust", "plain", "velvet", "round wooden legs"),
            "plain rust velvet armchair with round wooden legs",
        ),
        (Wanted("boot", "ankle", "black", "plain", "leather"), "black leather ankle boots"),
        (
            Wanted("table lamp", "", "white", "", "", "brass base"),
            "table lamp with a white shade and a brass base",
        ),
        (Wanted("sunglasses", "", "red", "plain"), "red sunglasses"),
    ],
)
def test_terse_wording(wanted: Wanted, text: str) -> None:
    assert terse(wanted) == text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("oak table", "an oak table"),
        ("red dress", "a red dress"),
        ("black boots with a gum sole", "black boots with a gum sole"),
    ],
)
def test_article(words: str, said: str) -> None:
    assert article(words) == said
