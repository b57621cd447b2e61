"""The address of the static files: it holds a digest of them, so browsers may keep them forever.

ES modules import each other by relative address. So the digest stands in the path: a query string
would be carried by the first module alone.
"""

import hashlib
from pathlib import Path


def static_path(folder: Path) -> str:
    """Return `/static/<digest of all files in a folder>`."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
            digest.update(path.read_bytes())
    return f"/static/{digest.hexdigest()[:12]}"
