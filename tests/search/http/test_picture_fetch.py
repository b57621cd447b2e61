"""Pictures are fetched from servers that misbehave in every known way."""

import os
import time
from collections.abc import Iterator

import httpx
import pytest

from search.errors import UnusablePicture
from search.http.picture_fetch import (
    Bounds,
    Validators,
    fetch_if_changed,
    fetch_picture,
    open_client,
)
from tests.support.servers.bad_server import BODY, serve_badly


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, list[str]]]:
    """A running server's address, and the paths requested from it, without a proxy."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    with serve_badly() as running:
        yield running


@pytest.fixture
def client(shop: object) -> Iterator[httpx.Client]:
    """A client that ignores the environment's proxies."""
    with open_client() as client:
        yield client


def bounds(timeout_s: float = 3) -> Bounds:
    return Bounds(
        timeout_s=timeout_s, max_bytes=200_000, attempts=4, public=False, advice=", or wait longer"
    )


def refusal(address: str, client: httpx.Client, within: Bounds) -> UnusablePicture:
    with pytest.raises(UnusablePicture) as caught:
        fetch_picture(address, client, within)
    return caught.value


@pytest.mark.parametrize("path", ["good", "mislabelled", "moved/4", "flaky", "busy"])
def test_pictures_that_come_in_the_end(
    shop: tuple[str, list[str]], client: httpx.Client, path: str
) -> None:
    assert fetch_picture(f"{shop[0]}/{path}", client, bounds()) == BODY


@pytest.mark.parametrize(
    ("path", "reason", "requests"),
    [
        ("missing", "http_404", 1),
        ("gone", "http_410", 1),
        ("forbidden", "http_403", 1),
        ("page", "web_page", 1),
        ("loop", "redirect_loop", 6),
        ("moved/5", "redirect_loop", 6),
        ("elsewhere", "bad_address", 1),
        ("declared-huge", "too_large", 1),
        ("huge", "too_large", 1),
    ],
)
def test_refused_at_once(
    shop: tuple[str, list[str]], client: httpx.Client, path: str, reason: str, requests: int
) -> None:
    """A request that can't succeed is not retried; the reason names the address."""
    refused = refusal(f"{shop[0]}/{path}", client, bounds())

    assert refused.reason == reason
    assert "http://127.0.0.1" in refused.detail or reason == "bad_address"
    assert len(shop[1]) == requests


@pytest.mark.parametrize(("path", "reason"), [("broken", "http_503"), ("cut", "unreachable")])
def test_retried_and_then_refused(
    shop: tuple[str, list[str]], client: httpx.Client, path: str, reason: str
) -> None:
    assert refusal(f"{shop[0]}/{path}", client, bounds()).reason == reason
    assert 2 <= len(shop[1]) <= 4


@pytest.mark.parametrize("path", ["hang", "drip", "drip-headers"])
def test_the_deadline_is_total(
    shop: tuple[str, list[str]], client: httpx.Client, path: str
) -> None:
    """A server that sends a byte now and then gets no more time."""
    started = time.monotonic()

    refused = refusal(f"{shop[0]}/{path}", client, bounds(0.8))

    assert refused.reason == "timeout"
    assert "or wait longer" in refused.detail
    assert time.monotonic() - started < 2.5


def test_nobody_listens(client: httpx.Client) -> None:
    refused = refusal("http://127.0.0.1:9/x.jpg", client, bounds(2))

    assert refused.reason == "unreachable"


@pytest.mark.parametrize("address", ["http://", "http://127.0.0.1:notaport/x", "ftp://x/y.jpg"])
def test_bad_addresses(client: httpx.Client, address: str) -> None:
    assert refusal(address, client, bounds()).reason == "bad_address"


def test_what_is_known_is_not_sent_again(shop: tuple[str, list[str]], client: httpx.Client) -> None:
    """It is recognised by its own ETag or date."""
    address = f"{shop[0]}/known"

    first = fetch_if_changed(address, client, bounds(), Validators())
    again = fetch_if_changed(address, client, bounds(), first.validators)
    other = fetch_if_changed(address, client, bounds(), Validators(etag='"other"'))

    assert (first.content, first.validators.etag) == (BODY, '"one"')
    assert first.validators.last_modified == "Sat, 01 Jun 2024 08:00:00 GMT"
    assert again.content is None
    assert other.content == BODY


def test_not_modified_without_a_condition_is_no_picture(
    shop: tuple[str, list[str]], client: httpx.Client
) -> None:
    assert refusal(f"{shop[0]}/stubborn", client, bounds()).reason == "http_304"


def test_an_odd_validator_is_not_sent_back(
    shop: tuple[str, list[str]], client: httpx.Client
) -> None:
    answer = fetch_if_changed(f"{shop[0]}/odd", client, bounds(), Validators())

    assert answer.validators == Validators()


def test_a_body_that_does_not_unpack(shop: tuple[str, list[str]], client: httpx.Client) -> None:
    assert refusal(f"{shop[0]}/packed", client, bounds()).reason == "unreadable"


def test_a_kept_connection_does_not_outlast_the_deadline(
    shop: tuple[str, list[str]], client: httpx.Client
) -> None:
    """A slow body is cut off on a reused connection too."""
    fetch_picture(f"{shop[0]}/good", client, bounds())
    started = time.monotonic()

    refused = refusal(f"{shop[0]}/drip", client, bounds(0.8))

    assert refused.reason == "timeout"
    assert time.monotonic() - started < 2.5
