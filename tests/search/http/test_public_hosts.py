"""Strangers' addresses reach the public Internet only, whatever a name server answers."""

import socket
from ipaddress import ip_address
from typing import Any

import httpx
import pytest

from search.errors import UnusablePicture
from search.http.picture_fetch import Bounds, fetch_picture, open_client
from search.http.public_hosts import is_public, pinned
from tests.support.servers.loopback_site import Page, serving

PUBLIC, OTHER = "93.184.215.14", "93.184.215.15"
BOUNDS = Bounds(timeout_s=3, max_bytes=100_000)


@pytest.mark.parametrize("place", [PUBLIC, "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_public_addresses(place: str) -> None:
    assert is_public(ip_address(place))


@pytest.mark.parametrize(
    "place",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
        "0.0.0.0",  # noqa: S104 - recognised, not bound
        *("100.64.0.1", "224.0.0.1", "255.255.255.255", "240.0.0.1", "198.18.0.1"),
        *("::1", "::", "fe80::1", "fc00::1", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1"),
    ],
)
def test_addresses_that_are_not(place: str) -> None:
    assert not is_public(ip_address(place))


def names(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Let the name server give one answer after the other; return the list of names requested."""
    asked: list[str] = []

    def resolve(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        if host == "127.0.0.1":  # the target of `lead_to`
            found = [host]
        else:
            asked.append(host)
            found = answers[min(len(asked), len(answers)) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (place, port)) for place in found]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked


def test_the_address_that_was_judged_is_the_one_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = names(monkeypatch, [PUBLIC], ["127.0.0.1"])

    url, headers, extensions = pinned("https://shop.example/a%20b.jpg?x=1")

    assert str(url) == f"https://{PUBLIC}/a%20b.jpg?x=1"
    assert headers == {"Host": "shop.example"}
    assert extensions == {"sni_hostname": "shop.example"}
    assert asked == ["shop.example"]


def test_one_private_address_among_others_is_enough_to_refuse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names(monkeypatch, [PUBLIC, "10.0.0.1"])

    with pytest.raises(UnusablePicture) as refused:
        pinned("https://shop.example/x.jpg")

    assert refused.value.reason == "private_address"


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("http://127.0.0.1/x.jpg", "private_address"),
        ("http://2130706433/x.jpg", "private_address"),
        ("http://[::1]/x.jpg", "private_address"),
        ("http://localhost/x.jpg", "private_address"),
        ("http://169.254.169.254/latest/meta-data", "private_address"),
        (f"http://{PUBLIC}:22/", "bad_address"),
        (f"http://me:secret@{PUBLIC}/x.jpg", "bad_address"),
        ("ftp://example.org/x.jpg", "bad_address"),
        ("file:///etc/passwd", "bad_address"),
        ("http://", "bad_address"),
    ],
)
def test_refused_before_anything_is_asked(address: str, reason: str) -> None:
    with open_client(public=True) as client, pytest.raises(UnusablePicture) as refused:
        fetch_picture(address, client, BOUNDS)

    assert refused.value.reason == reason


def test_a_redirect_is_judged_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """A public host redirects to an internal one, which never gets a request."""
    moved = Page(status=302, headers={"Location": "http://inside.example/secret"})
    with serving({"/x.jpg": moved, "/secret": Page(b"secret")}) as site:
        asked = names(monkeypatch, [PUBLIC], ["10.0.0.7"])
        lead_to(monkeypatch, site.address)
        with open_client(public=True) as client, pytest.raises(UnusablePicture) as refused:
            fetch_picture("http://outside.example/x.jpg", client, BOUNDS)

    assert refused.value.reason == "private_address"
    assert asked == ["outside.example", "inside.example"]
    assert site.asked == ["outside.example/x.jpg"]


def test_a_relative_redirect_stays_with_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = {"/x": Page(status=302, headers={"Location": "/y.jpg"}), "/y.jpg": Page(b"picture")}
    with serving(pages) as site:
        names(monkeypatch, [PUBLIC], [OTHER])
        lead_to(monkeypatch, site.address)
        with open_client(public=True) as client:
            content = fetch_picture("http://outside.example/x", client, BOUNDS)

    assert content == b"picture"
    assert site.asked == ["outside.example/x", "outside.example/y.jpg"]


def lead_to(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """Redirect connections to public addresses to a site on this machine."""
    real, place = socket.create_connection, httpx.URL(address)

    def connect(target: tuple[str, int], *args: Any, **options: Any) -> socket.socket:
        assert target[0] in (PUBLIC, OTHER)
        return real((place.host, place.port or 80), *args, **options)

    monkeypatch.setattr(socket, "create_connection", connect)
