"""Searches that found nothing close, counted by text and period."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from search.database.models import Click, SearchEvent
from search.engine.search_engine import SearchEngine
from search.merchandising.search_gaps import count_photos, least_searches, list_gaps, list_photos
from search.results import Query
from tests.support.factories import make_product


def ask(session: Session, text: str | None, n: int = 1, **fields: object) -> list[SearchEvent]:
    """Add n searches that found nothing close."""
    values = {
        "kind": "text", "text": text, "filters": {}, "page": 1, "total": 9, "shown": [],
        "elapsed_ms": 1.0, "verdict": "nothing",
    }  # fmt: skip
    events = [SearchEvent(**(values | fields)) for _ in range(n)]
    session.add_all(events)
    session.flush()
    return events


def test_words_are_counted_however_they_are_written(session: Session) -> None:
    ask(session, "hammock", 2)
    ask(session, " HAMMOCK ", filters={"colours": ["green"]}, shown=[[7, 0.3, 1], [8, None, 1]])
    ask(session, "cot", total=0, verdict=None)
    ask(session, "mug", verdict="close")
    ask(session, "hammock", page=2)
    ask(session, "hammock", kind="similar")
    ask(session, "old", created_at=datetime.now(UTC) - timedelta(days=8))

    found, total = list_gaps(session, "nothing", days=7, limit=10)

    assert [(gap.text, gap.times) for gap in found] == [("hammock", 3), ("cot", 1)]
    assert total == 2
    assert found[0].filters == ({"colours": ["green"]},)
    assert found[0].shown == (7,), "variants have no place of their own"
    assert [g.text for g in list_gaps(session, "nothing", days=7, limit=1, offset=1)[0]] == ["cot"]
    assert list_gaps(session, "nothing", days=30, limit=0)[1] == 3


def test_never_opened_is_judged_by_how_often_others_are(session: Session) -> None:
    product = make_product(session)
    events = ask(session, "mug", 20, verdict="close")
    ask(session, "cushion", 40, verdict="close")
    ask(session, "lamp", 4, verdict="close")
    assert least_searches(session, 30) is None
    assert list_gaps(session, "unopened", days=30, limit=9) == ([], 0)
    for event in events[:8]:
        session.add(Click(search_event_id=event.id, product_id=product.id, rank=1))
    session.flush()

    assert least_searches(session, 30) == 24  # 3 clicks at 8 in 64
    found, _ = list_gaps(session, "unopened", days=30, limit=9)
    assert [(gap.text, gap.times) for gap in found] == [("cushion", 40)]


def test_photos(session: Session) -> None:
    ask(session, None, 2, kind="photo")
    [kept] = ask(session, "in green", kind="both", photo="a.jpg")
    ask(session, None, kind="photo", verdict="same")

    assert count_photos(session, days=30) == (3, 1)
    [gap] = list_photos(session, days=30, limit=10)
    assert (gap.event_id, gap.photo, gap.text) == (kept.id, "a.jpg", "in green")


@pytest.mark.parametrize("record", [True, False])
def test_an_event_knows_its_verdict(engine: SearchEngine, record: bool) -> None:
    page = engine.search(Query(text="red plate", record=record))
    assert (page.event_id is not None) is record
    if page.event_id is not None:
        with Session(engine.database) as session:
            assert session.get_one(SearchEvent, page.event_id).verdict == page.verdict
