"""Two generations are compared fairly: the same queries, each side with its own model."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, func, select
from sqlalchemy.engine import URL

from indexer.building.build_generation import build_generation
from indexer.encode_jobs.encode_control import encode_all
from indexer.ingest.ingest_run import ingest
from search.commands.compare import compare
from search.database.connection import open_database, session_scope
from search.database.models import SearchEvent
from search.encoder import Encoder, load_encoder
from search.errors import UnknownGeneration
from search.evaluation.generation_comparison import Comparer, decide, judged_pair
from search.evaluation.judged_queries import Judged, load_judged
from search.merchandising.saved_descriptions import add_saved, mark
from search.publication.publishing import publish
from search.settings import Settings, load_settings
from tests.conftest import own_settings
from tests.support.models.small_encoder import write_checkpoint
from tests.support.shops.plain_shop import PRODUCTS, photo, write_catalogue

UNTITLED = {
    "crimson": "red",
    "emerald": "green",
    "navy": "blue",
    "lemon": "yellow",
    "ebony": "black",
    "rose": "pink",
}
"""Words for colours that no title contains; only a model that knows them finds anything."""
MEASURES = {"recall_at_1", "recall_at_5", "recall_at_10", "mrr", "ndcg_at_10", "precision_at_10"}


@pytest.fixture(scope="module")
def shop(
    postgres_server: URL, tmp_path_factory: pytest.TempPathFactory, encoder: Encoder
) -> Iterator[tuple[Settings, Engine, int, int]]:
    """A shop whose live generation is the embedded model's; one of a random model waits."""
    folder = tmp_path_factory.mktemp("compared")
    for settings in own_settings(postgres_server, folder / "home"):
        database = open_database(settings)
        ingest(database, write_catalogue(folder / "catalogue"), settings)
        encode_all(database, settings, encoder)
        live = publish(database, settings, build_generation(database, settings, encoder))
        model = f"local-dir:{write_checkpoint(folder / 'random')}"
        changed = settings.model_copy(update={"model": model})
        other = load_encoder(model, "cpu")
        encode_all(database, changed, other)
        waiting = build_generation(database, changed, other)
        with session_scope(database) as session:
            for text, sku in (("red plate", "PLATE-RED"), ("blue cushion", "CUSHION-BLUE")):
                saved = add_saved(session, text, actor="mia")
                mark(session, saved, sku, True, actor="mia")
        yield changed, database, live, waiting
        database.dispose()


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Judged queries of the shop, by kind; one photo file holds no picture."""
    folder = tmp_path_factory.mktemp("judged")
    texts = ["text,sku", *(f"{each.title},{each.sku}" for each in PRODUCTS[:6])]
    for word, colour in UNTITLED.items():
        skus = "|".join(each.sku for each in PRODUCTS if each.colour == colour)
        texts.append(f"{word},{skus}")
    (folder / "texts.csv").write_text("\n".join(texts) + "\n", encoding="utf-8")
    photos = ["photo,sku", "broken.jpg,PLATE-RED"]
    (folder / "broken.jpg").write_bytes(b"no picture")
    for each in PRODUCTS[:6]:
        (folder / f"{each.sku}.jpg").write_bytes(photo("Plate", each.colour))
        photos.append(f"{each.sku}.jpg,{each.sku}")
    (folder / "photos.csv").write_text("\n".join(photos) + "\n", encoding="utf-8")
    return {kind: folder / f"{kind}.csv" for kind in ("texts", "photos")}


def test_both_sides_are_asked_everything_with_their_own_model(
    shop: tuple[Settings, Engine, int, int], judged: dict[str, Path], encoder: Encoder
) -> None:
    settings, database, live, waiting = shop
    queries = [query for path in judged.values() for query in load_judged(path)]
    told: list[tuple[int, int, int]] = []

    found = Comparer(database, settings, queries).compare(
        live, waiting, lambda *each: told.append(each)
    )

    assert (found.first.generation, found.first.model_tag) == (live, encoder.tag)
    assert (found.second.generation, found.second.model) == (waiting, settings.model)
    assert (found.judged["text"].queries, found.judged["photo"].queries) == (12, 6)
    assert found.judged["photo"].unread == 1
    for pair in found.judged.values():
        assert set(pair.first) == set(pair.second) == MEASURES
        assert pair.better + pair.worse <= pair.queries
    # Random weights know no words.
    texts = found.judged["text"]
    assert texts.first["ndcg_at_10"] > texts.second["ndcg_at_10"]
    assert found.suite is not None
    assert found.suite.first["descriptions"] == 2
    assert found.overlap is not None
    assert 0 <= found.overlap < 1
    total = len(queries) + 2 + found.titles
    assert told[-1] == (waiting, total, total)
    with session_scope(database) as session:
        assert session.scalar(select(func.count()).select_from(SearchEvent)) == 0


def test_a_generation_compared_with_itself_is_no_better(
    shop: tuple[Settings, Engine, int, int], judged: dict[str, Path]
) -> None:
    settings, database, _, waiting = shop

    found = Comparer(database, settings, load_judged(judged["texts"])).compare(waiting, waiting)

    assert found.judged["text"].first == found.judged["text"].second
    assert (found.winner, found.overlap) == ("neither", 1.0)


def test_a_generation_that_is_not_kept_is_said(shop: tuple[Settings, Engine, int, int]) -> None:
    settings, database, live, _ = shop
    with pytest.raises(UnknownGeneration, match="Generation 999 is not kept"):
        Comparer(database, settings).compare(live, 999)


@pytest.mark.parametrize(
    ("better", "worse", "winner"),
    [(0, 0, "neither"), (7, 7, "neither"), (5, 0, "neither"), (6, 0, "second"), (2, 14, "first")],
)
def test_few_differences_decide_nothing(better: int, worse: int, winner: str) -> None:
    """Five coins all fall alike with 6% probability, six with 3%."""
    assert decide(better, worse)[1] == winner


def test_only_queries_that_both_answered_count() -> None:
    queries = [
        Judged(name, None, name, (sku,), None) for name, sku in (("a", "1"), ("b", "2"), ("c", "9"))
    ]
    categories = {"1": None, "2": None}

    pair = judged_pair(
        queries,
        categories,
        {"a": ["2", "1"], "b": None, "c": []},
        {"a": ["1", "2"], "b": ["2"], "c": []},
    )

    assert (pair.queries, pair.unread, pair.better, pair.worse) == (1, 2, 1, 0)
    assert (pair.first["mrr"], pair.second["mrr"]) == (0.5, 1.0)
    nothing = judged_pair(queries[2:], categories, {"c": []}, {"c": []})
    assert (nothing.queries, nothing.winner) == (0, "neither")


@pytest.fixture
def command(shop: tuple[Settings, Engine, int, int], monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    settings = shop[0]
    monkeypatch.setenv("FINDALIKE_HOME", str(settings.home))
    monkeypatch.setenv(
        "FINDALIKE_DATABASE_URL", settings.as_environment()["FINDALIKE_DATABASE_URL"]
    )
    monkeypatch.setenv("FINDALIKE_DEVICE", "cpu")
    monkeypatch.setenv("COLUMNS", "160")
    load_settings.cache_clear()
    return CliRunner()


def test_the_command_compares_what_is_live_with_what_waits(
    command: CliRunner, shop: tuple[Settings, Engine, int, int], judged: dict[str, Path]
) -> None:
    _, _, live, waiting = shop
    result = command.invoke(compare, ["--texts", str(judged["texts"])], catch_exceptions=False)

    assert result.exit_code == 0
    for part in (
        "12 text queries",
        "ndcg_at_10",
        "2 saved descriptions",
        f"findalike publish {waiting}",
    ):
        assert part in result.stdout
    assert f"Generation {live}:" in result.stdout


def test_the_command_writes_json(
    command: CliRunner, shop: tuple[Settings, Engine, int, int]
) -> None:
    _, _, live, waiting = shop
    arguments = [str(waiting), str(live), "--json"]
    found = json.loads(command.invoke(compare, arguments, catch_exceptions=False).stdout)

    assert (found["first"]["generation"], found["second"]["generation"]) == (waiting, live)
    assert found["judged"] == {}
    assert found["winner"] == "neither"


@pytest.mark.usefixtures("database")
def test_without_anything_to_compare_it_says_what_to_do() -> None:
    result = CliRunner().invoke(compare, [])
    assert "findalike reindex" in str(result.exception)
