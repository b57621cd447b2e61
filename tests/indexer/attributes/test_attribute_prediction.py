"""Attributes predicted for products: what is stored, and that merchants' values come first."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, select

from indexer.attributes.attribute_prediction import (
    LEAST_CONFIDENCE,
    PredictedAttributes,
    predict_attributes,
)
from indexer.attributes.attribute_rows import store_attributes
from indexer.building.build_generation import build_generation
from indexer.snapshot.catalogue_snapshot import take_snapshot
from search.database.connection import session_scope
from search.database.models import GenerationRow, Product, ProductAttribute
from search.encoder import Encoder
from search.errors import UnusableVocabulary
from search.index.generation_files import load_generation
from search.results import Embeddings
from search.settings import Settings
from search.text.attribute_vocabulary import Vocabulary, load_vocabulary
from tests.support.factories import make_image, make_product
from tests.support.shops.encoded_shop import encode_shop, fill_shop

D = 64
TAG = "words"


class WordEncoder:
    """Encodes a text as the sum of a random direction per word."""

    tag, dim, side_px = TAG, D, 32

    def encode_texts(self, texts: Sequence[str]) -> Embeddings:
        """Return (n, d) unit rows."""
        return np.stack([direction(*text.split()) for text in texts])


def direction(*words: str) -> np.ndarray:
    """Return the unit vector (d,) of a text."""
    seeds = [int.from_bytes(word.encode()[:8], "big") for word in words]
    total = np.sum([np.random.default_rng(seed).standard_normal(D) for seed in seeds], axis=0)
    unit: np.ndarray = (total / np.linalg.norm(total)).astype(np.float32)
    return unit


@dataclass
class Shop:
    """A catalogue under construction."""

    database: Engine
    settings: Settings

    def add(self, *pictures: str, colours: dict[str, float] | None = None, **fields: Any) -> int:
        """Add a product whose pictures have the vector of a text; return its id."""
        with session_scope(self.database) as session:
            product = make_product(session, **({"title": "Thing"} | fields))
            digests = [make_image(session, product, colours=colours).sha256 or "" for _ in pictures]
            added = product.id
        random = np.random.default_rng(added)
        looks = [direction(*words.split()) for words in pictures]
        noisy = [look + 0.02 * random.standard_normal(D) for look in looks]
        vectors = np.stack([v / np.linalg.norm(v) for v in noisy]).astype(np.float32)
        self.vectors.append(vectors)
        self.waiting += zip(digests, vectors, strict=True)
        return added

    def __post_init__(self) -> None:
        self.vectors: list[Embeddings] = []
        self.waiting: list[tuple[str, np.ndarray]] = []

    def predict(self, vocabulary: Vocabulary | None = None) -> PredictedAttributes:
        """Predict all attributes."""
        vocabulary = vocabulary or load_vocabulary()
        if self.waiting:
            digests, vectors = zip(*self.waiting, strict=True)
            encode_shop(self.database, self.settings, TAG, digests, np.stack(vectors))
            self.waiting.clear()
        snapshot = take_snapshot(self.database, TAG, vocabulary)
        stored = np.concatenate(self.vectors).astype(np.float16)
        encoder: Any = WordEncoder()
        found = predict_attributes(snapshot, stored, encoder, vocabulary)
        filled = found.fill_snapshot(snapshot)
        self.values = {row.product_id: row.values for row in filled.rows}
        self.facets = filled.facets
        return found

    def keep(self, found: PredictedAttributes) -> int:
        """Store the predictions; return the number of changed rows."""
        with session_scope(self.database) as session:
            return store_attributes(session, found, TAG)

    def rows(self, product_id: int) -> dict[tuple[str, str], tuple[str, float]]:
        """Return (value, confidence) by name and source."""
        with session_scope(self.database) as session:
            found = session.scalars(
                select(ProductAttribute).where(ProductAttribute.product_id == product_id)
            )
            return {(row.name, row.source): (row.value, row.confidence) for row in found}


@pytest.fixture
def shop(database: Engine, settings: Settings) -> Shop:
    return Shop(database, settings)


CATEGORIES = ("Home > Mugs", "Home > Lamps", "Fashion > Hats")


def stock(shop: Shop, n: int = 60, **fields: Any) -> None:
    """Add products of three categories, whose pictures tell them apart."""
    for i in range(n):
        category = CATEGORIES[i % 3]
        look = f"{category.split()[-1]} {('here', 'there')[i % 2]}"
        shop.add(look, category=category, colour=None, **fields)


def test_a_missing_category_is_that_of_what_looks_alike(shop: Shop) -> None:
    stock(shop)
    lost = shop.add("Lamps here", category=None, colour=None)
    for i in range(20):
        shop.add("vase", category=("Home > Vases", "Garden > Vases")[i % 2], colour=None)
    either = shop.add("vase", category=None, colour=None)

    shop.keep(shop.predict())

    assert shop.values[lost]["category"] == "Home > Lamps"
    value, confidence = shop.rows(lost)["category", "picture"]
    assert value == "Home > Lamps"
    assert LEAST_CONFIDENCE <= confidence <= 1
    assert shop.values[either]["category"] is None, "half of what looks like that is elsewhere"
    assert shop.rows(either) == {}


def test_merchants_fields_stay_as_they_are(shop: Shop) -> None:
    stock(shop)
    wrong = shop.add(
        "Lamps here", category="Home > Mugs", colour="Merlot", colours={"green": 1.0}, title="Mug"
    )

    shop.keep(shop.predict())

    assert shop.values[wrong]["category"] == "Home > Mugs"
    assert shop.values[wrong]["colour"] == "Merlot"
    assert (
        shop.rows(wrong)["category", "picture"][0] == "Home > Lamps"
    )  # for the catalogue's health
    with session_scope(shop.database) as session:
        product = session.get_one(Product, wrong)
        assert (product.category, product.colour) == ("Home > Mugs", "Merlot")


def test_titles_are_believed_before_pictures(shop: Shop) -> None:
    both = shop.add("striped", title="Floral shirt", description="Goes with stripes")
    several = shop.add("dull", title="Striped or checked shirt")
    silent = shop.add("dull", title="Shirt", description="A striped shirt")

    shop.keep(shop.predict())

    assert shop.values[both]["pattern"] == "floral"
    assert shop.rows(both)["pattern", "title"] == ("floral", 1.0)
    assert "pattern" not in shop.values[several]
    assert "pattern" not in shop.values[silent], "a description speaks of other things too"
    assert shop.facets == ("category", "brand", "colour", "pattern", "material")


@pytest.mark.parametrize(("named", "taught"), [(20, False), (48, True)])
def test_words_teach_only_where_most_products_have_some(
    shop: Shop, named: int, taught: bool
) -> None:
    """If few titles name a pattern, the other products are plain, so these titles teach nothing."""
    for i in range(80):
        value = ("striped", "checked")[i % 2]
        words = {"title": f"{value} shirt"} if i < named + 12 * taught else {}
        shop.add(f"look{i % 2}", **words)

    shop.predict()

    patterns = {values.get("pattern") for values in list(shop.values.values())[60:]}
    assert patterns == ({"striped", "checked"} if taught else {None})


def test_colours_come_from_the_pixels_of_all_pictures(shop: Shop) -> None:
    red = shop.add("a", "b", colours={"red": 0.9, "white": 0.1}, colour=None)
    torn = shop.add("a", colours={"red": 0.5, "white": 0.5}, colour=None)
    unknown = shop.add("a", colours=None, colour=None)
    named = shop.add("a", colours={"red": 1.0}, colour=None, title="Navy blue thing")

    shop.keep(shop.predict())

    assert shop.values[red]["colour"] == "red"
    assert shop.rows(red)["colour", "picture"][1] >= LEAST_CONFIDENCE
    assert shop.values[torn]["colour"] is None
    assert shop.values[unknown]["colour"] is None
    assert shop.values[named]["colour"] == "navy"


def test_a_shop_adds_attributes_of_its_own(shop: Shop, tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        '[heel]\nprompts = ["{}"]\n[heel.values]\nflat = []\nhigh = ["stiletto"]\n', "utf-8"
    )
    high = shop.add("a", title="Stiletto shoe")

    shop.predict(load_vocabulary(own))

    assert shop.values[high]["heel"] == "high"
    assert shop.facets[-1] == "heel"


def test_merchants_fields_are_no_attributes_of_a_shop(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('[brand]\nprompts = ["{}"]\n[brand.values]\nacme = []\n', "utf-8")

    with pytest.raises(UnusableVocabulary, match=r"\[brand\] is a field of every product"):
        load_vocabulary(own)


def test_only_what_changed_is_written(shop: Shop) -> None:
    stock(shop)
    lost = shop.add("Lamps here", category=None, colour=None, title="Oak lamp")

    assert shop.keep(shop.predict()) > 60
    assert shop.keep(shop.predict()) == 0

    with session_scope(shop.database) as session:
        session.get_one(Product, lost).title = "Lamp"
    before = shop.rows(lost)
    assert shop.keep(shop.predict()) == 1
    assert before.keys() - shop.rows(lost).keys() == {("material", "title")}


def test_what_is_indexed_no_more_is_described_no_more(shop: Shop) -> None:
    stock(shop)
    gone = shop.add("Lamps here", category=None)
    shop.keep(shop.predict())
    assert shop.rows(gone)

    with session_scope(shop.database) as session:
        product = session.get_one(Product, gone)
        product.retired_at = product.created_at
    shop.vectors.pop()
    shop.keep(shop.predict())

    assert shop.rows(gone) == {}


def test_many_pictures_of_a_product_are_one_opinion(shop: Shop) -> None:
    stock(shop)
    lost = shop.add("Lamps here", "Lamps there", "Lamps", category=None)

    found = shop.predict()

    assert found.product_ids.tolist() == sorted(shop.values)
    category = next(each for each in found.attributes if each.name == "category")
    assert len(category.in_pictures) == 61
    assert (
        category.values[category.in_pictures[-1]] == shop.values[lost]["category"] == "Home > Lamps"
    )


def test_a_build_writes_columns_and_rows(
    database: Engine, settings: Settings, small_encoder: Encoder
) -> None:
    fill_shop(database, settings, small_encoder.tag, 90)
    with session_scope(database) as session:
        first, second = session.scalars(select(Product).order_by(Product.id).limit(2))
        first.title, second.title, second.colour = "Striped oak chair", "Green chair", None
        ids = first.id, second.id

    built = build_generation(database, settings, small_encoder)

    with session_scope(database) as session:
        directory = session.get_one(GenerationRow, built).directory
        stored = session.scalars(
            select(ProductAttribute).where(ProductAttribute.source == "title")
        ).all()
    columns = load_generation(settings.root / "generations" / directory, built).columns
    assert tuple(columns.facets) == ("category", "brand", "colour", "pattern", "material")
    for name, product, value in (
        ("pattern", 0, "striped"),
        ("material", 0, "wood"),
        ("colour", 1, "green"),
    ):
        facet = columns.facets[name]
        (row,) = np.flatnonzero(columns.product_id == ids[product])
        assert facet.values[facet.codes[row]] == value
        assert (ids[product], name, value) in {(s.product_id, s.name, s.value) for s in stored}
    assert {s.model_tag for s in stored} == {small_encoder.tag}
