"""The bytes of a catalogue's picture, from a local path or an http(s) address.

Refuses relative paths and other schemes; of addresses `search.fetch` has the rest.
"""

import os
import stat
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx

from search.errors import UnusablePicture
from search.fetch import Bounds, fetch_picture, too_large
from search.settings import Settings

ATTEMPTS = 4


def read_picture(address: str, settings: Settings, client: httpx.Client) -> bytes:
    """Read one picture file.

    Args:
        address: An absolute path, a `file://` address, or an http(s) address.
        settings: `fetch_timeout_s` bounds the whole fetch, retries included;
            `max_image_bytes` bounds the size and is enforced while reading.
        client: See `search.fetch.open_client`; shared by threads.

    Raises:
        UnusablePicture: with the reason `bad_address`, `missing_file`, `permission`,
            `not_a_file`, `unreadable`, `too_large`, `http_<status>`, `timeout`, `unreachable`,
            `redirect_loop` or `web_page`.
    """
    scheme = urlsplit(address).scheme.lower() if "://" in address else ""
    if scheme in ("http", "https"):
        return fetch_picture(address, client, _bounds(settings))
    if scheme == "file":
        address = unquote(urlsplit(address).path)
    elif scheme or not address.startswith("/") or "\x00" in address:
        raise UnusablePicture(
            "bad_address",
            f"{address!r} is neither an absolute path nor an http(s) address; correct the "
            "catalogue's image column.",
        )
    return _read_local(Path(address), settings.max_image_bytes)


def _bounds(settings: Settings) -> Bounds:
    """Return what one picture may take; a shop's own hosts are trusted."""
    return Bounds(
        timeout_s=settings.fetch_timeout_s,
        max_bytes=settings.max_image_bytes,
        attempts=ATTEMPTS,
        public=False,
        advice=", or raise FINDALIKE_FETCH_TIMEOUT_S",
    )


def _read_local(path: Path, max_bytes: int) -> bytes:
    """Read a regular file; pipes and devices are refused, for they may never end."""
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
