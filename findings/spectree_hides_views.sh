#!/usr/bin/env bash
# spectree 3.0.0 leaves views out of the OpenAPI document whose paths begin as that of the documentation.
#
# Behaviour: `path` says where the documentation is served. Every rule that starts with these letters is
#   taken for a part of it, whole path segment or not. Requests to such views are validated as ever.
# Seen: path="api": /api/v1/search and /apis are missing; path="doc": /documents is; path="openapi": none is.
# Why it matters: "/api" is where documentation and views usually both lie. The document is valid, only
#   shorter, and clients generated from it lack calls; a validator of OpenAPI finds nothing wrong.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet "spectree[flask,pydantic]==3.0.0" flask==3.1.3 pydantic==2.14.3
"$place/venv/bin/python" - <<'PYTHON'
import sys

from flask import Flask
from pydantic import BaseModel
from spectree import SpecTree

VIEWS = ["/api/v1/search", "/apis", "/documents", "/products"]


class Wish(BaseModel):
    """What a client sends."""

    k: int


def documented(path: str) -> tuple[list[str], int]:
    """Return the paths of the document, and the status of a wrong request to the first view."""
    app, tree = Flask(__name__), SpecTree("flask", path=path)
    for number, rule in enumerate(VIEWS):
        app.post(rule, endpoint=f"view{number}")(tree.validate(json=Wish)(lambda: "well"))
    tree.register(app)
    with app.app_context():
        paths = sorted(tree.spec["paths"])
    return paths, app.test_client().post(VIEWS[0], json={"k": "many"}).status_code


missing = {}
for path in ("openapi", "api", "doc"):
    paths, status = documented(path)
    missing[path] = sorted(set(VIEWS) - set(paths))
    print(f"path={path!r}: missing {missing[path]}; a wrong request to {VIEWS[0]} answers {status}")
if missing != {"openapi": [], "api": ["/api/v1/search", "/apis"], "doc": ["/documents"]}:
    sys.exit("spectree documents other views now.")
PYTHON
