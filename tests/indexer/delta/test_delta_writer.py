"""A generation with its delta answers as a build of this moment would."""

import random
import shutil
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, delete, select, text, update

from indexer.delta.delta_writer import DeltaWriter
from indexer.snapshot.title_values import TitleValues, read_title_values
from search.database.advisory_locks import exclusively
from search.database.connection import session_scope
from search.database.models import Product, ProductAttribute, ProductImage
from search.encoder import Encoder
from search.errors import AlreadyRunning
from search.index.generation_files import VECTORS, Generation
from search.index.product_columns import NO_PRICE
from search.publication.publishing import rollback
from search.query.understood_query import UnderstoodQuery
from search.ranking.rank_candidates import rank
from search.results import Filters
from search.settings import Settings
from tests.support.factories import CATEGORIES, clustered_vectors
from tests.support.shops.changing_shop import ChangingShop
from tests.support.shops.encoded_shop import encode_shop, picture_sha256
from tests.support.written_generations import flip_byte

N = 60


@pytest.fixture
def shop(database: Engine, settings: Settings, small_encoder: Encoder) -> ChangingShop:
    filled = ChangingShop(database, settings, small_encoder)
    filled.fill(N)
    filled.publish()
    return filled


def found(
    generation: Generation, query: np.ndarray, filters: Filters | None = None
) -> dict[int, float]:
    """Return the products that a query finds, with their similarities."""
    keep = generation.columns.mask(filters) if filters is not None else None
    ranked = rank(
        generation, UnderstoodQuery(query, "photo", keep=keep), candidates=1000, stages=()
    )
    ranking = ranked.ranking
    return dict(
        zip(ranking.product_ids.tolist(), np.round(ranking.similarities, 3).tolist(), strict=True)
    )


QUERIES = clustered_vectors(4, 32, seed=1)
FILTERS = (
    None,
    Filters(brands=("Aldern",)),
    Filters(categories=(CATEGORIES[0],)),
    Filters(colours=("red", "violet")),
    Filters(min_price_cents=110, max_price_cents=140),
    Filters(in_stock=True),
    Filters(attributes={"material": ("cotton",)}),
)


def test_nothing_is_written_where_nothing_changed(shop: ChangingShop) -> None:
    assert not shop.writer.write()
    assert shop.pointed() is None
    assert not shop.deltas.exists()


def test_a_new_product_is_found(shop: ChangingShop) -> None:
    shop.fill(1, first=N)
    assert shop.writer.write()

    new = shop.id(N)
    delta, generation = shop.delta(), shop.searched()
    assert delta.columns.product_id.tolist() == [new]
    assert delta.dead.tolist() == []
    own = np.asarray(generation.vectors[-1], np.float32)
    assert next(iter(found(generation, own))) == new
    assert found(generation, own)[new] == pytest.approx(1, abs=0.002)


def test_a_retired_product_is_gone_and_a_returned_one_is_back(shop: ChangingShop) -> None:
    gone = shop.id(7)
    query = np.asarray(shop.searched().vectors[7], np.float32)
    shop.retire(7)
    assert shop.writer.write()
    assert shop.delta().dead.tolist() == [gone]
    assert gone not in found(shop.searched(), query)
    assert gone not in shop.searched().columns.product_id

    shop.product(7, retired_at=None)
    assert shop.writer.write()
    assert shop.pointed() is None  # equal to the generation again: no delta is left
    assert next(iter(found(shop.searched(), query))) == gone


def test_filters_see_price_stock_and_fields(shop: ChangingShop) -> None:
    shop.product(3, price_cents=7, in_stock=False)
    shop.product(4, price_cents=None, colour="violet", category="New > Kind")
    shop.writer.write()
    three, four, generation = shop.id(3), shop.id(4), shop.searched()

    def kept(filters: Filters) -> set[int]:
        return set(found(generation, QUERIES[0], filters))

    assert kept(Filters(max_price_cents=50)) == {three}
    assert kept(Filters(in_stock=False)) == {three}
    assert kept(Filters(colours=("violet",))) == {four}
    assert kept(Filters(categories=("New",))) == {four}
    assert len(kept(Filters())) == N
    assert generation.columns.price_cents[-1] == NO_PRICE


def test_a_merchandisers_edit_and_a_title_reach_filters(shop: ChangingShop) -> None:
    edit = ProductAttribute(
        product_id=shop.id(5), name="colour", source="merchandiser", value="violet", confidence=1.0
    )
    shop.change(lambda session: session.add(edit))
    shop.product(6, title="A cotton thing")
    shop.writer.write()
    assert set(found(shop.searched(), QUERIES[0], Filters(colours=("violet",)))) == {shop.id(5)}
    cotton = Filters(attributes={"material": ("cotton",)})
    assert shop.id(6) in found(shop.searched(), QUERIES[0], cotton)

    set_by_hand = delete(ProductAttribute).where(ProductAttribute.source == "merchandiser")
    shop.change(lambda session: session.execute(set_by_hand))
    shop.writer.write()
    assert not found(shop.searched(), QUERIES[0], Filters(colours=("violet",)))


def test_a_title_that_changes_while_a_delta_is_made_comes_with_the_next(
    shop: ChangingShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A delta holds the catalogue of one moment, like a build."""
    shop.product(6, title="A cotton thing")

    def change_then_read(*arguments: Any) -> dict[str, TitleValues]:
        shop.product(6, title="A woollen thing", description="Made of wool")
        return read_title_values(*arguments)

    module = "indexer.delta.changed_rows.read_title_values"
    with monkeypatch.context() as patched:
        patched.setattr(module, change_then_read)
        assert shop.writer.write()
    cotton, wool = (Filters(attributes={"material": (name,)}) for name in ("cotton", "wool"))
    assert shop.id(6) in found(shop.searched(), QUERIES[0], cotton)
    assert shop.id(6) not in found(shop.searched(), QUERIES[0], wool)

    assert shop.writer.write()
    assert shop.id(6) in found(shop.searched(), QUERIES[0], wool)


def test_another_picture_is_found_instead(shop: ChangingShop) -> None:
    before = np.asarray(shop.searched().vectors[9], np.float32)
    other = clustered_vectors(1, 32, seed=99)
    encode_shop(shop.database, shop.settings, shop.encoder.tag, [picture_sha256(900)], other)
    shop.picture(9, sha256=picture_sha256(900))
    shop.writer.write()
    nine, generation = shop.id(9), shop.searched()
    assert found(generation, other[0])[nine] == pytest.approx(1, abs=0.002)
    assert found(generation, before)[nine] < 0.99


def test_asking_a_host_again_changes_nothing(shop: ChangingShop) -> None:
    shop.writer.write()
    shop.change(lambda s: s.execute(update(ProductImage).values(checked_at=datetime.now(UTC))))
    shop.change(lambda s: s.execute(update(Product).values(updated_at=datetime.now(UTC))))
    with session_scope(shop.database) as session:
        last = session.scalars(select(ProductImage.changed_in).distinct()).all()
    assert len(last) == 1
    assert not shop.writer.write()


def test_a_change_is_written_once(shop: ChangingShop) -> None:
    shop.product(1, price_cents=1)
    assert shop.writer.write()
    before = shop.pointed()
    assert not shop.writer.write()
    assert not DeltaWriter(shop.database, shop.settings).write()  # another process
    assert shop.pointed() == before


def test_a_transaction_that_ends_late_is_not_missed(shop: ChangingShop) -> None:
    """Its number is lower than those of changes that were committed before it ended."""
    late = shop.database.connect()
    late.execute(text("UPDATE product SET price_cents = 2 WHERE sku = 'SHOP-00002'"))
    shop.product(1, price_cents=1)
    assert shop.writer.write()
    assert shop.delta().columns.product_id.tolist() == [shop.id(1)]
    late.commit()
    late.close()
    assert shop.writer.write()
    assert shop.delta().columns.product_id.tolist() == [shop.id(1), shop.id(2)]


def test_a_build_absorbs_the_delta(shop: ChangingShop) -> None:
    shop.fill(2, first=N)
    shop.retire(3)
    shop.writer.write()
    assert shop.pointed() is not None
    shop.product(4, price_cents=1)  # never in any delta
    shop.publish()
    assert shop.pointed() is None
    assert not shop.writer.write()
    assert shop.pointed() is None


def test_a_rollback_gets_a_delta_with_all_that_it_never_had(shop: ChangingShop) -> None:
    shop.fill(1, first=N)
    shop.retire(3)
    shop.publish()
    shop.product(4, price_cents=1)
    rollback(shop.database, shop.settings)
    assert shop.writer.write()
    seen = set(found(shop.searched(), QUERIES[0]))
    assert shop.id(N) in seen
    assert shop.id(3) not in seen
    assert set(found(shop.searched(), QUERIES[0], Filters(max_price_cents=50))) == {shop.id(4)}


def test_a_generation_that_is_live_no_more_gets_no_delta(
    shop: ChangingShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another generation is published while the delta is being written."""
    import indexer.delta.delta_writer as module

    shop.product(1, price_cents=1)
    first, written = shop.pointed(), module.write_delta

    def and_publish(*arguments: object) -> object:
        manifest = written(*arguments)  # type: ignore[arg-type]
        shop.publish()
        return manifest

    monkeypatch.setattr(module, "write_delta", and_publish)
    assert not shop.writer.write()
    assert shop.pointed() is first is None
    assert list(shop.deltas.iterdir()) == []


def test_one_writer_at_a_time(shop: ChangingShop) -> None:
    shop.product(1, price_cents=1)
    with exclusively(shop.database, "delta"), pytest.raises(AlreadyRunning, match="delta"):
        shop.writer.write()


def test_a_full_delta_takes_no_more_but_withdraws(shop: ChangingShop) -> None:
    shop.settings = shop.settings.model_copy(update={"delta_limit": 2})
    shop.writer = DeltaWriter(shop.database, shop.settings)
    shop.product(20, price_cents=1)
    shop.writer.write()
    for number in (3, 4, 5):
        shop.product(number, price_cents=2)
    shop.retire(6)
    shop.writer.write()
    delta = shop.delta()
    assert delta.columns.product_id.tolist() == [shop.id(3), shop.id(20)]
    assert delta.manifest.waiting == 2
    assert shop.id(6) in delta.dead
    assert shop.id(4) in found(shop.searched(), QUERIES[0])  # as it was

    shop.product(20, price_cents=120)  # as built: makes room
    shop.writer.write()
    assert shop.delta().columns.product_id.tolist() == [shop.id(3), shop.id(4)]
    assert shop.delta().manifest.waiting == 1


def test_a_damaged_delta_is_made_anew(shop: ChangingShop) -> None:
    shop.product(1, price_cents=1)
    shop.retire(2)
    shop.writer.write()
    first = shop.pointed()
    assert first is not None
    flip_byte(shop.deltas / first / VECTORS)
    shop.product(3, price_cents=3)
    assert shop.writer.write()
    assert shop.delta().columns.product_id.tolist() == [shop.id(1), shop.id(3)]
    assert shop.delta().dead.tolist() == [shop.id(1), shop.id(2), shop.id(3)]


def test_directories_that_nobody_points_to_go(shop: ChangingShop) -> None:
    (shop.deltas / ".building-killed").mkdir(parents=True)
    (shop.deltas / "pruned-generation-000003").mkdir()
    names = []
    for price in (1, 2, 3):
        shop.product(1, price_cents=price)
        shop.writer.write()
        names.append(shop.pointed())
    assert {path.name for path in shop.deltas.iterdir()} == set(names[1:])


def test_no_name_comes_twice(shop: ChangingShop) -> None:
    """A slow reader must not mistake a new delta for one that was removed."""
    names = []
    for price in (1, 101, 2, 101, 3):  # 101 is the base generation
        shop.product(1, price_cents=price)
        assert shop.writer.write()
        names.append(shop.pointed())
    assert names[1] is names[3] is None
    assert len({names[0], names[2], names[4]}) == 3


def test_a_full_disk_leaves_the_delta_before(
    shop: ChangingShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    import indexer.delta.delta_writer as module

    shop.product(1, price_cents=1)
    shop.writer.write()
    before = shop.pointed()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(module, "make_durable", full)
        shop.product(2, price_cents=2)
        with pytest.raises(OSError, match="No space"):
            shop.writer.write()
    assert [path.name for path in shop.deltas.iterdir()] == [shop.pointed()] == [before]
    assert shop.writer.write()
    assert len(shop.delta().columns) == 2


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_base_and_delta_answer_as_a_fresh_build(shop: ChangingShop, seed: int) -> None:
    """After any changes in any steps they give the same products, similarities and filters."""
    dice = random.Random(seed)
    added = N
    for _ in range(4):
        for _ in range(6):
            number = dice.randrange(added)
            match dice.randrange(8):
                case 0:
                    shop.fill(2, first=added)
                    added += 2
                case 1:
                    shop.retire(number)
                case 2:
                    shop.product(number, retired_at=None)
                case 3:
                    shop.product(number, price_cents=dice.choice([None, 1, 120, 100 + number]))
                case 4:
                    shop.product(number, in_stock=dice.random() < 0.5)
                case 5:
                    shop.product(number, colour=dice.choice(["violet", "red", None]))
                case 6:
                    shop.product(number, title=dice.choice(["cotton thing", "glass thing", "x"]))
                case 7:
                    shop.picture(number, sha256=picture_sha256(dice.randrange(N)))
        shop.writer.write()
    laid = shop.searched()
    built = shop.generation(shop.build())

    for query in QUERIES:
        for filters in FILTERS:
            # Only builds predict attributes from pictures; here nothing trains them.
            assert found(laid, query, filters) == found(built, query, filters)


def test_deltas_of_a_vanished_folder_come_again(shop: ChangingShop) -> None:
    shop.product(1, price_cents=1)
    shop.writer.write()
    shutil.rmtree(shop.deltas)
    shop.product(2, price_cents=2)
    assert shop.writer.write()
    assert len(shop.delta().columns) == 2
