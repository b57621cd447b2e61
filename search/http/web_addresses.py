"""What is an address of the Web: http(s), with a host, of bearable length. Fetches nothing."""

from urllib.parse import urlsplit

MAX_ADDRESS_CHARS = 4_000


def is_web_address(text: str) -> bool:
    """Whether a text is an http(s) address with a host, of bearable length."""
    try:
        parts = urlsplit(text)
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and len(text) <= MAX_ADDRESS_CHARS
        )
    except ValueError:
        return False
