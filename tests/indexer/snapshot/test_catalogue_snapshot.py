"""The snapshot tells what would be indexed, what would not, and whether that changed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, Executable, delete, func, select, update
from sqlalchemy.orm import Session

from indexer.snapshot.catalogue_snapshot import read_signature, take_snapshot
from indexer.snapshot.title_values import TitleValues, read_title_values
from search.database.connection import session_scope
from search.database.models import Embedding, Product, ProductImage
from search.settings import Settings
from search.text.attribute_vocabulary import load_vocabulary
from tests.support.factories import make_image, make_product
from tests.support.shops.encoded_shop import fill_shop, picture_sha256

TAG = "model-a"
VOCABULARY = load_vocabulary()


@pytest.fixture
def shop(database: Engine, settings: Settings) -> Engine:
    fill_shop(database, settings, TAG, 10)
    return database


def change(database: Engine, work: Callable[[Session], object]) -> None:
    with session_scope(database) as session:
        work(session)


def test_rows_are_ordered_by_product_and_position(shop: Engine) -> None:
    def add_two_pictures(session: Session) -> None:
        product = session.scalars(select(Product).order_by(Product.id)).all()[3]
        make_image(session, product, position=2, sha256=picture_sha256(0))
        make_image(session, product, position=1, sha256=picture_sha256(1))

    change(shop, add_two_pictures)
    snapshot = take_snapshot(shop, TAG, VOCABULARY)

    assert len(snapshot.rows) == 12
    assert snapshot.products == 10
    ids = [row.product_id for row in snapshot.rows]
    assert ids == sorted(ids)
    # The pictures at positions 0, 1, 2 have the content of pictures 3, 1, 0.
    assert snapshot.shard_rows[3:6] == [3, 1, 0]


def test_what_is_left_out_is_counted(shop: Engine) -> None:
    def lose_some(session: Session) -> None:
        products = session.scalars(select(Product).order_by(Product.id)).all()
        products[0].retired_at = func.now()
        products[1].images[0].state = "failed"
        make_image(session, products[2], sha256="ab" * 32)  # a second picture, not encoded
        make_image(session, make_product(session), state="pending", sha256=None)
        make_product(session)  # without any picture

    change(shop, lose_some)
    snapshot = take_snapshot(shop, TAG, VOCABULARY)

    assert snapshot.products == len(snapshot.rows) == 8
    assert snapshot.left_out == {
        "pictures_refused": 1,
        "pictures_not_encoded": 2,
        "products_without_picture": 3,
        "products_retired": 1,
    }


def test_titles_and_descriptions_are_of_one_moment(
    shop: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is written while the snapshot is taken, between two of its queries, is not in it."""

    def describe(material: str) -> None:
        values = {"title": "Thing", "description": f"Made of {material}"}
        change(shop, lambda session: session.execute(update(Product).values(**values)))

    def read_late(*arguments: Any) -> dict[str, TitleValues]:
        describe("wool")
        return read_title_values(*arguments)

    describe("cotton")
    monkeypatch.setattr("indexer.snapshot.catalogue_snapshot.read_title_values", read_late)
    found = take_snapshot(shop, TAG, VOCABULARY).title_values["material"]

    (material,) = (each for each in VOCABULARY.attributes if each.name == "material")
    assert {material.values[code].name for code in found.anywhere} == {"cotton"}
    assert set(found.in_title) == {-1}


def test_embeddings_of_other_models_do_not_count(shop: Engine) -> None:
    assert take_snapshot(shop, "model-b", VOCABULARY).rows == []
    assert take_snapshot(shop, "model-b", VOCABULARY).left_out["products_without_picture"] == 10


@pytest.mark.parametrize(
    "statement",
    [
        update(Product).where(Product.sku == "SHOP-00004").values(title="Another title"),
        update(Product).where(Product.sku == "SHOP-00004").values(price_cents=1),
        update(Product).where(Product.sku == "SHOP-00004").values(brand=None),
        update(Product).where(Product.sku == "SHOP-00004").values(in_stock=False),
        update(Product).where(Product.sku == "SHOP-00004").values(retired_at=func.now()),
        update(ProductImage)
        .where(ProductImage.address == "/shop/4.jpg")
        .values(sha256=picture_sha256(5)),
        update(ProductImage)
        .where(ProductImage.address == "/shop/4.jpg")
        .values(colours={"red": 1}),
        update(ProductImage).where(ProductImage.address == "/shop/4.jpg").values(state="failed"),
        delete(Embedding).where(Embedding.sha256 == picture_sha256(4)),
    ],
    ids=[
        *("title", "price", "brand", "stock", "retired"),
        *("picture", "colours", "refused", "forgotten"),
    ],
)
def test_the_signature_changes_with_what_would_be_indexed(
    shop: Engine, statement: Executable
) -> None:
    before = take_snapshot(shop, TAG, VOCABULARY).signature
    change(shop, lambda session: session.execute(statement))

    assert take_snapshot(shop, TAG, VOCABULARY).signature != before
    assert read_signature(shop, TAG, VOCABULARY) == take_snapshot(shop, TAG, VOCABULARY).signature


def test_another_vocabulary_is_another_generation(shop: Engine, tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text("[pattern.values]\nspeckled = []\n", encoding="utf-8")
    before = take_snapshot(shop, TAG, VOCABULARY).signature

    assert take_snapshot(shop, TAG, load_vocabulary(own)).signature != before


def test_the_signature_stays_when_nothing_that_matters_changes(shop: Engine) -> None:
    before = take_snapshot(shop, TAG, VOCABULARY).signature
    moved = update(ProductImage).values(address=ProductImage.address + ".moved", fingerprint="new")
    change(shop, lambda session: session.execute(moved))
    change(shop, lambda session: session.execute(update(Embedding).values(shard="moved")))
    change(shop, make_product)

    assert take_snapshot(shop, TAG, VOCABULARY).signature == before
