"""The address of the static files: it holds a digest of them, so browsers may keep them forever.

ES modules import each other by relative address, so the digest stands in the path, not in a
query string that only the first module would carry.
"""

import hashlib
from pathlib import Path

STATIC = Path(__file__).parent / "static"


def static_path() -> str:
    """Return `/static/<digest of all files>`."""
    digest = hashlib.sha256()
    for path in sorted(STATIC.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(STATIC).as_posix().encode() + b"\0")
            digest.update(path.read_bytes())
    return f"/static/{digest.hexdigest()[:12]}"
