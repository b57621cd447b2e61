"""The key that signs cookies: from the settings, or made once under FINDALIKE_HOME."""

import secrets
from contextlib import suppress

from search.files.atomic_files import OWNER_ONLY, create_durably
from search.settings import Settings


def load_secret_key(settings: Settings) -> str:
    """Return the key. Several processes that start at once agree on one.

    Only the owner can read its file.
    """
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value()
    path = settings.root / "secret_key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):  # another process was quicker
            create_durably(path, secrets.token_urlsafe(32).encode("ascii"), mode=OWNER_ONLY)
    return path.read_text("ascii").strip()
