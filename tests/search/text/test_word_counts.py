"""Words of a catalogue: counted by PostgreSQL, stored in a file, weighted; they correct typos."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy.orm import Session

from search.text.word_counts import CatalogueWords, WordCount, count_words, load_words, write_words
from tests.support.factories import make_product

COUNTS = [
    WordCount("velvet", 40, written=True),
    WordCount("chair", 900, written=True),
    WordCount("chesterfield", 3, written=True),
    WordCount("battery", 7, written=True),
    WordCount("batteri", 9, written=False),
    WordCount("кресло", 5, written=True),
    WordCount("cafe", 1, written=True),
    WordCount("café", 2, written=True),
    WordCount("x200", 1, written=True),
    WordCount("stopper", 8, written=True),
]


@pytest.fixture
def words() -> CatalogueWords:
    return CatalogueWords(COUNTS)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("velvt", "velvet"),  # a letter missing
        ("vellvet", "velvet"),  # one too many
        ("velbet", "velvet"),  # a wrong letter
        ("chiar", "chair"),  # two swapped
        ("chestrefeild", "chesterfield"),  # two mistakes in a long word
        ("battry", "battery"),  # never a bare stem
        ("кресла", "кресло"),
        ("cafá", "café"),  # as near as `cafe`, and more frequent
        ("vlvt", None),  # two mistakes in a short word
        ("shopper", None),  # one letter from `stopper`, but a word of its own
        ("x201", None),  # a code
        ("asdfgh", None),
        ("vel", None),
    ],
)
def test_misspelt_words(words: CatalogueWords, typed: str, meant: str | None) -> None:
    assert words.correction(typed) == meant


def test_rare_words_say_more(words: CatalogueWords) -> None:
    common, rare, lacking = words.rarity([("chair",), ("velvet", "velvets"), ("zorblax",)], 1000)
    assert 0 < common < rare < lacking


def test_a_word_of_every_product_still_weighs_something(words: CatalogueWords) -> None:
    """The count may even exceed the number of products, if it is older."""
    assert (words.rarity([("chair",)], 900) > 0).all()
    assert (words.rarity([("chair",)], 10) > 0).all()


def test_words_survive_their_file(tmp_path: Path) -> None:
    write_words(tmp_path / "words.arrow", COUNTS)
    again = load_words(tmp_path / "words.arrow")
    assert again.products == {count.word: count.products for count in COUNTS}
    assert again.correction("battry") == "battery"


def test_another_file_is_refused(tmp_path: Path) -> None:
    schema = pa.schema([("other", pa.string())])
    with pa.ipc.new_file(str(tmp_path / "words.arrow"), schema) as writer:
        writer.write_batch(pa.RecordBatch.from_pylist([{"other": "x"}], schema=schema))
    with pytest.raises(pa.ArrowInvalid, match="other"):
        load_words(tmp_path / "words.arrow")


def test_a_catalogue_is_counted_product_by_product(session: Session) -> None:
    plain: dict[str, Any] = {"brand": None, "category": None, "colour": None}
    make_product(session, sku="A-1", title="Velvet cushions, velvet", **plain)
    make_product(
        session,
        sku="A-2",
        title="Cushion",
        description="Not of velvet.",
        **plain | {"brand": "Battery"},
    )
    make_product(session, title="Velvet", retired_at=datetime(2025, 1, 1, tzinfo=UTC))
    counts = {count.word: count for count in count_words(session)}
    assert counts["velvet"] == WordCount("velvet", 2, written=True)
    assert counts["cushion"].products == 2  # the stem of both
    assert counts["cushions"].products == 1
    assert not counts["batteri"].written
    assert counts["battery"].written
    assert "a" in counts  # of the skus
