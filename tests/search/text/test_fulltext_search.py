"""Full text search over a handful of products in a real PostgreSQL."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from sqlalchemy import URL, Engine, create_engine, delete, select

from search.database.connection import database_url, session_scope
from search.database.models import Product
from search.results import Correction
from search.text.fulltext_search import Lexical, Match, find_by_words
from search.text.query_terms import MAX_WORDS, searched_words
from search.text.word_counts import CatalogueWords, count_words
from tests.conftest import own_settings
from tests.support.factories import make_product

NOTHING: dict[str, Any] = {"description": "", "brand": None, "category": None, "colour": None}
PRODUCTS: dict[str, dict[str, Any]] = {
    "AB-1204": {
        "title": "Green velvet armchair", "brand": "Nordlys", "category": "Home > Chairs"
    },
    "AB-1205": {
        "title": "Green armchair", "description": "Goes with velvet.", "brand": "Bryx"
    },
    "AB-13/X": {"title": "Running shoes", "brand": "Fast & Co", "colour": "red"},
    "77 001": {"title": "Oak table", "description": "Sits well on a green carpet."},
    "ü-9": {"title": "Кресло зелёное", "brand": "Мебель"},
    "Z.1": {"title": "Zorblax", "description": "It's what it is."},
    "OLD-X7": {"title": "Zorblax velvet", "retired_at": datetime(2025, 1, 1, tzinfo=UTC)},
}  # fmt: skip


@pytest.fixture(scope="module")
def shop(postgres_server: URL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A database that holds the products."""
    for settings in own_settings(postgres_server, tmp_path_factory.mktemp("words")):
        database = create_engine(database_url(settings))
        with session_scope(database) as session:
            for sku, fields in PRODUCTS.items():
                make_product(session, sku=sku, **NOTHING | fields)
        yield database
        database.dispose()


@pytest.fixture(scope="module")
def words(shop: Engine) -> CatalogueWords:
    with session_scope(shop) as session:
        return CatalogueWords(count_words(session))


def find(shop: Engine, words: CatalogueWords, typed: str) -> Lexical:
    return find_by_words(shop, typed, words, len(PRODUCTS))


def skus(shop: Engine, found: Lexical) -> list[str]:
    """Return the skus found, best first."""
    with session_scope(shop) as session:
        known = dict(session.execute(select(Product.id, Product.sku)).all())
    return [known[i] for i in found.product_ids.tolist()]


@pytest.mark.parametrize("typed", ["AB-1205", "ab1205", "Ab 1205", " ab_12-05 ", "AB/1205"])
def test_a_sku_is_found_first_however_it_is_typed(
    shop: Engine, words: CatalogueWords, typed: str
) -> None:
    found = find(shop, words, typed)
    assert skus(shop, found)[0] == "AB-1205"
    assert found.matches[0] == Match.SKU
    assert found.corrections == ()


def test_the_beginning_of_a_sku_finds_those_that_go_on(shop: Engine, words: CatalogueWords) -> None:
    found = find(shop, words, "ab-12")
    assert skus(shop, found)[:2] == ["AB-1204", "AB-1205"]
    assert found.matches[:2].tolist() == [Match.SKU_BEGINS] * 2
    assert skus(shop, find(shop, words, "7700"))[0] == "77 001"


def test_signs_in_a_sku_are_no_patterns(shop: Engine, words: CatalogueWords) -> None:
    assert len(find(shop, words, "%")) == 0
    assert Match.SKU_BEGINS not in find(shop, words, "%%%1204").matches
    assert Match.SKU_BEGINS not in find(shop, words, "A%4").matches


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("velvet armchair", "AB-1204"),  # both words in the title come first
        ("velvet armchairs in green", "AB-1204"),
        ("run shoe", "AB-13/X"),  # stems
        ("Nordlys", "AB-1204"),
        ("fast co", "AB-13/X"),
        ("red", "AB-13/X"),  # the shop's colour field
        ("зелёное кресло", "ü-9"),
        ("МЕБЕЛЬ", "ü-9"),
        ("zorblax", "Z.1"),
        ("chairs", "AB-1204"),  # a word of its category
    ],
)
def test_words_find_their_product_first(
    shop: Engine, words: CatalogueWords, typed: str, first: str
) -> None:
    assert skus(shop, find(shop, words, typed))[0] == first


def test_rare_words_weigh_more(shop: Engine, words: CatalogueWords) -> None:
    found = find(shop, words, "green zorblax")
    assert skus(shop, found)[0] == "Z.1"
    assert found.matches[0] == Match.SOME_WORDS
    assert found.scores[0] > found.scores[1] > 0


def test_a_match_names_its_words(shop: Engine, words: CatalogueWords) -> None:
    found = find(shop, words, "a velvet sofa in green")
    assert found.words == ("velvet", "sofa", "green")
    assert found.match(int(found.product_ids[0])) == (Match.SOME_WORDS, ("velvet", "green"))
    assert found.match(-5) is None
    best = find(shop, words, "green velvet armchair")
    assert best.match(int(best.product_ids[0])) == (
        Match.ALL_WORDS,
        ("green", "velvet", "armchair"),
    )
    assert best.scores[0] == pytest.approx(1)


def test_retired_products_are_not_found(shop: Engine, words: CatalogueWords) -> None:
    assert "OLD-X7" not in skus(shop, find(shop, words, "zorblax velvet"))
    assert len(find(shop, words, "OLD-X7")) == 0


def test_a_misspelt_word_is_read_as_the_nearest(shop: Engine, words: CatalogueWords) -> None:
    found = find(shop, words, "Grean VELVT armchair")
    assert found.corrections == (Correction("grean", "green"), Correction("velvt", "velvet"))
    assert found.text == "green velvet armchair"
    assert skus(shop, found)[0] == "AB-1204"


def test_words_of_products_newer_than_the_count_are_not_misspelt(
    shop: Engine, words: CatalogueWords
) -> None:
    with session_scope(shop) as session:
        make_product(session, sku="NEW-1", title="Velvt thing")
    found = find(shop, words, "velvt")
    assert found.corrections == ()
    assert skus(shop, found) == ["NEW-1"]
    with session_scope(shop) as session:
        session.execute(delete(Product).where(Product.sku == "NEW-1"))


def test_only_words_that_are_wanted_are_looked_for() -> None:
    assert searched_words("Armchair, not green") == ["armchair"]
    assert searched_words("shoes without a velvet bow, red") == ["shoes", "bow", "red"]
    assert searched_words("table -oak lace-up") == ["table", "lace", "up"]


@pytest.mark.parametrize(
    "typed", ["", "the", "and or not", "is it what it is", "-", "'", "…", "🙂"]
)
def test_words_without_meaning_find_nothing(
    shop: Engine, words: CatalogueWords, typed: str
) -> None:
    assert len(find(shop, words, typed)) == 0


HOSTILE = [
    "'; DROP TABLE product; --",
    "' OR 1=1 --",
    "velvet') OR true --",
    "a & b | !c <-> d:*",
    ":* :A 'x':B",
    "((((",
    "!!!",
    "\\' \\\\ \\",
    "%s %(x)s :word0 $1 ?",
    '"unclosed velvet',
    "velvet & | ! green",
    "<b>velvet</b> <script>",
    "&amp; &#39; &nope",
    "\u202e\u200b\ufeff",
    "\x01\x7f\t\r\n velvet",
    "क\u094dष कुर्सी",
    "沙发 ソファ كرسي כיסא",
    "e\u0301\u0301\u0301",
    "\ud7ff\U0010ffff",
    "1e999 -0 .5 0x1f",
    "http://a.b/c?d=e&f#g me@x.y /etc/passwd",
    "x" * 2000,
    "沙" * 2000,
    " ".join(f"w{i}" for i in range(400)),
    " ".join(["velvet"] * 280),
    "-" * 2000,
    "'" * 2000,
]


@pytest.mark.parametrize("typed", HOSTILE, ids=range(len(HOSTILE)))
def test_nothing_that_is_typed_is_sql_or_an_operator(
    shop: Engine, words: CatalogueWords, typed: str
) -> None:
    found = find(shop, words, typed)
    assert len(found.words) <= MAX_WORDS
    assert "OLD-X7" not in skus(shop, found)
    assert skus(shop, find(shop, words, "velvet armchair"))[0] == "AB-1204"


def test_random_signs_are_safe(shop: Engine, words: CatalogueWords) -> None:
    """Operators of tsquery, SQL and LIKE are mixed with words and other alphabets."""
    random = np.random.default_rng(7)
    signs = [*"'\"\\&|!()<>:*-%_;,.$?@#/ \t\n", "velvet", "AB-12", "not", "ж", "沙", "é", "9"]
    for _ in range(150):
        find(shop, words, "".join(random.choice(signs, size=random.integers(1, 30))).strip())


def test_a_search_within_some_products_keeps_to_them(shop: Engine, words: CatalogueWords) -> None:
    everything = find(shop, words, "green armchair")
    one = everything.product_ids[1:2]
    narrowed = find_by_words(shop, "green armchair", words, len(PRODUCTS), within=one)
    assert narrowed.product_ids.tolist() == one.tolist()
    sku = find_by_words(shop, "AB-1204", words, len(PRODUCTS), within=one)
    assert Match.SKU not in sku.matches


def test_common_words_alone_are_left_to_the_pictures(
    shop: Engine, words: CatalogueWords, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Products with only common words are not fetched; those with a rare word or all words are."""
    monkeypatch.setattr("search.text.fulltext_search.MAX_PRODUCTS", 2)
    assert len(find(shop, words, "green")) == 0  # three products
    assert skus(shop, find(shop, words, "green velvet"))[0] == "AB-1204"
    assert skus(shop, find(shop, words, "green zorblax")) == ["Z.1"]
