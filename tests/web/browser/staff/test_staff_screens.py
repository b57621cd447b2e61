"""Every page of merchandisers, operators and admins, in every state; see `test_screens.py`."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext
from sqlalchemy import delete

from search.database.connection import session_scope
from search.database.models import Job
from search.engine.search_engine import SearchEngine
from tests.support.browser.page_watch import as_parameters, look_at
from tests.support.browser.screens import STAFF, Screen
from tests.support.shops.recorded_runs import add_build, add_night


@pytest.fixture(scope="module", autouse=True)
def night(engine: SearchEngine) -> Iterator[None]:
    """A recorded reindex run, removed afterwards."""
    with session_scope(engine.database) as session:
        jobs = [add_build(session, 11), add_build(session, 12), add_night(session)]
    yield
    with session_scope(engine.database) as session:
        session.execute(delete(Job).where(Job.id.in_(jobs)))


@as_parameters(STAFF)
def test_screen(
    context: BrowserContext, screen: Screen, device: str, pytestconfig: pytest.Config
) -> None:
    look_at(context, screen, device, pytestconfig.getoption("--screenshots"))
