#!/usr/bin/env bash
# cronsim 2.8, croniter 7.0.0 and Celery 5.7.0 run one cron expression on different days.
#
# Behaviour: where day of month and day of week are both given, cron runs on either. Celery's crontab runs
#   where both hold. cronsim does as Debian's cron, for which a field that begins with a star counts as not
#   given: "*/2" is then one more condition, and "1-31/2", which names the same days, is not. croniter takes
#   both for given.
# Seen: the first three nights from 1 March 2026, below; "30 2 13 * 5" is three Fridays or, with Celery,
#   three Fridays the 13th.
# Why it matters: a nightly job that moves from a crontab to a library, or from one to another, runs on other
#   nights, and nothing says so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet cronsim==2.8 croniter==7.0.0 celery==5.7.0
"$place/venv/bin/python" - <<'PYTHON'
import sys
from datetime import UTC, datetime

from celery import Celery
from celery.schedules import crontab
from croniter import croniter
from cronsim import CronSim

START = datetime(2026, 3, 1, tzinfo=UTC)
app = Celery(set_as_current=False)
app.conf.timezone = "UTC"


def nights(expression: str) -> dict[str, str]:
    """Return the first three days of each library."""
    simulated, iterated = CronSim(expression, START), croniter(expression, START)
    beaten, moments = START, []
    schedule = crontab.from_string(expression)
    schedule.app = app
    for _ in range(3):
        last, wait, _ = schedule.remaining_delta(beaten)
        beaten = last + wait
        moments.append(beaten)
    found = {
        "cronsim": [next(simulated) for _ in range(3)],
        "croniter": [iterated.get_next(datetime) for _ in range(3)],
        "celery": moments,
    }
    return {name: ", ".join(f"{at:%a %d %b}" for at in times) for name, times in found.items()}


seen = {}
for expression in ("30 2 13 * 5", "30 2 */2 * 1", "30 2 1-31/2 * 1"):
    seen[expression] = nights(expression)
    for name, days in seen[expression].items():
        print(f"{expression:16} {name:9} {days}")
friday, star, span = seen.values()
if friday["cronsim"] != friday["croniter"] or friday["celery"] != "Fri 13 Mar, Fri 13 Nov, Fri 13 Aug":
    sys.exit("Celery, cronsim or croniter join days of month and week otherwise now.")
if star["cronsim"] == star["croniter"] or span["cronsim"] != span["croniter"]:
    sys.exit("cronsim and croniter agree on days that begin with a star now.")
PYTHON
