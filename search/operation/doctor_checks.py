"""What `findalike doctor` checks: each check says what it found and, if that is bad, the remedy.

Checks change nothing, except that the embedded database starts if it is used.
"""

import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sqlalchemy import Engine

from search.errors import DamagedGeneration, FindalikeError
from search.operation.disk_use import free_bytes, nearest
from search.settings import Settings, load_settings, show_setting

if TYPE_CHECKING:
    from search.encoder import Encoder
    from search.live.live_pointer import LivePointer

LEAST_FREE_BYTES = 1_000_000_000
LIBRARIES = (
    "torch", "torchvision", "open_clip_torch", "timm", "faiss-cpu", "faiss-gpu-cu12",
    "numpy", "pillow", "sqlalchemy", "psycopg", "celery", "kombu", "flask",
)  # fmt: skip

State = Literal["ok", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class DoctorCheck:
    """The outcome of one check."""

    name: str
    state: State
    found: str
    remedy: str = ""


def run_checks(
    settings: Settings | None = None, encoder: "Encoder | None" = None
) -> Iterator[DoctorCheck]:
    """Run all checks, cheap ones first; yields each as it ends.

    Args:
        settings: What is to be checked; None: what the environment says.
        encoder: The model that answers in this process; None: it is loaded to see.
    """
    yield check_python()
    yield check_libraries()
    try:
        settings = settings or load_settings()
    except FindalikeError as error:
        yield DoctorCheck("settings", "failed", str(error), "Correct the variable, or unset it.")
        return
    yield check_settings(settings)
    yield guarded("home", lambda: check_home(settings.root))
    yield guarded("disk", lambda: check_disk(settings.root))
    yield from check_services(settings, encoder)


def guarded(name: str, check: Callable[[], DoctorCheck]) -> DoctorCheck:
    """Run a check; what it does not expect is its failure, never the doctor's."""
    try:
        return check()
    except FindalikeError as error:
        return DoctorCheck(name, "failed", str(error), "")
    except Exception as error:  # a doctor must finish the examination
        return DoctorCheck(
            name, "failed", f"{type(error).__name__}: {error}",
            "This is not expected; report it with the full output of `findalike doctor --json`.",
        )  # fmt: skip


def check_python() -> DoctorCheck:
    """The interpreter and machine; torch and faiss need 64 bit."""
    found = f"{platform.python_version()} on {platform.platform()}, {os.cpu_count()} cores"
    if sys.maxsize < 2**32:
        return DoctorCheck("python", "failed", f"{found}, 32 bit", "Install a 64 bit Python.")
    return DoctorCheck("python", "ok", found)


def check_libraries() -> DoctorCheck:
    """The installed libraries import, and where a model would run."""
    found = []
    for name in LIBRARIES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    try:
        import faiss
        import torch

        from search.encoder.torchvision_ops import declare_missing_operators

        declare_missing_operators()
        import torchvision.transforms  # noqa: F401
    except (ImportError, OSError, RuntimeError) as error:
        return DoctorCheck(
            "libraries", "failed", f"{error} ({', '.join(found)})",
            "Install again with the constraints file: pip install -c constraints.txt findalike.",
        )  # fmt: skip
    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    on_gpu = getattr(faiss, "get_num_gpus", int)()
    devices = f"CUDA: {', '.join(gpus) or 'none'}; faiss sees {on_gpu} GPUs"
    return DoctorCheck("libraries", "ok", f"{', '.join(found)}; {devices}")


def check_settings(settings: Settings) -> DoctorCheck:
    """What is set away from its default; secrets are not shown."""
    changed = [
        f"FINDALIKE_{name.upper()}={show_setting(getattr(settings, name))}"
        for name, field in Settings.model_fields.items()
        if getattr(settings, name) != field.default
    ]
    return DoctorCheck("settings", "ok", ", ".join(changed) or "all at their defaults")


def check_home(root: Path) -> DoctorCheck:
    """FINDALIKE_HOME can be written."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=root, prefix=".doctor-"):
            pass
    except OSError as error:
        return DoctorCheck(
            "home", "failed", f"{root}: {error}",
            "Make the directory writable for this user, or point FINDALIKE_HOME elsewhere.",
        )  # fmt: skip
    return DoctorCheck("home", "ok", str(root))


def check_disk(root: Path) -> DoctorCheck:
    """There is room for embeddings, generations and the database."""
    free = free_bytes(root)
    found = f"{free / 1e9:.1f} GB free at {nearest(root)}"
    if free < LEAST_FREE_BYTES:
        remedy = "Free at least 1 GB there, or point FINDALIKE_HOME to another disk."
        return DoctorCheck("disk", "failed", found, remedy)
    return DoctorCheck("disk", "ok", found)


def check_services(settings: Settings, encoder: "Encoder | None" = None) -> Iterator[DoctorCheck]:
    """Database, schema, broker, model, live generation; skips what hangs on a failed one."""
    from search.database.connection import connect_database

    database: Engine | None = None
    try:
        database = connect_database(settings, application_name="findalike-doctor")
    except FindalikeError as error:
        yield DoctorCheck("database", "failed", str(error))
    else:
        opened = database
        yield guarded("database", lambda: check_database(opened))
    schema = _needing(database, "schema", lambda found: check_schema_is_newest(found, settings))
    yield schema
    yield guarded("broker", lambda: check_broker(settings, reachable=database is not None))
    tags: list[str] = []
    ready = database if schema.state == "ok" else None
    model, new = model_of(ready, settings), settings.model
    yield guarded("model", lambda: check_model(model, settings, tags, encoder))
    if encoder is None and new != model:
        yield guarded("new model", lambda: check_model(new, settings, []))
    yield _needing(ready, "live index", lambda found: check_live_index(found, settings, tags))
    if database is not None:
        database.dispose()


def _needing(
    database: Engine | None, name: str, check: Callable[[Engine], DoctorCheck]
) -> DoctorCheck:
    if database is None:
        return DoctorCheck(name, "skipped", "needs the database and its schema")
    return guarded(name, lambda: check(database))


def check_database(database: Engine) -> DoctorCheck:
    """PostgreSQL answers and is new enough; `connect_database` refuses an older one."""
    from search.database.connection import server_place, server_version, session_scope

    with session_scope(database) as session:
        where = f"{server_place(database)}, database {database.url.database}"
        return DoctorCheck("database", "ok", f"PostgreSQL {server_version(session)} at {where}")


def check_schema_is_newest(database: Engine, settings: Settings) -> DoctorCheck:
    """All migrations ran; the embedded database gets them at the next start."""
    from search.database.schema import newest_revision, schema_revision

    found, newest = schema_revision(database), newest_revision()
    if found == newest:
        return DoctorCheck("schema", "ok", f"revision {found}")
    state = f"revision {found or 'none'}, this release needs {newest}"
    if settings.database_url is None:
        return DoctorCheck("schema", "skipped", f"{state}; the next command migrates it")
    return DoctorCheck("schema", "failed", state, "Run `findalike migrate`.")


def check_broker(settings: Settings, *, reachable: bool) -> DoctorCheck:
    """The work queue answers."""
    if settings.broker_url is None:
        found = "on the PostgreSQL database"
        if reachable:
            return DoctorCheck("broker", "ok", found)
        return DoctorCheck("broker", "failed", f"{found}, which does not answer", "See `database`.")
    from kombu.exceptions import OperationalError

    from search.jobs.queues import broker_queue_lengths

    url = settings.broker_url.get_secret_value()
    kind = url.partition(":")[0]
    try:
        waiting = sum(broker_queue_lengths(url).values())
    except (OperationalError, OSError, ImportError) as error:
        return DoctorCheck(
            "broker", "failed", f"{kind}: {error}",
            "Start the broker, correct FINDALIKE_BROKER_URL, install the broker's client "
            "library, or unset the variable to use the PostgreSQL database.",
        )  # fmt: skip
    return DoctorCheck("broker", "ok", f"{kind}, {waiting} tasks wait")


def model_of(database: Engine | None, settings: Settings) -> str:
    """Return the model that the live generation was built with; else the one that is set."""
    from sqlalchemy.exc import SQLAlchemyError

    from search.database.connection import session_scope
    from search.live.live_pointer import live_pointer

    if database is not None:
        with suppress(SQLAlchemyError, FindalikeError), session_scope(database) as session:
            live = live_pointer(session)
            return (live and live.model) or settings.model
    return settings.model


def check_model(
    model: str, settings: Settings, tags: list[str], encoder: "Encoder | None" = None
) -> DoctorCheck:
    """A model loads, unless it is, and encodes a text; its tag is appended to `tags`."""
    from search.encoder import load_encoder

    encoder = encoder or load_encoder(model, settings.device)
    vectors = encoder.encode_texts(["a red shoe"])
    tags.append(encoder.tag)
    found = f"{encoder.tag}, {vectors.shape[1]} dimensions, on {encoder.device}"
    return DoctorCheck("model", "ok", found)


def check_live_index(database: Engine, settings: Settings, tags: list[str]) -> DoctorCheck:
    """The files of what is published are what their manifests say, and fit the model."""
    from search.database.connection import session_scope
    from search.live.live_pointer import live_pointer
    from search.live.stored_generations import deltas_folder

    with session_scope(database) as session:
        live = live_pointer(session)
    if live is None:
        return DoctorCheck("live index", "ok", "none published yet; `findalike reindex` makes one")
    found = _check_generation(live, settings, tags)
    if live.delta is None or found.state == "failed":
        return found
    return _check_delta(found, deltas_folder(settings.root) / live.delta)


def _check_generation(live: "LivePointer", settings: Settings, tags: list[str]) -> DoctorCheck:
    from search.index.generation_files import verify_files
    from search.live.stored_generations import directory_of

    found = f"generation {live.id} of {live.model_tag}"
    try:
        verify_files(directory_of(settings.root, live))
    except (DamagedGeneration, OSError) as error:
        remedy = "Run `findalike rollback` for the one before it, or `findalike reindex`."
        return DoctorCheck("live index", "failed", f"{found}: {error}", remedy)
    if tags and live.model_tag not in tags:
        remedy = "Put the model's old files back, or run `findalike reindex --publish-new-model`."
        return DoctorCheck("live index", "failed", f"{found}, but it loads as {tags[0]}", remedy)
    return DoctorCheck("live index", "ok", f"{found}, checksums are right")


def _check_delta(found: DoctorCheck, directory: Path) -> DoctorCheck:
    from search.index.delta_files import load_delta

    try:
        load_delta(directory)
    except DamagedGeneration as error:
        remedy = "Restart `findalike watch`, which writes it anew at once."
        return DoctorCheck(found.name, "failed", f"{found.found}; {error}", remedy)
    return DoctorCheck(found.name, "ok", f"{found.found}; those of its delta, too")
