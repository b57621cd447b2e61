"""Migrations produce exactly the schema of the models, up and down, one process at a time."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from click.testing import CliRunner
from sqlalchemy import CheckConstraint, Engine, create_engine, inspect, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from migrations import LOCK_KEY, is_ours
from search.commands.migrate import migrate as migrate_command
from search.database import schema
from search.database.models import Base, GenerationRow
from search.errors import AlreadyRunning, SchemaOutdated
from search.settings import Settings, load_settings

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def empty(empty_database_url: str) -> Iterator[Engine]:
    """A database without tables."""
    engine = create_engine(empty_database_url)
    yield engine
    engine.dispose()


def drift(database: Engine) -> list[object]:
    """Return how the database differs from the models."""
    with database.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"include_name": is_ours, "compare_type": True, "compare_server_default": True},
        )
        return list(compare_metadata(context, Base.metadata))


def test_models_and_migrations_agree(database: Engine) -> None:
    """Tables, columns, types, defaults, indexes, keys."""
    assert drift(database) == []


def test_generated_columns_agree(database: Engine, empty: Engine) -> None:
    """Alembic's autogeneration does not compare these either."""
    generated = text(
        "SELECT column_name, generation_expression FROM information_schema.columns "
        "WHERE table_name = 'product' AND is_generated = 'ALWAYS' ORDER BY 1"
    )
    Base.metadata.create_all(empty)
    with database.connect() as migrated, empty.connect() as declared:
        found = migrated.execute(generated).all()
        assert [name for name, _ in found] == ["search", "sku_key"]
        assert found == declared.execute(generated).all()


def test_drift_would_be_noticed(database: Engine) -> None:
    """The test above can indeed fail."""
    with database.begin() as connection:
        connection.execute(text("ALTER TABLE product ADD COLUMN forgotten text"))
        connection.execute(text("DROP INDEX uq_generation_live"))
    assert len(drift(database)) == 2


def test_tables_of_the_queue_are_not_drift(database: Engine) -> None:
    """kombu creates them in the same database."""
    from kombu.transport.sqlalchemy.models import metadata

    with database.begin() as connection:
        connection.execute(text("CREATE TABLE kombu_queue (id int)"))
        connection.execute(text("CREATE TABLE celery_taskmeta (id int)"))
    assert drift(database) == []
    assert all(not is_ours(name, "table", {}) for name in metadata.tables)


def test_check_constraints_agree(database: Engine) -> None:
    """Alembic's autogeneration does not compare these."""
    inspector = inspect(database)
    for table in Base.metadata.sorted_tables:
        declared = {
            str(constraint.name): sorted(str(constraint.sqltext).split("'")[1::2])
            for constraint in table.constraints
            if isinstance(constraint, CheckConstraint)
        }
        found = {
            str(constraint["name"]): sorted(str(constraint["sqltext"]).split("'")[1::2])
            for constraint in inspector.get_check_constraints(table.name)
        }
        assert found == declared, table.name


def test_constraints_keep_their_names(database: Engine) -> None:
    """A later migration finds them by name."""
    inspector = inspect(database)
    for table in Base.metadata.sorted_tables:
        declared = {str(constraint.name) for constraint in table.constraints}
        found = {
            str(constraint["name"])
            for constraints in (
                inspector.get_check_constraints(table.name),
                inspector.get_foreign_keys(table.name),
                inspector.get_unique_constraints(table.name),
                [inspector.get_pk_constraint(table.name)],
            )
            for constraint in constraints
        }
        assert found == declared, table.name


def test_only_one_generation_is_live(database: Engine) -> None:
    """A partial unique index guarantees it."""
    with Session(database) as session:
        for name in ("a", "b"):
            session.add(GenerationRow(state="live", model_tag="m", directory=name))
        with pytest.raises(IntegrityError, match="uq_generation_live"):
            session.commit()


def test_up_down_and_up_again(empty: Engine) -> None:
    """Going back leaves nothing behind."""
    schema.migrate(empty)
    assert schema.schema_revision(empty) == schema.newest_revision()
    schema.migrate(empty, "base")
    assert schema.schema_revision(empty) is None
    assert inspect(empty).get_table_names() == ["alembic_version"]
    schema.migrate(empty)
    assert drift(empty) == []


def test_processes_that_migrate_at_once_wait_for_each_other(empty_database_url: str) -> None:
    """Every start with the embedded server may be the first one."""

    def start(_number: int) -> str | None:
        engine = create_engine(empty_database_url)
        try:
            schema.migrate(engine)
            return schema.schema_revision(engine)
        finally:
            engine.dispose()

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(start, range(4))) == [schema.newest_revision()] * 4


def test_first_starts_at_the_same_moment(empty: Engine, empty_database_url: str) -> None:
    """The same between processes, which share no lock of Python."""
    script = (
        "import sys; from sqlalchemy import create_engine; from search.database import schema;"
        "sys.stdin.readline(); schema.migrate(create_engine(sys.argv[1]))"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", script, empty_database_url],
            cwd=REPOSITORY, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(3)
    ]  # fmt: skip
    for process in processes:
        _, said = process.communicate("\n", timeout=60)
        assert process.returncode == 0, said
    assert drift(empty) == []


def test_migration_held_up_says_so(empty: Engine) -> None:
    """It does not wait for ever."""
    with empty.connect() as other:
        other.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK_KEY})
        with pytest.raises(AlreadyRunning, match="another migration"):
            schema.migrate(empty, wait_s=1)
        other.execute(text("SELECT pg_advisory_unlock_all()"))
    assert schema.schema_revision(empty) is None


def test_schema_of_a_newer_release_is_refused(database: Engine) -> None:
    """It changes nothing."""
    with database.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaOutdated, match="newer release"):
        schema.migrate(database)
    with pytest.raises(SchemaOutdated, match="9999"):
        schema.check_schema(database)


def test_command_says_what_it_did(empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Running it twice is fine."""
    monkeypatch.setenv("FINDALIKE_DATABASE_URL", empty_database_url)
    load_settings.cache_clear()
    newest = schema.newest_revision()
    first = CliRunner().invoke(migrate_command, [])
    assert first.stdout == f"The schema went from nothing to revision {newest}.\n"
    second = CliRunner().invoke(migrate_command, ["--json"])
    assert f'"before": "{newest}"' in second.stdout
    third = CliRunner().invoke(migrate_command, [])
    assert third.stdout == f"The schema is up to date, at revision {newest}.\n"


def test_alembics_own_command_finds_everything(settings: Settings) -> None:
    """Developers write migrations with it; `check` compares models and database."""
    assert settings.database_url is not None  # in the environment, for the command too
    for arguments in (["check"], ["upgrade", "head", "--sql"]):
        done = subprocess.run(
            [sys.executable, "-m", "alembic", *arguments],
            cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    assert "CREATE TABLE product_image" in done.stdout
