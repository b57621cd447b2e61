"""Whether a text is a web address: http(s), with a host, not too long. Fetches nothing."""

from urllib.parse import urlsplit

MAX_ADDRESS_CHARS = 4_000


def is_web_address(text: str) -> bool:
    """Return whether a text is an http(s) address with a host, `MAX_ADDRESS_CHARS` long at most."""
    try:
        parts = urlsplit(text)
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and len(text) <= MAX_ADDRESS_CHARS
        )
    except ValueError:
        return False
