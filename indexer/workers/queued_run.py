"""The nightly run that a message asks for: once, however often the message is delivered.

A broker hands a message out again when it thinks that the worker is gone: RabbitMQ when the
connection breaks, Redis after its visibility time-out, whether the worker lives or not. So the
job's report names the message that asked for it. It raises nothing: whoever asked is not there any
more, and learns from the job row, the log and the alarm what came of it.
"""

import sqlalchemy
import structlog
from sqlalchemy import select

from indexer.nightly.reindex_run import Reindex
from search.database.connection import session_scope
from search.database.models import Job
from search.errors import AlreadyRunning
from search.settings import Settings

MESSAGE = "message"
"""What the report calls the id of the message that asked for the run."""

log = structlog.get_logger()


def run_queued(database: sqlalchemy.Engine, settings: Settings, message: str) -> None:
    """Run `reindex` for a message, on the catalogues that were read before.

    Args:
        database: Where jobs are recorded.
        settings: What to run with.
        message: The id that all deliveries of the message have in common.
    """
    if was_answered(database, message):
        log.info("reindex_done_before", message=message)
        return
    run = Reindex(settings, quiet=True)
    run.report[MESSAGE] = message
    try:
        run.run(())
    except AlreadyRunning as error:
        log.warning("reindex_skipped", message=message, reason=str(error))
    except Exception:  # the job row and the alarm have the reason; the message is answered
        log.exception("reindex_failed", message=message)
    else:
        log.info("reindex_done", message=message, generation=run.report["generation"])


def was_answered(database: sqlalchemy.Engine, message: str) -> bool:
    """Return whether a run that this message asked for has come to its end, good or bad.

    One that was killed has not: its row says `running`, and it is to go on.
    """
    asked = select(Job.id).where(
        Job.kind == "reindex", Job.state != "running", Job.report[MESSAGE].as_string() == message
    )
    with session_scope(database) as session:
        return session.scalars(asked.limit(1)).first() is not None
