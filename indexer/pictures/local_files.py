"""Reads a catalogue's picture from a disk, by its path or its `file://` address.

Relative paths, other schemes and anything but a regular file are refused.
"""

import os
import stat
from pathlib import Path
from urllib.parse import unquote, urlsplit

from search.errors import UnusablePicture
from search.http.picture_fetch import too_large


def read_file(address: str, max_bytes: int) -> bytes:
    """Read one picture file.

    Args:
        address: An absolute path or a `file://` address.
        max_bytes: Enforced while reading.

    Raises:
        UnusablePicture: with the reason `bad_address`, `missing_file`, `permission`,
            `not_a_file`, `unreadable` or `too_large`.
    """
    scheme = urlsplit(address).scheme.lower() if "://" in address else ""
    if scheme == "file":
        address = unquote(urlsplit(address).path)
    elif scheme or not address.startswith("/") or "\x00" in address:
        raise UnusablePicture(
            "bad_address",
            f"{address!r} is neither an absolute path nor an http(s) address; correct the "
            "catalogue's image column.",
        )
    return _read(Path(address), max_bytes)


def _read(path: Path, max_bytes: int) -> bytes:
    """Read a regular file; pipes and devices are refused, because they may never end."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise UnusablePicture(
                "not_a_file", f"{path} is a folder or a device, not a file; name a picture file."
            )
        if found.st_size > max_bytes:
            raise too_large(str(path), max_bytes)
        with path.open("rb") as file:
            content = file.read(max_bytes + 1)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UnusablePicture(
            "missing_file", f"There is no file {path}; put it there or correct the catalogue."
        ) from error
    except PermissionError as error:
        raise UnusablePicture(
            "permission", f"{path} may not be read; let the user that runs findalike read it."
        ) from error
    except OSError as error:
        raise UnusablePicture(
            "unreadable", f"{path} can't be read ({os.strerror(error.errno or 0)}); check the disk."
        ) from error
    if len(content) > max_bytes:
        raise too_large(str(path), max_bytes)
    return content
