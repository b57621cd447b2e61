"""The bytes of a picture from an http(s) address, within bounds of time, size and redirects.

Refuses other schemes and, where strangers name the address, hosts that are not of the public
Internet; each redirect is judged anew. It never judges whether bytes are a picture, but for the web
page that servers send in place of one: that is noticed here, where its address is known.
"""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import httpx
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
    wait_random_exponential,
)

from search.errors import UnusablePicture
from search.public_hosts import pinned
from search.signatures import looks_like_markup

MAX_REDIRECTS = 5
LONGEST_PAUSE_S = 4.0
CHUNK_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Bounds:
    """What fetching one picture may take."""

    timeout_s: float  # all of it: connecting, redirects, retries, the body
    max_bytes: int
    attempts: int = 1  # of what may be over soon
    public: bool = True  # only the public Internet, at the usual ports
    advice: str = ""  # what else to do about a limit, such as `, or raise ONE`


class _Passing(Exception):
    """A failure that may be over soon; carries what to report if it is not."""

    def __init__(self, refusal: UnusablePicture) -> None:
        super().__init__(refusal)
        self.refusal = refusal


def open_client(*, public: bool = False) -> httpx.Client:
    """Return a client for `fetch_picture`.

    Args:
        public: For addresses of strangers: asks hosts directly, never through a proxy, and keeps
            no connection, for another host at the same address must show its own certificate.
            Otherwise connections are kept for the next picture.
    """
    return httpx.Client(
        verify=_certificates(),
        follow_redirects=False,
        trust_env=not public,
        limits=httpx.Limits(max_connections=32, max_keepalive_connections=0 if public else 16),
        headers={"User-Agent": "findalike", "Accept": "image/*,*/*;q=0.5"},
    )


@lru_cache(maxsize=1)
def _certificates() -> ssl.SSLContext:
    """Return the authorities that are trusted; reading them takes as long as two pictures."""
    return httpx.create_ssl_context()


def fetch_picture(address: str, client: httpx.Client, bounds: Bounds) -> bytes:
    """Fetch one picture file.

    Args:
        address: An http(s) address.
        client: See `open_client`; shared by threads.
        bounds: Enforced while reading.

    Raises:
        UnusablePicture: with the reason `bad_address`, `private_address`, `unreadable`,
            `too_large`, `http_<status>`, `timeout`, `unreachable`, `redirect_loop` or
            `web_page`.
    """
    deadline = time.monotonic() + bounds.timeout_s
    retrying = Retrying(
        retry=retry_if_exception_type(_Passing),
        stop=stop_after_attempt(bounds.attempts) | stop_before_delay(bounds.timeout_s),
        wait=wait_random_exponential(multiplier=0.25, max=LONGEST_PAUSE_S),
        retry_error_callback=_give_up,
    )
    return bytes(retrying(_fetch, address, bounds, client, deadline))


def _give_up(attempts: RetryCallState) -> None:
    """Report the last failure."""
    failure = attempts.outcome.exception() if attempts.outcome is not None else None
    if isinstance(failure, _Passing):
        raise failure.refusal from failure.__cause__


def _fetch(address: str, bounds: Bounds, client: httpx.Client, deadline: float) -> bytes:
    """Fetch once, following redirects; every httpx error becomes a refusal with a reason."""
    asked = address
    try:
        for _ in range(MAX_REDIRECTS + 1):
            with _answer(asked, client, deadline, public=bounds.public) as response:
                if not response.has_redirect_location:
                    return _read_body(address, response, bounds, deadline)
                asked = str(httpx.URL(asked).join(response.headers["location"]))
    except httpx.TimeoutException as error:
        raise _timeout(address, bounds) from error
    except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        raise UnusablePicture(
            "bad_address", f"{asked} is not a usable http(s) address ({error}); correct it."
        ) from error
    except httpx.TransportError as error:
        if time.monotonic() >= deadline:
            raise _timeout(address, bounds) from error
        raise _Passing(
            UnusablePicture(
                "unreachable",
                f"{address} can't be reached ({error}); check the address and the network.",
            )
        ) from error
    raise UnusablePicture(
        "redirect_loop",
        f"{address} redirects more than {MAX_REDIRECTS} times; use the address it should end at.",
    )


@contextmanager
def _answer(
    address: str, client: httpx.Client, deadline: float, *, public: bool
) -> Iterator[httpx.Response]:
    """Send one request; at the deadline its connection is shut, whatever it waits for.

    httpx's timeouts start anew with every byte that arrives, so a server that drips its headers
    would hold us for hours.
    """
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpx.ReadTimeout("the deadline has passed")
    connection = _Connection()
    url, headers, extensions = pinned(address) if public else (httpx.URL(address), {}, {})
    request = client.build_request(
        "GET",
        url,
        timeout=left,
        headers={"Accept-Encoding": "identity", **headers},
        extensions={"trace": connection.trace, **extensions},
    )
    watchdog = threading.Timer(left, connection.shut)
    watchdog.daemon = True
    watchdog.start()
    try:
        response = client.send(request, stream=True, follow_redirects=False)
        try:
            yield response
        finally:
            response.close()
    finally:
        watchdog.cancel()


class _Connection:
    """The socket of one request, once it is connected."""

    def __init__(self) -> None:
        self._stream: Any = None

    def trace(self, event: str, details: dict[str, Any]) -> None:
        """Remember the connected stream; httpcore calls this as a request goes on."""
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._stream = details["return_value"]

    def shut(self) -> None:
        """Wake whoever waits for this connection; a kept-alive one is not known and stays."""
        if self._stream is None:
            return
        found = self._stream.get_extra_info("socket")
        with suppress(OSError):  # it may have ended by itself
            socket.socket.shutdown(found, socket.SHUT_RDWR)


def _read_body(address: str, response: httpx.Response, bounds: Bounds, deadline: float) -> bytes:
    """Read an answer's body within the bounds of size and time."""
    _check_status(address, response.status_code)
    declared = response.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > bounds.max_bytes:
        raise too_large(address, bounds.max_bytes)
    content = bytearray()
    for chunk in response.iter_bytes(CHUNK_BYTES):
        content += chunk
        if len(content) > bounds.max_bytes:
            raise too_large(address, bounds.max_bytes)
        if time.monotonic() > deadline:
            raise _timeout(address, bounds)
    if "html" in response.headers.get("content-type", "") and looks_like_markup(
        bytes(content[:64])
    ):
        raise UnusablePicture(
            "web_page",
            f"{address} answers with a web page (HTML), not a picture; use the address of the "
            "picture itself, one that needs no login.",
        )
    return bytes(content)


def _check_status(address: str, status: int) -> None:
    """Refuse anything but success; 429 and 5xx may be over soon."""
    if 200 <= status < 300:
        return
    advice = {
        401: "it needs a login; provide an address that does not",
        403: "the server forbids it; let findalike read it",
        404: "there is nothing there; correct the address",
        410: "it is gone; correct the address",
        429: "the server asks for fewer requests; lower FINDALIKE_DECODE_THREADS",
    }.get(status, "the server has a problem; try again later" if status >= 500 else "correct it")
    refusal = UnusablePicture(f"http_{status}", f"{address} answers {status}: {advice}.")
    if status == 429 or status >= 500:
        raise _Passing(refusal)
    raise refusal


def _timeout(address: str, bounds: Bounds) -> UnusablePicture:
    """Say which limit passed."""
    return UnusablePicture(
        "timeout",
        f"{address} did not answer in full within {bounds.timeout_s:g} s; check the "
        f"server{bounds.advice}.",
    )


def too_large(address: str, max_bytes: int) -> UnusablePicture:
    """Say which limit is exceeded."""
    return UnusablePicture(
        "too_large",
        f"{address} has more than {max_bytes:,} bytes; provide a smaller file, or raise "
        "FINDALIKE_MAX_IMAGE_BYTES.",
    )
