"""Times that come again and again, as a cron expression of five fields says them.

Where a time zone changes its clocks, a run neither falls out nor comes twice, as in Debian's cron.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

FIELDS = 5


@dataclass(frozen=True, slots=True)
class CronTimes:
    """The times of an expression in a time zone."""

    expression: str
    zone: tzinfo

    def next_after(self, moment: datetime) -> datetime:
        """Return the first time after a moment, in UTC."""
        return next(CronSim(self.expression, moment.astimezone(self.zone))).astimezone(UTC)

    def last_until(self, moment: datetime) -> datetime:
        """Return the last time until a moment, that moment included, in UTC."""
        # Going back, a whole second would not be looked at.
        before = moment.astimezone(self.zone).replace(microsecond=1)
        return next(CronSim(self.expression, before, reverse=True)).astimezone(UTC)


def parse_zone(name: str) -> tzinfo:
    """Return the time zone of a name such as `Europe/Lisbon`.

    Raises:
        ValueError: there is none of this name.
    """
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (OSError, KeyError, ValueError) as error:
        raise ValueError(f"there is no time zone {name!r}; give one like Europe/Lisbon") from error


def check_zone(name: str) -> str:
    """Return a time zone's name as it was, if there is one; errors as in `parse_zone`."""
    parse_zone(name)
    return name


def check_expression(expression: str) -> str:
    """Return a cron expression as it was, if it is one.

    Raises:
        ValueError: it has not five fields, or one of them has a value that is not allowed.
    """
    if len(expression.split()) != FIELDS:
        raise ValueError("give five fields: minute hour day month weekday, such as `30 2 * * *`")
    try:
        next(CronSim(expression, datetime.now(UTC)))
    except (CronSimError, StopIteration) as error:
        raise ValueError(f"{error} in {expression!r}; `30 2 * * *` is half past two") from error
    return expression
