#!/usr/bin/env bash
# croniter 7.0.0 runs a job at 02:30 twice in the night in which clocks are set back; cronsim 2.8 once.
#
# Behaviour: on 25 October 2026 02:30 comes twice in Berlin. croniter returns both, an hour apart. cronsim
#   returns the first, as Debian's cron does, and both only for what runs every hour or more often. In spring
#   02:30 does not come at all, and both run at 03:00.
# Seen: from 24 October: croniter 25th 02:30+02:00, 25th 02:30+01:00, 26th; cronsim 25th 02:30+02:00, 26th,
#   27th.
# Why it matters: once a year a nightly run comes twice, or finds the first one still running.
#   Half past two is a usual time for it, and tests seldom pass through that night.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet cronsim==2.8 croniter==7.0.0 tzdata==2026.6
"$place/venv/bin/python" - <<'PYTHON'
import sys
from datetime import datetime
from zoneinfo import ZoneInfo

from croniter import croniter
from cronsim import CronSim

BERLIN = ZoneInfo("Europe/Berlin")
runs = {}
for night in ("2026-10-24", "2026-03-28"):
    start = datetime.fromisoformat(f"{night}T12:00").replace(tzinfo=BERLIN)
    simulated, iterated = CronSim("30 2 * * *", start), croniter("30 2 * * *", start)
    runs[night, "croniter"] = [iterated.get_next(datetime).isoformat() for _ in range(3)]
    runs[night, "cronsim"] = [next(simulated).isoformat() for _ in range(3)]
for (night, name), times in runs.items():
    print(f"from {night}, {name:8} {times}")
if runs["2026-03-28", "croniter"] != runs["2026-03-28", "cronsim"]:
    sys.exit("croniter and cronsim disagree on the night in spring now.")
twice = ["2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"]
if runs["2026-10-24", "croniter"][:2] != twice or twice[1] in runs["2026-10-24", "cronsim"]:
    sys.exit("croniter or cronsim treat the night in autumn otherwise now.")
PYTHON
