"""Publishing and rolling back from the pages: confirmed, done, audited, refused with reasons."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.engine import URL

from indexer.building.build_generation import build_generation
from search.database.advisory_locks import exclusively
from search.database.audit_trail import read_trail
from search.database.connection import session_scope
from search.database.models import GenerationRow, Product, SuiteRun
from search.encoder import Encoder, load_encoder
from search.engine.search_engine import SearchEngine
from search.index.generation_files import INDEX, read_manifest
from search.index.manifest_files import write_manifest
from search.merchandising.saved_descriptions import add_saved, mark
from search.publication.publishing import publish
from search.settings import Settings
from tests.conftest import open_engine, own_settings
from tests.support.factories import clustered_vectors
from tests.support.models.small_encoder import write_checkpoint
from tests.support.shops.encoded_shop import encode_shop, fill_shop, picture_sha256
from tests.support.staff import log_in, token_of
from tests.support.written_generations import flip_byte
from web import create_app
from web.state import WebState

Shop = tuple[Flask, int, int]


@pytest.fixture
def shop(postgres_server: URL, tmp_path: Path, small_encoder: Encoder) -> Iterator[Shop]:
    """The application of a shop with two generations: the first retired, the second live."""
    for settings in own_settings(postgres_server, tmp_path / "home"):
        for engine in open_engine(settings, small_encoder):
            database = engine.database
            fill_shop(database, settings, small_encoder.tag, 20)
            first, second = (
                publish(database, settings, build_generation(database, settings, small_encoder))
                for _ in range(2)
            )
            engine.live.refresh()
            yield create_app(settings, engine), first, second


def engine_of(app: Flask) -> SearchEngine:
    state: WebState = app.extensions["findalike"]
    return state.engine


def send(client: FlaskClient, address: str, **fields: str) -> tuple[int, str]:
    token = token_of(client, "/ops/generations")
    answer = client.post(address, data={"csrf_token": token, **fields}, follow_redirects=True)
    return answer.status_code, answer.text


def test_rolling_back_asks_then_does_it_and_is_recorded(shop: Shop) -> None:
    app, first, second = shop
    client = log_in(app, "operator")
    assert f"Roll back to {first}" in client.get("/ops/generations").text
    address = f"/ops/generations/{first}/rollback"

    status, page = send(client, address)
    assert status == 200
    assert f"Roll back to generation {first}?" in page
    assert engine_of(app).generation().id == second

    status, page = send(client, address, confirmed="yes")
    assert status == 200
    assert f"Generation {first} is live again." in page
    assert engine_of(app).generation().id == first  # at once, in this process
    with session_scope(engine_of(app).database) as session:
        (entry, *_), _ = read_trail(session, action="generation")
    told = (entry.actor, entry.action, entry.subject, entry.details)
    assert told == ("operator", "generation.rollback", str(first), {"left": second})


def test_publishing_asks_then_does_it_and_is_recorded(shop: Shop) -> None:
    app, first, second = shop
    client = log_in(app, "admin")
    address = f"/ops/generations/{first}/publish"

    assert f"Publish generation {first}?" in send(client, address)[1]
    assert f"Generation {first} is live." in send(client, address, confirmed="yes")[1]
    with session_scope(engine_of(app).database) as session:
        assert session.get_one(GenerationRow, second).state == "retired"
        (entry, *_), _ = read_trail(session, action="generation.publish")
    assert (entry.actor, entry.subject) == ("admin", str(first))


def test_publishing_asks_the_saved_descriptions(shop: Shop) -> None:
    app, first, _second = shop
    with session_scope(engine_of(app).database) as session:
        sku = session.scalars(select(Product.sku).order_by(Product.id)).first()
        assert sku is not None
        mark(session, add_saved(session, "a thing", actor="mia"), sku, True, actor="mia")
    send(log_in(app, "operator"), f"/ops/generations/{first}/publish", confirmed="yes")
    with session_scope(engine_of(app).database) as session:
        runs = session.execute(select(SuiteRun.generation_id, SuiteRun.started_by)).all()
    assert [tuple(run) for run in runs] == [(first, "operator")]


def test_a_rollback_that_leads_elsewhere_by_now_is_refused(shop: Shop) -> None:
    app, _first, second = shop
    status, page = send(
        log_in(app, "operator"), f"/ops/generations/{second}/rollback", confirmed="yes"
    )
    assert status == 409
    assert "Meanwhile somebody" in page
    assert engine_of(app).generation().id == second


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ("damage", "is not what its checksum says"),
        ("recall", "the build measured 0.500"),
        ("lock", "Another publication is at work"),
    ],
)
def test_refusals_are_shown_as_they_are(shop: Shop, trouble: str, words: str) -> None:
    app, first, second = shop
    state: WebState = app.extensions["findalike"]
    client, database = log_in(app, "operator"), state.engine.database
    settings: Settings = state.settings
    with session_scope(database) as session:
        directory = settings.root / "generations" / session.get_one(GenerationRow, first).directory
    address, answer = f"/ops/generations/{first}/publish", (0, "")
    if trouble == "damage":
        flip_byte(directory / INDEX)
        answer = send(client, address, confirmed="yes")
    elif trouble == "recall":
        lower_recall(directory)
        answer = send(client, address, confirmed="yes")
    else:
        with exclusively(database, "publication"):
            answer = send(client, address, confirmed="yes")
    assert answer[0] == 409
    assert words in answer[1]
    assert 'role="alert"' in answer[1]
    assert state.engine.generation().id == second


def test_what_was_refused_is_published_in_spite_of_it(shop: Shop) -> None:
    app, first, second = shop
    state: WebState = app.extensions["findalike"]
    database = state.engine.database
    with session_scope(database) as session:
        directory = session.get_one(GenerationRow, first).directory
    lower_recall(state.settings.root / "generations" / directory)
    client, address = log_in(app, "operator"), f"/ops/generations/{first}/publish"

    status, page = send(client, address, confirmed="yes")
    assert status == 409
    assert 'name="in_spite_of" value="recall"' in page
    assert 'value="overlap"' not in page  # that one passed
    assert "It was not published" in client.get(f"/ops/generations/{first}").text

    status, page = send(client, address, confirmed="yes", in_spite_of="recall")
    assert status == 200
    assert state.engine.generation().id == first
    assert "Published in spite of recall." in client.get(f"/ops/generations/{first}").text
    with session_scope(database) as session:
        (entry, *_), _ = read_trail(session, action="generation.publish")
    assert (entry.actor, entry.details) == (
        "operator",
        {"left": second, "in_spite_of": ["recall"]},
    )


def lower_recall(directory: Path) -> None:
    """Write a lower recall into a manifest."""
    manifest = read_manifest(directory)
    measured = manifest.measured.model_copy(update={"recall_at_10": 0.5})
    write_manifest(directory, manifest.model_copy(update={"measured": measured}))


def test_only_operators_and_with_a_token(shop: Shop) -> None:
    app, first, _second = shop
    address = f"/ops/generations/{first}/publish"
    client = log_in(app, "merchandiser")
    fields = {"csrf_token": token_of(client, "/studio"), "confirmed": "yes"}
    assert client.post(address, data=fields).status_code == 403
    assert log_in(app, "operator").post(address, data={"confirmed": "yes"}).status_code == 400


def test_what_is_gone_can_not_be_published(shop: Shop) -> None:
    app, _first, _second = shop
    assert send(log_in(app, "operator"), "/ops/generations/999/publish")[0] == 404


def test_a_new_model_that_waits_is_shown_with_the_way_to_compare(
    shop: Shop, tmp_path: Path
) -> None:
    app, _, second = shop
    state: WebState = app.extensions["findalike"]
    model = f"local-dir:{write_checkpoint(tmp_path / 'new', seed=4)}"
    changed = state.settings.model_copy(update={"model": model})
    other = load_encoder(model, "cpu")
    shas = [picture_sha256(i) for i in range(20)]
    encode_shop(engine_of(app).database, changed, other.tag, shas, clustered_vectors(20, 32))
    client = log_in(app, "operator")
    assert "A new model waits" not in client.get("/ops/generations").text

    waiting = build_generation(engine_of(app).database, changed, other)
    page = client.get("/ops/generations").text

    assert "A new model waits" in page
    assert f"findalike compare {second} {waiting}" in page
    assert other.tag in page
    assert model in page
    code, text = send(client, f"/ops/generations/{waiting}/publish", confirmed="yes")
    assert (code, f"Generation {waiting} is live." in text) == (200, True)
    assert engine_of(app).answering().encoder.tag == other.tag  # at once, in this process
