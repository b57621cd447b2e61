"""The state of the shop for the operator's pages and `/metrics`, read once for both."""

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from cachetools import TTLCache, cached

from search.database.connection import session_scope
from search.engine.search_engine import SearchEngine
from search.errors import FindalikeError
from search.operation.concerns import Concern, find_concerns
from search.operation.disk_use import disk_use
from search.operation.doctor_checks import DoctorCheck, run_checks
from search.operation.run_history import History, read_history
from search.operation.shop_status import Status, read_status
from search.settings import Settings

STATUS_FOR_S = 5.0
DISK_FOR_S = 300.0  # it looks at every file
HISTORY_FOR_S = 60.0
CHECKS_FOR = timedelta(minutes=10)  # they read every byte of the live generation

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Findings:
    """The results of the doctor's checks."""

    checks: list[DoctorCheck]
    at: datetime | None  # when they were made; None: never yet
    running: bool  # the doctor is checking now


class Examination:
    """Runs the doctor's checks in the background, so that no page waits for them.

    Args:
        examine: Runs all checks.
    """

    def __init__(self, examine: Callable[[], Iterable[DoctorCheck]]) -> None:
        self._examine = examine
        self._found: tuple[list[DoctorCheck], datetime | None] = ([], None)
        self._doctor: threading.Thread | None = None
        self._starting = threading.Lock()

    def findings(self) -> Findings:
        """Return the last results; start the checks again where these are old."""
        at = self._found[1]
        if at is None or datetime.now(UTC) - at > CHECKS_FOR:
            self.begin()
        checks, at = self._found
        return Findings(checks, at, self._doctor is not None and self._doctor.is_alive())

    def begin(self) -> None:
        """Start the checks, unless they are running."""
        with self._starting:
            if self._doctor is None or not self._doctor.is_alive():
                self._doctor = threading.Thread(target=self._run, name="doctor", daemon=True)
                self._doctor.start()

    def wait(self, timeout_s: float) -> None:
        """Wait until running checks have ended."""
        if self._doctor is not None:
            self._doctor.join(timeout_s)

    def _run(self) -> None:
        checks = list(self._examine())
        self._found = (checks, datetime.now(UTC))


class ShopMonitor:
    """What pages and metrics show about the state of the shop.

    Args:
        settings: Settings of the application.
        engine: Its database is read, and its model is checked.
    """

    def __init__(self, settings: Settings, engine: SearchEngine) -> None:
        self._settings, self._engine = settings, engine
        self._disk = _kept(lambda: disk_use(settings.root), DISK_FOR_S)
        self.examination = Examination(self._examine)
        self.forget()

    def status(self) -> Status:
        """Return the status, a few seconds old at most.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the database does not answer.
        """
        return self._status()

    def concerns(self) -> list[Concern]:
        """Return what is wrong; errors as in `status`."""
        return find_concerns(self.status(), self._settings, self._engine.live.trouble)

    def history(self) -> History:
        """Return the history of builds and nights, a minute old at most; errors as in `status`."""
        return self._history()

    def _examine(self) -> Iterator[DoctorCheck]:
        """Run all checks, with the model that answers where there is one."""
        try:
            encoder = self._engine.answering().encoder
        except FindalikeError:
            encoder = None  # the doctor loads it, and says why it can't be
        yield from run_checks(self._settings, encoder)

    def forget(self) -> None:
        """Forget what was read, since something changed.

        A reading that is under way began before the change. Its result is not used.
        """
        self._status = _kept(self._read_status, STATUS_FOR_S)
        self._history = _kept(self._read_history, HISTORY_FOR_S)

    def _read_status(self) -> Status:
        return read_status(self._engine.database, self._settings, disk=self._disk())

    def _read_history(self) -> History:
        with session_scope(self._engine.database) as session:
            return read_history(session)


def _kept(read: Callable[[], T], for_s: float) -> Callable[[], T]:
    """Return a function that reads again when the last value is older than `for_s` seconds.

    One thread reads at a time, and the others wait for it. An error goes to the caller, and is not
    remembered.
    """
    return cached(TTLCache(1, for_s), condition=threading.Condition())(read)
