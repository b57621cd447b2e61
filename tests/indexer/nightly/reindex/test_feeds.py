"""Broken feeds remove no products, and store none twice."""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from structlog.testing import capture_logs

from indexer.nightly.reindex_run import Reindex
from search.database.connection import session_scope
from search.database.models import Product
from search.errors import CatalogueShrunk, UnusableCatalogue
from search.settings import Settings
from tests.support.shops.small_catalogue import (
    N,
    Run,
    good_rows,
    indexed_skus,
    live,
    write_catalogue,
)


def test_an_unreadable_catalogue_stops_before_anything_changes(
    run: Run, catalogue: Path, database: Engine, tmp_path: Path, encoded: list[int]
) -> None:
    first = run(catalogue)

    with pytest.raises(UnusableCatalogue):
        run(tmp_path / "nowhere.csv")

    assert live(database).id == first["generation"]
    assert encoded == [N]


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda content: b"", id="empty"),
        pytest.param(lambda content: content.splitlines()[0] + b"\n", id="header only"),
        pytest.param(lambda content: content[: len(content) // 2], id="cut in half"),
        pytest.param(lambda content: content.decode().encode("utf-16"), id="UTF-16"),
        pytest.param(lambda content: content.replace(b"Thing", b"Th\xefng"), id="latin-1"),
        pytest.param(lambda content: b"<html>502 Bad Gateway</html>", id="a web page"),
    ],
)
def test_a_spoilt_feed_takes_nothing_away(
    run: Run, catalogue: Path, database: Engine, settings: Settings, spoil: Callable[[bytes], bytes]
) -> None:
    """Whatever part can't be read, no product is removed, and the live index holds all of them."""
    first = run(catalogue)
    catalogue.write_bytes(spoil(catalogue.read_bytes()))

    with suppress(UnusableCatalogue):
        run(catalogue)

    assert indexed_skus(database, settings) == {f"SKU-{i}" for i in range(N)}
    with session_scope(database) as session:
        assert session.scalars(select(Product.retired_at)).all() == [None] * N
    assert live(database).id == first["generation"]


def test_a_feed_whose_last_row_is_cut_off_stops_for_a_person(
    run: Run, tmp_path: Path, database: Engine, settings: Settings
) -> None:
    """A JSON Lines feed ends in the middle of its last row: that product stays unchanged."""
    folder = tmp_path / "shop"
    write_catalogue(folder, good_rows()).unlink()
    rows = [
        json.dumps({"sku": f"SKU-{i}", "title": f"Thing {i}", "image": f"{i}.png"})
        for i in range(N)
    ]
    feed = folder / "catalogue.jsonl"
    feed.write_text("\n".join(rows) + "\n", encoding="utf-8")
    run(feed, shrink_limit=0.1)
    feed.write_text("\n".join(rows)[:-20], encoding="utf-8")

    with pytest.raises(CatalogueShrunk, match="--allow-shrink"):
        run(feed, shrink_limit=0.1)

    assert indexed_skus(database, settings) == {f"SKU-{i}" for i in range(N)}


def test_a_doubled_feed_doubles_nothing(
    run: Run, catalogue: Path, database: Engine, settings: Settings
) -> None:
    run(catalogue)
    header, *rows = catalogue.read_text(encoding="utf-8").splitlines()
    catalogue.write_text("\n".join([header, *rows, *rows]) + "\n", encoding="utf-8")

    report = run(catalogue)

    assert report["changed"] is False
    assert report["sources"][0]["refusals"] == {"duplicate_sku": N}
    assert report["products"]["products"] == report["products"]["indexed"] == N


def test_a_shrunken_feed_stops_everything_and_is_told(
    run: Run, catalogue: Path, database: Engine, settings: Settings, tmp_path: Path
) -> None:
    """The other catalogues are not published either: a person must look first."""
    first = run(catalogue)
    write_catalogue(catalogue.parent, good_rows(2))
    other = write_catalogue(tmp_path / "other", ["OTHER,Thing,9.png,1.00"])

    with capture_logs() as logs, pytest.raises(CatalogueShrunk, match="--allow-shrink"):
        run(catalogue, other)

    assert live(database).id == first["generation"]
    [alarm] = [line for line in logs if line["event"] == "alarm"]
    assert (alarm["alarm"], alarm["error"]) == ("reindex_refused", "CatalogueShrunk")
    assert alarm["job"]

    report = Reindex(settings, allow_shrink=True, quiet=True).run([str(catalogue), str(other)])
    assert report["rehearsal"]["in_spite_of"] == []
    assert indexed_skus(database, settings) == {"SKU-0", "SKU-1", "OTHER"}
