"""Alembic's entry point: chooses the database, and sets the lock and the timeouts.

`search.database.connection.migrate` hands over an open connection; the `alembic` command, which
developers use, goes to the database of the settings.
"""

from alembic import context
from sqlalchemy import Connection, create_engine, text

from migrations import LOCK_KEY, is_ours
from search.database.connection import database_url
from search.database.models import Base
from search.settings import load_settings


def run(connection: Connection) -> None:
    """Run the migrations asked for, one process at a time, in one transaction."""
    context.configure(
        connection=connection, target_metadata=Base.metadata, include_name=is_ours
    )  # fmt: skip
    with context.begin_transaction():
        wait_s = int(context.config.attributes.get("wait_s", 60))
        connection.execute(text(f"SET LOCAL lock_timeout = '{wait_s}s'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
        # While a migration waits for a busy table, all other access to the table waits too.
        connection.execute(text("SET LOCAL lock_timeout = '10s'"))
        context.run_migrations()


if context.is_offline_mode():
    context.configure(dialect_name="postgresql", target_metadata=Base.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
elif (given := context.config.attributes.get("connection")) is not None:
    run(given)
else:
    engine = create_engine(database_url(load_settings()))
    with engine.connect() as opened:
        run(opened)
    engine.dispose()
