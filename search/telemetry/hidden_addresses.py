"""Keeps secret addresses out of the log lines that libraries write of their own accord.

httpx, urllib3 and the exporter of OpenTelemetry name whole addresses, or paths and queries, in
lines that no setting of theirs changes.
"""

import logging
from urllib.parse import quote, urlsplit

AS_SENT = "!#$%&'()*+,/:;=?@[]~"
"""What libraries leave as it is when they quote a path."""

_secrets: set[str] = set()


def hide_address(address: str, *loggers: str) -> None:
    """Write `…` for an address, its path and query, and its user, in all lines of some loggers.

    Args:
        address: What is secret, from now on and as long as the process lives.
        loggers: By full name: a filter does not hold for the loggers below.
    """
    parts = urlsplit(address)
    target = parts._replace(scheme="", netloc="").geturl()
    user = "".join(parts.netloc.rpartition("@")[:2])
    found = {address, target, quote(target, safe=AS_SENT), user}
    _secrets.update(found - {"", "/"})
    for name in loggers:
        logging.getLogger(name).addFilter(_hide)


def _hide(record: logging.LogRecord) -> bool:
    """Change a line before any handler sees it; every line goes on."""
    line = record.getMessage()
    for secret in sorted(_secrets, key=len, reverse=True):
        line = line.replace(secret, "…")
    record.msg, record.args = line, None
    return True
