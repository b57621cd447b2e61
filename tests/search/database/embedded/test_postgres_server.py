"""The embedded server is shared, stopped by its last user, and restarted if it is killed."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

import search.database.connection  # noqa: F401  (registers the listener that reconnects)
from scripts.soaking.killing import kill_postmaster
from search.database.embedded import postgres_programs, postgres_server
from search.database.embedded.postgres_processes import (
    end_process,
    find_postmaster,
    is_server_process,
)
from search.database.embedded.postgres_programs import start_failure
from search.database.embedded.postgres_server import EmbeddedPostgres
from search.errors import DatabaseUnavailable
from tests.support.waiting import wait_until

REPOSITORY = Path(__file__).parents[4]
WITHIN_S = 60
CLIENT = """
import sys
from pathlib import Path
from search.database.embedded.postgres_server import EmbeddedPostgres, find_postmaster
server = EmbeddedPostgres(Path(sys.argv[1]))
server.ensure_running()
print("pids", find_postmaster(server.cluster).pid, flush=True)
sys.stdin.readline()
"""
FORKING_CLIENT = """
import os, sys
from pathlib import Path
from search.database.embedded.postgres_server import EmbeddedPostgres, find_postmaster
server = EmbeddedPostgres(Path(sys.argv[1]))
server.ensure_running()
child = os.fork()
if child:
    print("pids", find_postmaster(server.cluster).pid, child, flush=True)
    os._exit(0) if sys.argv[2] == "abrupt" else sys.exit()
sys.stdin.readline()
sys.exit()
"""


class ServerUser:
    """Another process that uses the server until it is told to exit."""

    def __init__(self, home: Path, script: str = CLIENT, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", script, str(home), *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY,
            env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        )  # fmt: skip

    def said(self) -> list[int]:
        """Wait for the line of process ids that the process prints among log lines."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("pids"):
                return [int(word) for word in line.split()[1:]]
        raise AssertionError("the client ended without a word")

    def leave(self) -> None:
        """Let the process exit normally, and wait for that."""
        self.process.communicate("\n", timeout=WITHIN_S)

    def kill(self) -> None:
        """Kill the process as the kernel does when memory is short."""
        self.process.kill()
        self.process.communicate(timeout=WITHIN_S)


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """One FINDALIKE_HOME for this module; every test leaves its server stopped."""
    root = Path(tempfile.mkdtemp(prefix="findalike-test-"))
    root.chmod(0o711)
    server = EmbeddedPostgres(root)
    server.ensure_running()
    server.stop()
    yield root
    left = find_postmaster(root / "postgres")
    if left is not None:  # the test failed half-way
        end_process(left, root / "postgres")
    shutil.rmtree(root)


@pytest.fixture
def server(home: Path) -> Iterator[EmbeddedPostgres]:
    """A running server, used by this process."""
    server = EmbeddedPostgres(home)
    server.ensure_running()
    yield server
    server.stop()


def postmaster_pid(home: Path) -> int | None:
    found = find_postmaster(home / "postgres")
    return found.pid if found else None


def answers(server: EmbeddedPostgres) -> bool:
    with psycopg.connect(make_url(server.url).set(drivername="postgresql").render_as_string()) as c:
        return c.execute("SELECT 1").fetchone() == (1,)


def test_two_processes_share_one_server_and_the_last_stops_it(home: Path) -> None:
    """The process that started the server need not be the last to use it."""
    first, second = ServerUser(home), ServerUser(home)
    (pid,), (same,) = first.said(), second.said()
    assert pid == same

    first.leave()
    assert postmaster_pid(home) == pid
    second.leave()
    assert postmaster_pid(home) is None
    assert not (home / "postgres" / "postmaster.pid").exists()  # a clean stop, not a crash


def test_killed_client_does_the_server_no_harm(home: Path, server: EmbeddedPostgres) -> None:
    """A client's lock dies with it, so it does not keep the server running either."""
    client = ServerUser(home)
    (pid,) = client.said()
    client.kill()

    assert answers(server)
    assert postmaster_pid(home) == pid
    assert server.stop()
    assert postmaster_pid(home) is None


def test_engines_come_back_after_the_server_was_killed(
    home: Path, server: EmbeddedPostgres
) -> None:
    """This holds for pooled and unpooled engines, and for those that kombu makes."""
    pooled = create_engine(server.url, pool_pre_ping=True)
    single = create_engine(server.url, poolclass=NullPool)
    with pooled.connect() as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS kept (n int)"))
        connection.execute(text("INSERT INTO kept VALUES (1)"))
        connection.commit()
    for engine in (pooled, single):
        before = find_postmaster(home / "postgres")
        assert before is not None
        kill_postmaster(before)
        with engine.connect() as connection:
            assert connection.scalar(text("SELECT max(n) FROM kept")) == 1
        assert postmaster_pid(home) not in (None, before.pid)
    pooled.dispose()


def test_orphan_that_is_busy_does_not_block_the_restart(
    home: Path, server: EmbeddedPostgres
) -> None:
    """A busy backend does not notice that its postmaster died, and keeps the shared memory."""
    busy = psycopg.connect(make_url(server.url).set(drivername="postgresql").render_as_string())
    pid = busy.info.backend_pid

    def compute() -> None:
        with pytest.raises(psycopg.OperationalError):
            busy.execute("SELECT count(*) FROM generate_series(1, 4000000000) AS n WHERE n % 7 = 9")

    thread = threading.Thread(target=compute)
    thread.start()
    wait_until(lambda: psutil.Process(pid).cpu_times().user > 0.1)
    killed = postmaster_pid(home)
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    server.ensure_running()
    thread.join(WITHIN_S)
    busy.close()

    assert answers(server)
    assert not psutil.pid_exists(pid) or not is_server_process(psutil.Process(pid), server.cluster)


@pytest.mark.parametrize("pid", [lambda: 4_194_303, os.getpid, os.getppid])
def test_start_after_stale_pid_file(
    home: Path, server: EmbeddedPostgres, pid: Callable[[], int]
) -> None:
    """After a reboot the file may name no process, or an unrelated one."""
    server.stop()
    stale = server.cluster / "postmaster.pid"
    stale.write_text(f"{pid()}\n{server.cluster}\n1700000000\n5432\n/tmp\n\n 1 1\nready\n")
    (server.socket_directory / ".s.PGSQL.5432.lock").write_text(f"{pid()}\n")
    for path in (stale, server.socket_directory / ".s.PGSQL.5432.lock"):
        shutil.chown(path, server.cluster.stat().st_uid, server.cluster.stat().st_gid)

    server.ensure_running()

    assert answers(server)


def test_server_whose_socket_vanished_is_started_again(
    home: Path, server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server process that can't be reached is replaced."""
    monkeypatch.setattr(postgres_server, "SILENT_FOR_S", 0.3)
    before = postmaster_pid(home)
    (server.socket_directory / ".s.PGSQL.5432").unlink()

    server.ensure_running()

    assert answers(server)
    assert postmaster_pid(home) != before


@pytest.mark.parametrize("ending", ["gentle", "abrupt"])
def test_forked_child_is_a_user_of_its_own(home: Path, ending: str) -> None:
    """The server must outlive the parent as long as the child runs, and no longer."""
    parent = ServerUser(home, FORKING_CLIENT, ending)
    pid, child = parent.said()
    parent.process.wait(WITHIN_S)
    assert postmaster_pid(home) == pid
    assert psutil.pid_exists(child)

    parent.leave()  # the child reads the same input, so it exits too

    wait_until(lambda: postmaster_pid(home) is None)


def test_many_threads_start_it_once(home: Path) -> None:
    """All threads get the same address."""
    server = EmbeddedPostgres(home)
    urls: list[str] = []
    threads = [
        threading.Thread(target=lambda: urls.append(server.ensure_running())) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WITHIN_S)
    assert urls == [server.url] * 8
    assert server.stop()


@pytest.mark.parametrize(
    "name", ["with spaces and, commas", "price$HOME`x`\"'", "größe", "deep/" + "d" * 120]
)
def test_any_path_will_do(home: Path, name: str) -> None:
    """The shell, libpq, URLs and socket addresses each restrict paths in their own way."""
    root = home / name
    shutil.copytree(home / "postgres", root / "postgres")  # faster than making a new cluster
    for path in [root / "postgres", *(root / "postgres").rglob("*")]:
        shutil.chown(path, (home / "postgres").stat().st_uid, (home / "postgres").stat().st_gid)
    server = EmbeddedPostgres(root)
    server.ensure_running()
    try:
        assert answers(server)
        assert server.socket_directory != server.cluster
        assert server.socket_directory.stat().st_mode & 0o777 == 0o700
    finally:
        assert server.stop()
        shutil.rmtree(server.socket_directory)


def test_socket_directory_of_somebody_else_is_refused(home: Path) -> None:
    """The owner of the directory under /tmp could answer in place of the server."""
    server = EmbeddedPostgres(home / "a b")
    shutil.copytree(home / "postgres", server.cluster)
    server.socket_directory.mkdir()
    server.socket_directory.chmod(0o777)
    try:
        with pytest.raises(DatabaseUnavailable, match="belongs to somebody else"):
            server.ensure_running()
    finally:
        server.stop()
        shutil.rmtree(server.socket_directory)


def test_home_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    """The error is no traceback, but says what to do."""
    (tmp_path / "home").write_text("a file")
    with pytest.raises(DatabaseUnavailable, match="FINDALIKE_HOME"):
        EmbeddedPostgres(tmp_path / "home").ensure_running()


def test_cluster_of_an_unknown_version_says_so(tmp_path: Path) -> None:
    """A newer or much older PostgreSQL made it."""
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("9\n")
    with pytest.raises(DatabaseUnavailable, match="made by PostgreSQL 9"):
        EmbeddedPostgres(tmp_path).ensure_running()


def test_start_that_fails_gives_the_servers_reason(home: Path) -> None:
    """The last lines of its log are part of the error."""
    server = EmbeddedPostgres(home, options={"shared_buffers": "much"})
    with pytest.raises(
        DatabaseUnavailable, match=r'invalid value .* "shared_buffers".*server\.log'
    ):
        server.ensure_running()
    server.stop()


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ('could not write to file "pg_wal/1": No space left on device', "is full. Free some space"),
        ('data directory "." has wrong ownership', "Run findalike as that user"),
        ("", "it said nothing"),
    ],
)
def test_failures_name_their_remedy(said: str, remedy: str, tmp_path: Path) -> None:
    """The advice depends on PostgreSQL's own message."""
    assert remedy in str(start_failure(tmp_path / "postgres", said))


def test_full_disk_is_noticed_though_it_swallowed_the_log(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server could not log why it ended."""
    monkeypatch.setattr(postgres_programs, "LEAST_FREE_BYTES", 10**18)
    server = EmbeddedPostgres(home, options={"shared_buffers": "much"})
    with pytest.raises(DatabaseUnavailable, match="is full"):
        server.ensure_running()
    server.stop()


def test_data_is_utf8_and_sorted_by_code_point(server: EmbeddedPostgres) -> None:
    """This does not depend on the machine's locale."""
    engine = create_engine(server.url, poolclass=NullPool)
    with engine.connect() as connection:
        assert connection.scalar(text("SHOW server_encoding")) == "UTF8"
        assert connection.scalar(text("SHOW timezone")) == "UTC"
        assert connection.scalar(text("SHOW listen_addresses")) == ""
        assert connection.scalar(text("SELECT upper('größe')")) == "GRÖSSE"[:3] + "ßE"
        assert connection.scalar(text("SELECT 'Z' < 'a' AND 'z' < 'ä'")) is True


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_ordinary_user_owns_the_server() -> None:
    """Without root, no other system user is involved."""
    nobody = pwd.getpwnam("nobody")
    # Import as root first: the user `nobody` may not be able to read the interpreter's files.
    become = f"import os; os.setgroups([]); os.setgid({nobody.pw_gid}); os.setuid({nobody.pw_uid})"
    script = CLIENT.replace("server = ", f"{become}\nserver = ")
    with tempfile.TemporaryDirectory(prefix="findalike-test-") as directory:
        home = Path(directory)
        os.chown(home, nobody.pw_uid, nobody.pw_gid)
        client = ServerUser(home, script)
        (pid,) = client.said()
        assert psutil.Process(pid).uids().real == nobody.pw_uid
        assert (home / "postgres").stat().st_uid == nobody.pw_uid
        client.leave()
        assert client.process.returncode == 0
        assert postmaster_pid(home) is None
