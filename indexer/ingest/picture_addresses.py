"""Reads where a row's pictures are: absolute paths and http(s) addresses.

Several pictures are parted by `|`, or by a comma before another http(s) address, or come as a list.
Relative paths start from the catalogue's folder. Other schemes and inline data are refused. Nothing
is opened or fetched.
"""

import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from search.http.web_addresses import MAX_ADDRESS_CHARS, is_web_address


def picture_addresses(
    images: tuple[object, ...], base: Path
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Read the image columns of one row.

    Args:
        images: One value for each column, as the source has it.
        base: The folder that relative paths start from.

    Returns:
        (addresses, each once and in order; values that are no addresses).
    """
    found: dict[str, None] = {}
    bad: list[str] = []
    for written in (part for image in images for part in _split(image)):
        address = _address(written, base)
        if address is None:
            bad.append(written)
        else:
            found[address] = None
    return tuple(found), tuple(bad)


def is_remote(address: str) -> bool:
    """Return whether a stored address is fetched over the network."""
    return address.lower().startswith(("http://", "https://"))


def _split(image: object) -> list[str]:
    """Split one column's value at `|`, and at a comma before another http(s) address."""
    if isinstance(image, list | tuple):
        return [part for entry in image for part in _entry(entry)]
    parts = re.split(r"\||,\s*(?=https?://)", _path_text(image))
    return [part.strip() for part in parts if part.strip()]


def _entry(entry: object) -> list[str]:
    """Return one picture of a list, which may be an object such as {"src": …}."""
    if isinstance(entry, dict):
        entry = next((entry[key] for key in ("url", "src", "href", "path") if key in entry), None)
    text = _path_text(entry).strip()
    return [text] if text else []


def _path_text(value: object) -> str:
    """Return text exactly as written: a file name may hold any space and any Unicode form."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else "" if value is None else str(value)


def _address(written: str, base: Path) -> str | None:
    """Return an absolute path or an http(s) address; None: it is neither."""
    if len(written) > MAX_ADDRESS_CHARS or any(char < " " for char in written):
        return None
    if written.startswith("//"):
        written = f"https:{written}"
    scheme, separator, _ = written.partition("://")
    if scheme.lower() in ("http", "https") and separator:
        return written if is_web_address(written) else None
    if scheme.lower() == "file" and separator:
        written = unquote(urlsplit(written).path)
    elif separator or written.startswith("data:"):
        return None
    if "\\" in written and "/" not in written and not (base / written).exists():
        written = written.replace("\\", "/")  # a path as Windows writes it
    return os.path.normpath(base / written)
