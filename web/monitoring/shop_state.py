"""How the shop stands, for the operator's pages and `/metrics`. Read once for both."""

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
DISK_FOR_S = 300.0  # looks at every file
HISTORY_FOR_S = 60.0
CHECKS_FOR = timedelta(minutes=10)  # read every byte of the live generation

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Findings:
    """What the doctor found, and when."""

    checks: list[DoctorCheck]
    at: datetime | None  # None: it has not found anything yet
    at_work: bool


class Examination:
    """Lets the doctor examine in the background, so that no page waits for it.

    Args:
        examine: Runs all checks.
    """

    def __init__(self, examine: Callable[[], Iterable[DoctorCheck]]) -> None:
        self._examine = examine
        self._found: tuple[list[DoctorCheck], datetime | None] = ([], None)
        self._doctor: threading.Thread | None = None
        self._starting = threading.Lock()

    def findings(self) -> Findings:
        """Return what was found last; begin anew where that is too long ago."""
        at = self._found[1]
        if at is None or datetime.now(UTC) - at > CHECKS_FOR:
            self.begin()
        checks, at = self._found
        return Findings(checks, at, self._doctor is not None and self._doctor.is_alive())

    def begin(self) -> None:
        """Examine now, unless that is being done."""
        with self._starting:
            if self._doctor is None or not self._doctor.is_alive():
                self._doctor = threading.Thread(target=self._run, name="doctor", daemon=True)
                self._doctor.start()

    def wait(self, timeout_s: float) -> None:
        """Wait until the examination at work is over."""
        if self._doctor is not None:
            self._doctor.join(timeout_s)

    def _run(self) -> None:
        checks = list(self._examine())
        self._found = (checks, datetime.now(UTC))


class ShopWatch:
    """Everything that is shown about the shop's running, of one application.

    Args:
        settings: Of the application.
        engine: Whose database and model are looked at.
    """

    def __init__(self, settings: Settings, engine: SearchEngine) -> None:
        self._settings, self._engine = settings, engine
        self._disk = _kept(lambda: disk_use(settings.root), DISK_FOR_S)
        self.examination = Examination(self._examine)
        self.look_again()

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
        """Return how things went, a minute old at most; errors as in `status`."""
        return self._history()

    def _examine(self) -> Iterator[DoctorCheck]:
        """Run all checks, with the model that answers where there is one."""
        try:
            encoder = self._engine.answering().encoder
        except FindalikeError:
            encoder = None  # the doctor loads it, and says why it can't be
        yield from run_checks(self._settings, encoder)

    def look_again(self) -> None:
        """Forget what was read: something was changed.

        What is being read now began before the change, so it goes where nobody asks any more.
        """
        self._status = _kept(self._read_status, STATUS_FOR_S)
        self._history = _kept(self._read_history, HISTORY_FOR_S)

    def _read_status(self) -> Status:
        return read_status(self._engine.database, self._settings, disk=self._disk())

    def _read_history(self) -> History:
        with session_scope(self._engine.database) as session:
            return read_history(session)


def _kept(read: Callable[[], T], for_s: float) -> Callable[[], T]:
    """Return a function that reads anew when the last value is older than `for_s` seconds.

    One thread reads at a time, the others wait for it. What it raises reaches who asked, and
    nothing is kept.
    """
    return cached(TTLCache(1, for_s), condition=threading.Condition())(read)
