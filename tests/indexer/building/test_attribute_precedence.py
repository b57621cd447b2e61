"""Builds use the values that a merchandiser sets, and never change them."""

from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, select

import indexer.building.build_generation as build_module
from indexer.building.build_generation import build_generation
from indexer.snapshot.catalogue_snapshot import take_snapshot
from search.database.connection import session_scope
from search.database.models import GenerationRow, Product, ProductAttribute
from search.encoder import Encoder
from search.index.generation_files import load_generation
from search.results import Filters, HalfVectors
from search.settings import Settings
from search.text.attribute_vocabulary import load_vocabulary
from tests.support.shops.encoded_shop import fill_shop


def set_by_hand(database: Engine, product_id: int, name: str, value: str) -> None:
    with session_scope(database) as session:
        row = ProductAttribute(
            product_id=product_id, name=name, source="merchandiser", value=value, confidence=1.0
        )
        session.add(row)


def stored(database: Engine, product_id: int) -> dict[tuple[str, str], str]:
    with session_scope(database) as session:
        mine = ProductAttribute.product_id == product_id
        rows = session.scalars(select(ProductAttribute).where(mine))
        return {(row.name, row.source): row.value for row in rows}


@pytest.fixture
def edited(database: Engine, settings: Settings, small_encoder: Encoder) -> list[int]:
    """A shop whose first product says one thing and whose merchandiser says another."""
    fill_shop(database, settings, small_encoder.tag, 90)
    with session_scope(database) as session:
        first, second, *_ = session.scalars(select(Product).order_by(Product.id))
        first.title, first.colour, first.category = "Striped green chair", "Merlot", "Home > Mugs"
        second.title = "Striped chair"
        ids = [first.id, second.id]
    for name, value in (("pattern", "floral"), ("colour", "navy"), ("category", "Home > Chairs")):
        set_by_hand(database, ids[0], name, value)
    return ids


def test_a_build_indexes_what_was_set_by_hand_and_keeps_it(
    database: Engine, settings: Settings, small_encoder: Encoder, edited: list[int]
) -> None:
    """They come before the merchant's fields and the title, in every later build too."""
    for _ in range(2):
        built = build_generation(database, settings, small_encoder)
    with session_scope(database) as session:
        directory = session.get_one(GenerationRow, built).directory
    columns = load_generation(settings.root / "generations" / directory, built).columns

    def value(name: str, product: int) -> Any:
        facet = columns.facets[name]
        return facet.values[facet.codes[np.flatnonzero(columns.product_id == product)[0]]]

    assert value("pattern", edited[0]) == "floral"
    assert value("pattern", edited[1]) == "striped"
    assert value("colour", edited[0]) == "navy"
    assert value("category", edited[0]) == "Home > Chairs"
    by_filter = Filters(categories=("Home > Chairs",), colours=("Navy",))
    assert set(columns.product_id[columns.mask(by_filter)]) == {edited[0]}
    rows = stored(database, edited[0])
    assert rows["pattern", "merchandiser"] == "floral"
    assert rows["pattern", "title"] == "striped", "what the title says is still shown beside it"
    assert rows["colour", "merchandiser"] == "navy"
    with session_scope(database) as session:
        assert session.get_one(Product, edited[0]).colour == "Merlot"


def test_a_title_that_changes_during_a_build_is_not_in_it(
    database: Engine,
    settings: Settings,
    small_encoder: Encoder,
    edited: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A build holds the catalogue of one moment: that of its snapshot."""
    gather = build_module._gather

    def gather_late(*arguments: Any) -> HalfVectors:
        with session_scope(database) as session:
            session.get_one(Product, edited[1]).title = "Floral chair"
        return gather(*arguments)

    monkeypatch.setattr(build_module, "_gather", gather_late)
    built = build_generation(database, settings, small_encoder)

    with session_scope(database) as session:
        directory = session.get_one(GenerationRow, built).directory
        assert session.get_one(Product, edited[1]).title == "Floral chair"
    columns = load_generation(settings.root / "generations" / directory, built).columns
    pattern = columns.facets["pattern"]
    (row,) = np.flatnonzero(columns.product_id == edited[1])
    assert pattern.values[pattern.codes[row]] == "striped"
    assert stored(database, edited[1])["pattern", "title"] == "striped"


def test_an_edit_asks_for_another_build(
    database: Engine, settings: Settings, small_encoder: Encoder, edited: list[int]
) -> None:
    vocabulary = load_vocabulary()
    before = take_snapshot(database, small_encoder.tag, vocabulary).signature
    assert take_snapshot(database, small_encoder.tag, vocabulary).signature == before
    set_by_hand(database, edited[1], "colour", "red")
    assert take_snapshot(database, small_encoder.tag, vocabulary).signature != before
