"""The key that signs cookies: from the settings, or made once under FINDALIKE_HOME."""

import os
import secrets
from pathlib import Path

from search.settings import Settings


def load_secret_key(settings: Settings) -> str:
    """Return the key; several processes starting at once agree on one.

    The file is readable by its owner alone. It is written under another name and linked into
    place, so no process ever reads a half-written key.
    """
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value()
    path = settings.root / "secret_key"
    if not path.exists():
        _make(path)
    return path.read_text("ascii").strip()


def _make(path: Path) -> None:
    """Write a new key, unless another process was quicker."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(32))
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        return
    finally:
        draft.unlink()
