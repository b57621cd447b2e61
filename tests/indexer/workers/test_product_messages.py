"""Products sent by messages are recorded, settled at once, and never refused silently."""

from typing import Any

import pytest
from celery import Celery
from sqlalchemy import Engine, select

import indexer.workers.product_messages as messages
from indexer.queue.broker import PRODUCT_QUEUE, prepare_broker, waiting_messages
from indexer.queue.celery_app import make_app
from indexer.workers.product_messages import DELETE_PRODUCT, PUT_PRODUCT, register_product_tasks
from search.catalogue.change_inbox import InboxChange, list_changes
from search.database.audit_trail import read_trail
from search.database.connection import session_scope
from search.database.models import Product
from search.settings import Settings

MUG: dict[str, Any] = {"sku": "M-1", "title": "Red mug", "image": "https://shop.example/m.jpg"}


@pytest.fixture
def app(database: Engine, settings: Settings) -> Celery:
    app = make_app(settings)
    register_product_tasks(app, database, settings)
    return app


def changes(database: Engine) -> list[InboxChange]:
    with session_scope(database) as session:
        return list_changes(session, limit=100)[0][::-1]


def test_a_product_is_sent_and_withdrawn(app: Celery, database: Engine) -> None:
    app.tasks[PUT_PRODUCT].apply([MUG]).get()
    with session_scope(database) as session:
        mug = session.scalars(select(Product)).one()
        assert (mug.sku, mug.title, mug.retired_at) == ("M-1", "Red mug", None)

    app.tasks[DELETE_PRODUCT].apply(["M-1"]).get()
    app.tasks[DELETE_PRODUCT].apply(["M-1"]).get()  # delivered twice

    assert [change.state for change in changes(database)] == ["done"] * 3
    with session_scope(database) as session:
        assert session.scalars(select(Product)).one().retired_at is not None
        assert read_trail(session, actor="message")[1] == 3


@pytest.mark.parametrize(
    ("task", "given", "sku", "told"),
    [
        (PUT_PRODUCT, MUG | {"title": ""}, "M-1", "title"),
        (PUT_PRODUCT, MUG | {"sku": None}, "", "sku"),
        (PUT_PRODUCT, MUG | {"image": "/etc/passwd"}, "M-1", "http(s)"),
        (PUT_PRODUCT, {"sku": "M-1", "title": "Mug"}, "M-1", "picture"),
        (PUT_PRODUCT, MUG | {"sku": "a\x00b"}, "ab", "NUL"),
        (PUT_PRODUCT, MUG | {"sku": "half \ud83d"}, "half ?", "sku"),
        (PUT_PRODUCT, ["M-1"], "", "dictionary"),
        (DELETE_PRODUCT, "", "", "sku"),
        (DELETE_PRODUCT, 5, "", "sku"),
    ],
)
def test_a_message_without_sense_is_shown_as_refused(
    app: Celery, database: Engine, task: str, given: object, sku: str, told: str
) -> None:
    app.tasks[task].apply([given]).get()

    change = changes(database)[0]
    assert (change.state, change.reason, change.sku) == ("refused", "bad_message", sku)
    assert told in (change.detail or "")


def test_a_message_outlives_the_database(
    app: Celery, database: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change that can't be recorded now is delivered again later."""
    from sqlalchemy.exc import OperationalError

    def away(*_: object) -> None:
        raise OperationalError("COMMIT", {}, Exception("server closed the connection"))

    monkeypatch.setattr(messages, "run_transaction", away)
    prepare_broker(app, settings)
    task = app.tasks[PUT_PRODUCT]
    task.push_request(args=[MUG], kwargs={}, called_directly=False, retries=7)
    try:
        with pytest.raises(Exception, match="Retry"):
            task.run(MUG)
    finally:
        task.pop_request()
    assert waiting_messages(app, PRODUCT_QUEUE) == 1
    assert changes(database) == []
