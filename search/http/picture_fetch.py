"""The bytes of a picture from an http(s) address, within bounds of time, size and redirects.

A picture that is known is asked for on condition that it changed. Refuses other schemes and, where
strangers name the address, hosts that are not of the public Internet; each redirect is judged anew.
It never judges whether bytes are a picture, but for the web page that servers send in place of one:
that is noticed here, where its address is known.
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
    attempts: int = 1  # of what may be over soon
    public: bool = True  # only the public Internet, at the usual ports
    advice: str = ""  # what else to do about a limit, such as `, or raise ONE`


@dataclass(frozen=True, slots=True)
class Validators:
    """What a host said of a picture when it sent it: sent back, they say which one is known.

    RFC 9110, section 8.8. Without any, a picture is sent whatever it is.
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

    content: bytes | None  # None: the picture is the one that was named
    validators: Validators  # of what the host has now


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
    """Fetch one picture file; see `fetch_if_changed`."""
    return fetch_if_changed(address, client, bounds, Validators()).content or b""


def fetch_if_changed(
    address: str, client: httpx.Client, bounds: Bounds, known: Validators
) -> FetchedPicture:
    """Fetch one picture file, unless it is the one that is known.

    Args:
        address: An http(s) address.
        client: See `open_client`; shared by threads.
        bounds: Enforced while reading.
        known: What the host said of it before.

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
    """Whether what is refused for this reason may be had soon: the host, not the picture, fails."""
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
    """Read an answer: a picture, or that it is the one that is known."""
    validators = Validators(*(_kept(response, name) for name in ("etag", "last-modified")))
    if response.status_code == 304 and known.conditions():
        return FetchedPicture(None, validators)
    return FetchedPicture(_read_body(address, response, bounds, deadline), validators)


def _kept(response: httpx.Response, name: str) -> str | None:
    """Return a validator that can be sent back as it came."""
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
    """Refuse anything but success; 429 and 5xx may be over soon."""
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
