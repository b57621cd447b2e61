"""One HTTP request with a deadline for all of it, however slowly the server sends.

It refuses hosts outside the public Internet where asked to, and nothing else.
"""

import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import httpx

from search.http.public_hosts import pinned


@contextmanager
def answer_by(
    deadline: float,
    address: str,
    client: httpx.Client,
    headers: Mapping[str, str],
    *,
    public: bool,
) -> Iterator[httpx.Response]:
    """Send one request; at the deadline its connection is shut, whatever it waits for.

    httpx's timeouts start again with every byte that arrives. A server that sends its headers byte
    by byte would hold us for hours.

    Args:
        deadline: As `time.monotonic` says it.
        address: An http(s) address.
        client: Sends the request; a redirect is an answer.
        headers: Of the request.
        public: Refuse hosts that are not of the public Internet.

    Raises:
        UnusablePicture: the host is refused.
        httpx.HTTPError: no answer by then, or none that can be read.
    """
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpx.ReadTimeout("the deadline has passed")
    connection = _Connection()
    url, pins, extensions = pinned(address) if public else (httpx.URL(address), {}, {})
    request = client.build_request(
        "GET",
        url,
        timeout=left,
        headers={"Accept-Encoding": "identity", **headers, **pins},
        extensions={"trace": connection.trace, **extensions},
    )
    watchdog = threading.Timer(left, connection.shut)
    watchdog.daemon = True
    watchdog.start()
    try:
        response = client.send(request, stream=True, follow_redirects=False)
        connection.stream = response.extensions.get("network_stream", connection.stream)
        try:
            yield response
        finally:
            response.close()
    finally:
        watchdog.cancel()


class _Connection:
    """The socket of one request: known once it connects, or once a kept connection answers."""

    def __init__(self) -> None:
        self.stream: Any = None

    def trace(self, event: str, details: dict[str, Any]) -> None:
        """Remember the connected stream; httpcore calls this as a request goes on."""
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self.stream = details["return_value"]

    def shut(self) -> None:
        """Shut the socket, which wakes whoever waits for it."""
        if self.stream is None:
            return
        found = self.stream.get_extra_info("socket")
        with suppress(OSError):  # it may have ended by itself
            socket.socket.shutdown(found, socket.SHUT_RDWR)
