"""The row of an encode job, while another process ends it."""

from typing import Any

import pytest
from sqlalchemy import Engine, event

from indexer.pictures.encode_job_row import count_once, finish_if_done, start_row
from search.database.connection import session_scope
from search.jobs.job_records import read_job
from search.settings import Settings


@pytest.mark.parametrize("moment", range(4))
def test_somebody_else_may_end_it_at_any_moment(
    database: Engine, settings: Settings, moment: int
) -> None:
    """Another process ends the job after any statement of the check, until one locks the row."""
    with session_scope(database) as session:
        job_id = start_row(session, settings)
        count_once(session, job_id, "model-1")
    seen = 0

    def end_it(*_: Any) -> None:
        nonlocal seen
        seen += 1
        if seen == moment + 1:
            with session_scope(database) as other:
                assert finish_if_done(other, job_id)

    with session_scope(database) as session:
        connection = session.connection()
        event.listen(connection, "after_cursor_execute", end_it)
        assert finish_if_done(session, job_id)
        assert read_job(session, job_id).state == "done"
    assert seen > moment
