"""The schema of the database: which revision it has, which one is needed, getting there."""

import threading
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import structlog
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from search.errors import AlreadyRunning, SchemaOutdated

if TYPE_CHECKING:  # Alembic takes 0.1 s to import, and most starts find nothing to migrate
    from alembic.config import Config

log = structlog.get_logger()
_alembic_turn = threading.Lock()  # Alembic hands its state around in module globals


def _alembic_config() -> "Config":
    """Return Alembic's configuration: the scripts lie in the package `migrations`."""
    from alembic.config import Config

    import migrations

    config = Config()
    place = str(Path(migrations.__file__).parent)
    config.set_main_option("script_location", place.replace("%", "%%"))
    return config


@lru_cache(maxsize=1)
def newest_revision() -> str:
    """Return the schema revision that this release needs."""
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(_alembic_config()).get_current_head() or ""


def schema_revision(database: Engine) -> str | None:
    """Return the schema revision of the database; None where nothing was ever migrated."""
    with database.connect() as connection:
        if connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
            return None
        found = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return None if found is None else str(found)


def check_schema(database: Engine) -> None:
    """Refuse a database whose schema is not this release's.

    Raises:
        SchemaOutdated: it is not.
    """
    found, newest = schema_revision(database), newest_revision()
    if found != newest:
        raise SchemaOutdated(
            f"The database's schema is at revision {found or 'none'}, this release needs {newest}. "
            "Run `findalike migrate`."
        )


def migrate(database: Engine, revision: str = "head", *, wait_s: int = 60) -> None:
    """Bring the schema to the newest revision; others that try meanwhile wait.

    Args:
        database: Which; its rows stay.
        wait_s: Longest wait for another migration to end.
        revision: `head`, or an older revision to go back to (`base`: no tables at all).

    Raises:
        AlreadyRunning: another migration, or a long transaction, holds what this one needs.
        SchemaOutdated: the database was migrated by a newer release.
    """
    from alembic import command
    from alembic.util import CommandError

    config = _alembic_config()
    if revision == "head" and schema_revision(database) == newest_revision():
        return
    try:
        with _alembic_turn, database.connect() as connection:
            config.attributes.update(connection=connection, wait_s=wait_s)
            (command.upgrade if revision == "head" else command.downgrade)(config, revision)
            connection.commit()
    except OperationalError as error:
        if not isinstance(error.orig, psycopg.errors.LockNotAvailable):
            raise
        raise AlreadyRunning(
            "The schema can't be changed now: another migration or a long transaction holds the "
            "tables. Stop workers and servers, then run `findalike migrate` again."
        ) from error
    except CommandError as error:
        raise SchemaOutdated(
            f"The database's schema is unknown to this release ({error}); a newer release made "
            "it. Install that release again."
        ) from error
    log.info("schema_migrated", revision=schema_revision(database))
