"""The soak at small size, and that it would notice what it looks for."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy import delete, select, text, update

from scripts.soaking.invariant import find_wrong_after_run, find_wrong_now, read_indexed
from scripts.soaking.rounds import Soak, _differences, soak
from scripts.soaking.shop import ChangingShop
from search.db import connect_database, session_scope
from search.models import Embedding, Product
from search.settings import Settings

KILLS = 2


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("soak")


@pytest.fixture(scope="module")
def result(folder: Path) -> Soak:
    told: list[str] = []
    return soak(folder, kills=KILLS, products=24, seed=4, minutes=3, watch=False, tell=told.append)


@pytest.fixture(scope="module")
def database(folder: Path, result: Soak) -> Iterator[sqlalchemy.Engine]:
    assert result.kills
    engine = connect_database(Settings(home=folder / "home"))
    yield engine
    engine.dispose()


@pytest.mark.timeout(400)
def test_nothing_is_lost_and_no_search_fails(result: Soak) -> None:
    assert result.wrong == []
    assert result.search_failures == []
    assert result.kills.total() <= KILLS
    assert result.healed >= 1
    assert result.searches > 0


def test_a_lost_product_is_noticed(database: sqlalchemy.Engine, folder: Path) -> None:
    with session_scope(database) as session:
        report = _report_of_last_run(session)
        session.execute(
            update(Product)
            .where(Product.id == select(Product.id).limit(1).scalar_subquery())
            .values(sku="ELSEWHERE")
        )
    wrong = find_wrong_after_run(
        database, folder / "home", folder / "shop" / "catalogue.csv", report
    )
    assert any("ELSEWHERE" in sentence for sentence in wrong)


def test_an_embedding_that_is_lost_or_mixed_up_is_noticed(
    database: sqlalchemy.Engine, folder: Path
) -> None:
    with session_scope(database) as session:
        session.execute(update(Embedding).values(row=0))
    assert any("one row" in sentence for sentence in find_wrong_now(database, folder / "home"))
    with session_scope(database) as session:
        report = _report_of_last_run(session)
        session.execute(delete(Embedding))
    wrong = find_wrong_after_run(
        database, folder / "home", folder / "shop" / "catalogue.csv", report
    )
    assert any("is nobody's" in sentence for sentence in wrong)


def test_another_index_is_noticed(database: sqlalchemy.Engine, folder: Path) -> None:
    with session_scope(database) as session:
        held = read_indexed(session, folder / "home")
    assert _differences(held, held) == []
    row, *rest = held
    turned = {row: -held[row]} | {other: held[other] for other in rest}
    assert len(_differences(turned, held)) == 1
    assert len(_differences({other: held[other] for other in rest}, held)) == 1


def test_a_day_changes_the_catalogue_and_not_too_much(tmp_path: Path) -> None:
    shop = ChangingShop(tmp_path, 60, seed=1)
    before = dict(shop.items)
    pictures = {path.name: path.read_bytes() for path in tmp_path.glob("*.png")}
    shop.pass_a_day()
    gone = before.keys() - shop.items.keys()
    assert 0 < len(gone) < 0.2 * len(before)
    assert shop.items.keys() - before.keys()
    assert any((tmp_path / name).read_bytes() != content for name, content in pictures.items())


def _report_of_last_run(session: sqlalchemy.orm.Session) -> dict[str, object]:
    found = session.scalars(
        text("SELECT report FROM job WHERE kind = 'reindex' AND state = 'done' ORDER BY id DESC")
    )
    return dict(found.first() or {})
