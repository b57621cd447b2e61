"""The soak passes, and its checks notice what they look for."""

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy import delete, select, update

from indexer.nightly.reindex_run import Reindex
from scripts.soaking.invariant import find_wrong_after_run, find_wrong_now, read_indexed
from scripts.soaking.rounds import find_differences, soak
from scripts.soaking.soaked_shop import SoakedShop
from search.database.connection import session_scope
from search.database.models import Embedding, Product
from search.settings import Settings

Made = tuple[Settings, SoakedShop, dict[str, Any]]


@pytest.mark.timeout(3600)
def test_nothing_is_lost_and_no_search_fails(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    if not pytestconfig.getoption("large"):
        pytest.skip("takes minutes; --large runs it, and so does scripts/soak")
    result = soak(tmp_path, kills=10, products=40, seed=4, minutes=30, watch=True, on_event=print)
    assert result.wrong == []
    assert result.search_failures == []
    assert result.killed == 10
    assert result.searches > 0


@pytest.fixture
def made(settings: Settings, small_checkpoint: Path, tmp_path: Path) -> Made:
    """A shop after its first day, indexed in this process, and the run's report."""
    own = settings.model_copy(update={"model": f"local-dir:{small_checkpoint}"})
    shop = SoakedShop(tmp_path / "shop", 24, seed=4)
    shop.pass_a_day()
    return own, shop, Reindex(own, quiet=True).run([str(shop.catalogue)])


def test_what_is_as_it_should_be_is_found_so(database: sqlalchemy.Engine, made: Made) -> None:
    settings, shop, report = made
    assert find_wrong_after_run(database, settings.root, shop.catalogue, report) == []


def test_a_lost_product_is_noticed(database: sqlalchemy.Engine, made: Made) -> None:
    settings, shop, report = made
    with session_scope(database) as session:
        some = select(Product.id).limit(1).scalar_subquery()
        session.execute(update(Product).where(Product.id == some).values(sku="ELSEWHERE"))
    wrong = find_wrong_after_run(database, settings.root, shop.catalogue, report)
    assert any("ELSEWHERE" in sentence for sentence in wrong)


def test_an_embedding_that_is_lost_or_mixed_up_is_noticed(
    database: sqlalchemy.Engine, made: Made
) -> None:
    settings, shop, report = made
    with session_scope(database) as session:
        session.execute(update(Embedding).values(row=0))
    assert any("one row" in sentence for sentence in find_wrong_now(database, settings.root))
    with session_scope(database) as session:
        session.execute(delete(Embedding))
    wrong = find_wrong_after_run(database, settings.root, shop.catalogue, report)
    assert any("is nobody's" in sentence for sentence in wrong)


def test_an_account_that_does_not_add_up_is_noticed(
    database: sqlalchemy.Engine, made: Made
) -> None:
    settings, shop, report = made
    report["products"]["indexed"] -= 1
    wrong = find_wrong_after_run(database, settings.root, shop.catalogue, report)
    assert sum("accounts for" in sentence for sentence in wrong) == 2


def test_another_index_is_noticed(database: sqlalchemy.Engine, made: Made) -> None:
    with session_scope(database) as session:
        held = read_indexed(session, made[0].root)
    assert find_differences(held, held) == []
    row, *rest = held
    turned = {row: -held[row]} | {other: held[other] for other in rest}
    assert len(find_differences(turned, held)) == 1
    assert len(find_differences({other: held[other] for other in rest}, held)) == 1


def test_a_day_changes_the_catalogue_and_not_too_much(tmp_path: Path) -> None:
    shop = SoakedShop(tmp_path, 60, seed=1)
    before = dict(shop.items)
    pictures = {path.name: path.read_bytes() for path in tmp_path.glob("*.png")}
    shop.pass_a_day()
    gone = before.keys() - shop.items.keys()
    assert 0 < len(gone) < 0.2 * len(before)
    assert shop.items.keys() - before.keys()
    assert any((tmp_path / name).read_bytes() != content for name, content in pictures.items())
