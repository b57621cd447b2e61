"""Does the nightly run that a message asks for, once however often the message is delivered.

A broker delivers a message again when it takes the worker for dead: RabbitMQ when the connection
breaks, Redis after its visibility time-out, whether the worker lives or not. So the report of the
job names the message that asked for it. No error is raised, because whoever asked does not wait:
the job row, the log and the alarm tell the outcome.
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
        settings: Settings of the run.
        message: The id of the message, the same at each delivery.
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
    """Return whether a run that this message asked for has ended, well or not.

    A killed run has not: its row says `running`, and the run is to go on.
    """
    ended = select(Job.id).where(
        Job.kind == "reindex", Job.state != "running", Job.report[MESSAGE].as_string() == message
    )
    with session_scope(database) as session:
        return session.scalars(ended.limit(1)).first() is not None
