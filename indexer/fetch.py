"""The bytes of a picture, from a local path or an http(s) address, within bounds of time and size.

Refuses relative paths and other schemes, and never judges whether bytes are a picture, but for
the web page that a shop's server sends in place of one: that is noticed here, where its address
is known.
"""

import os
import socket
import ssl
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

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
from search.settings import Settings
from search.signatures import looks_like_markup

MAX_REDIRECTS = 5
ATTEMPTS = 4
LONGEST_PAUSE_S = 4.0
CHUNK_BYTES = 65_536


class _Passing(Exception):
    """A failure that may be over soon; carries what to report if it is not."""

    def __init__(self, refusal: UnusablePicture) -> None:
        super().__init__(refusal)
        self.refusal = refusal


def open_client() -> httpx.Client:
    """Return a client for `read_picture`, with connections kept for the next picture."""
    return httpx.Client(
        verify=_certificates(),
        follow_redirects=False,
        limits=httpx.Limits(max_connections=32, max_keepalive_connections=16),
        headers={"User-Agent": "findalike", "Accept": "image/*,*/*;q=0.5"},
    )


@lru_cache(maxsize=1)
def _certificates() -> ssl.SSLContext:
    """Return the authorities that are trusted; reading them takes as long as two pictures."""
    return httpx.create_ssl_context()


def read_picture(address: str, settings: Settings, client: httpx.Client) -> bytes:
    """Read one picture file.

    Args:
        address: An absolute path, a `file://` address, or an http(s) address.
        settings: `fetch_timeout_s` bounds the whole fetch, retries included;
            `max_image_bytes` bounds the size and is enforced while reading.
        client: See `open_client`; shared by threads.

    Raises:
        UnusablePicture: with the reason `bad_address`, `missing_file`, `permission`,
            `not_a_file`, `unreadable`, `too_large`, `http_<status>`, `timeout`, `unreachable`,
            `redirect_loop` or `not_a_picture`.
    """
    scheme = urlsplit(address).scheme.lower() if "://" in address else ""
    if scheme in ("http", "https"):
        return _read_remote(address, settings, client)
    if scheme == "file":
        address = unquote(urlsplit(address).path)
    elif scheme or not address.startswith("/") or "\x00" in address:
        raise UnusablePicture(
            "bad_address",
            f"{address!r} is neither an absolute path nor an http(s) address; correct the "
            "catalogue's image column.",
        )
    return _read_local(Path(address), settings.max_image_bytes)


def _read_local(path: Path, max_bytes: int) -> bytes:
    """Read a regular file; pipes and devices are refused, for they may never end."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise UnusablePicture(
                "not_a_file", f"{path} is a folder or a device, not a file; name a picture file."
            )
        if found.st_size > max_bytes:
            raise _too_large(str(path), max_bytes)
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
        raise _too_large(str(path), max_bytes)
    return content


def _read_remote(address: str, settings: Settings, client: httpx.Client) -> bytes:
    """Fetch with retries, all within one deadline."""
    deadline = time.monotonic() + settings.fetch_timeout_s
    retrying = Retrying(
        retry=retry_if_exception_type(_Passing),
        stop=stop_after_attempt(ATTEMPTS) | stop_before_delay(settings.fetch_timeout_s),
        wait=wait_random_exponential(multiplier=0.25, max=LONGEST_PAUSE_S),
        retry_error_callback=_give_up,
    )
    return bytes(retrying(_fetch, address, settings, client, deadline))


def _give_up(attempts: RetryCallState) -> None:
    """Report the last failure."""
    failure = attempts.outcome.exception() if attempts.outcome is not None else None
    if isinstance(failure, _Passing):
        raise failure.refusal from failure.__cause__


def _fetch(address: str, settings: Settings, client: httpx.Client, deadline: float) -> bytes:
    """Fetch once, following redirects; every httpx error becomes a refusal with a reason."""
    asked = address
    try:
        for _ in range(MAX_REDIRECTS + 1):
            with _answer(asked, client, deadline) as response:
                if not response.has_redirect_location:
                    return _read_body(address, response, settings, deadline)
                asked = str(response.url.join(response.headers["location"]))
    except httpx.TimeoutException as error:
        raise _timeout(address, settings) from error
    except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        raise UnusablePicture(
            "bad_address", f"{asked} is not a usable http(s) address ({error}); correct it."
        ) from error
    except httpx.TransportError as error:
        if time.monotonic() >= deadline:
            raise _timeout(address, settings) from error
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
def _answer(address: str, client: httpx.Client, deadline: float) -> Iterator[httpx.Response]:
    """Send one request; at the deadline its connection is shut, whatever it waits for.

    httpx's timeouts start anew with every byte that arrives, so a server that drips its headers
    would hold us for hours.
    """
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpx.ReadTimeout("the deadline has passed")
    connection = _Connection()
    request = client.build_request(
        "GET",
        address,
        timeout=left,
        headers={"Accept-Encoding": "identity"},
        extensions={"trace": connection.trace},
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


def _read_body(
    address: str, response: httpx.Response, settings: Settings, deadline: float
) -> bytes:
    """Read an answer's body within the bounds of size and time."""
    _check_status(address, response.status_code)
    declared = response.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > settings.max_image_bytes:
        raise _too_large(address, settings.max_image_bytes)
    content = bytearray()
    for chunk in response.iter_bytes(CHUNK_BYTES):
        content += chunk
        if len(content) > settings.max_image_bytes:
            raise _too_large(address, settings.max_image_bytes)
        if time.monotonic() > deadline:
            raise _timeout(address, settings)
    if "html" in response.headers.get("content-type", "") and looks_like_markup(
        bytes(content[:64])
    ):
        raise UnusablePicture(
            "not_a_picture",
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


def _timeout(address: str, settings: Settings) -> UnusablePicture:
    """Say which limit passed."""
    return UnusablePicture(
        "timeout",
        f"{address} did not answer in full within {settings.fetch_timeout_s:g} s; check the "
        "server, or raise FINDALIKE_FETCH_TIMEOUT_S.",
    )


def _too_large(address: str, max_bytes: int) -> UnusablePicture:
    """Say which limit is exceeded."""
    return UnusablePicture(
        "too_large",
        f"{address} has more than {max_bytes:,} bytes; provide a smaller file, or raise "
        "FINDALIKE_MAX_IMAGE_BYTES.",
    )
