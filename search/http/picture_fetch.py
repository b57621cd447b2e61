"""Fetches a picture from an http(s) address, within bounds of time, size and redirects.

A picture that is known is sent only if it changed (a conditional request). Other schemes are
refused. So are hosts outside the public Internet, where a stranger gave the address; every redirect
is checked again. Whether bytes are a picture is decided elsewhere. One case is noticed here, where
the address is known: servers that send a web page instead of a picture.
"""

import ssl
import time
from dataclasses import dataclass
from functools import lru_cache

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
from search.http.total_deadline import answer_by
from search.pictures.file_signatures import looks_like_markup

MAX_REDIRECTS = 5
LONGEST_PAUSE_S = 4.0
CHUNK_BYTES = 65_536
LONGEST_VALIDATOR = 500


@dataclass(frozen=True, slots=True)
class Bounds:
    """What fetching one picture may take."""

    timeout_s: float  # all of it: connecting, redirects, retries, the body
    max_bytes: int
    attempts: int = 1  # more than one for failures that may pass
    public: bool = True  # only hosts of the public Internet, at the usual ports
    advice: str = ""  # what else to do about a timeout, such as `, or raise ONE`


@dataclass(frozen=True, slots=True)
class Validators:
    """What identifies the version of a picture that a host sent (RFC 9110, section 8.8).

    Sent back, they let the host answer that nothing changed. Without any, it sends the picture.
    """

    etag: str | None = None
    last_modified: str | None = None

    def conditions(self) -> dict[str, str]:
        """Return them as headers of a request."""
        named = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in named.items() if value is not None}


@dataclass(frozen=True, slots=True)
class FetchedPicture:
    """What a host answered."""

    content: bytes | None  # None: the picture did not change
    validators: Validators  # of the version that the host has now


class _Passing(Exception):
    """A failure that may pass; carries what to report if it does not."""

    def __init__(self, refusal: UnusablePicture) -> None:
        super().__init__(refusal)
        self.refusal = refusal


def open_client(*, public: bool = False) -> httpx.Client:
    """Return a client for `fetch_picture`.

    Args:
        public: For addresses that strangers give. The client then uses no proxy. It also keeps no
            connection: another host at the same IP address must show its own certificate. Without
            `public`, connections are kept for the next picture.
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
    """Return the trusted certificates; reading them takes as long as fetching two pictures."""
    return httpx.create_ssl_context()


def fetch_picture(address: str, client: httpx.Client, bounds: Bounds) -> bytes:
    """Fetch one picture file; see `fetch_if_changed`."""
    return fetch_if_changed(address, client, bounds, Validators()).content or b""


def fetch_if_changed(
    address: str, client: httpx.Client, bounds: Bounds, known: Validators
) -> FetchedPicture:
    """Fetch one picture file, unless it is the known one.

    Args:
        address: An http(s) address.
        client: See `open_client`; shared by threads.
        bounds: Enforced while reading.
        known: What the host sent with the known picture.

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
    answer: FetchedPicture = retrying(_fetch, address, bounds, client, deadline, known)
    return answer


def is_passing(reason: str) -> bool:
    """Return whether a reason may pass: the host fails, not the picture."""
    return reason in ("timeout", "unreachable", "http_429") or reason.startswith("http_5")


def _give_up(attempts: RetryCallState) -> None:
    """Report the last failure."""
    failure = attempts.outcome.exception() if attempts.outcome is not None else None
    if isinstance(failure, _Passing):
        raise failure.refusal from failure.__cause__


def _fetch(
    address: str, bounds: Bounds, client: httpx.Client, deadline: float, known: Validators
) -> FetchedPicture:
    """Fetch once, following redirects; every httpx error becomes a refusal with a reason."""
    asked = address
    try:
        for _ in range(MAX_REDIRECTS + 1):
            with answer_by(
                deadline, asked, client, known.conditions(), public=bounds.public
            ) as response:
                if not response.has_redirect_location:
                    return _read(address, response, bounds, deadline, known)
                asked = str(httpx.URL(asked).join(response.headers["location"]))
    except httpx.TimeoutException as error:
        raise _timeout(address, bounds) from error
    except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        raise UnusablePicture(
            "bad_address", f"{asked} is not a usable http(s) address ({error}); correct it."
        ) from error
    except httpx.DecodingError as error:
        raise UnusablePicture(
            "unreadable", f"{address} is sent in a way that can't be undone ({error}); mend it."
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


def _read(
    address: str, response: httpx.Response, bounds: Bounds, deadline: float, known: Validators
) -> FetchedPicture:
    """Read an answer: a picture, or the statement that it did not change."""
    validators = Validators(*(_kept(response, name) for name in ("etag", "last-modified")))
    if response.status_code == 304 and known.conditions():
        return FetchedPicture(None, validators)
    return FetchedPicture(_read_body(address, response, bounds, deadline), validators)


def _kept(response: httpx.Response, name: str) -> str | None:
    """Return a validator; None where it can't be sent back as it came."""
    value = response.headers.get(name, "")
    short = len(value) <= LONGEST_VALIDATOR and value.isascii() and value.isprintable()
    return value if value and short else None


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
    """Refuse anything but success; 429 and 5xx may pass."""
    if 200 <= status < 300:
        return
    advice = {
        401: "it needs a login; provide an address that does not",
        403: "the server forbids it; let findalike read it",
        404: "there is nothing there; correct the address",
        410: "it is gone; correct the address",
        429: "the server asks for fewer requests; lower FINDALIKE_FETCH_THREADS",
    }.get(status, "the server has a problem; try again later" if status >= 500 else "correct it")
    refusal = UnusablePicture(f"http_{status}", f"{address} answers {status}: {advice}.")
    if status == 429 or status >= 500:
        raise _Passing(refusal)
    raise refusal


def _timeout(address: str, bounds: Bounds) -> UnusablePicture:
    """Return the refusal of an answer that took too long."""
    return UnusablePicture(
        "timeout",
        f"{address} did not answer in full within {bounds.timeout_s:g} s; check the "
        f"server{bounds.advice}.",
    )


def too_large(address: str, max_bytes: int) -> UnusablePicture:
    """Return the refusal of a file that is too large."""
    return UnusablePicture(
        "too_large",
        f"{address} has more than {max_bytes:,} bytes; provide a smaller file, or raise "
        "FINDALIKE_MAX_IMAGE_BYTES.",
    )
