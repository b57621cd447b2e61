"""Which hosts may be asked where a stranger gave the address.

A host must resolve to public IP addresses only. It is resolved once, and the connection goes to
that very IP address. So a second answer of its name server can't lead inside (DNS rebinding).
"""

import ipaddress
import socket
from typing import Any

import httpx

from search.errors import UnusablePicture

PORTS = (80, 443)
NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""Addresses that a gateway turns into any IPv4 address, also private ones."""

Place = ipaddress.IPv4Address | ipaddress.IPv6Address


def pinned(address: str) -> tuple[httpx.URL, dict[str, str], dict[str, Any]]:
    """Return an address with its host resolved, and the headers and TLS name of that host.

    Raises:
        UnusablePicture: not a plain address of the public Internet.
        ConnectError: the name resolves to nothing.
    """
    url = httpx.URL(address)
    if url.scheme not in ("http", "https") or not url.host:
        raise httpx.UnsupportedProtocol("it must begin with http:// or https://")
    port = url.port or (443 if url.scheme == "https" else 80)
    if url.userinfo or port not in PORTS:
        raise UnusablePicture(
            "bad_address", f"{url.host} is asked at port 80 or 443 only, and without a password."
        )
    name = url.raw_host.decode("ascii")
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpx.ConnectError(f"{name} is not known") from error
    places = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    if not places or not all(map(is_public, places)):
        raise UnusablePicture(
            "private_address",
            f"{name} is not a host of the public Internet; give an address that everyone can open.",
        )
    headers = {"Host": url.netloc.decode("ascii")}
    return url.copy_with(host=str(places[0])), headers, {"sni_hostname": name}


def is_public(place: Place) -> bool:
    """Return whether an IP address, and every address embedded in it, is a public one."""
    if isinstance(place, ipaddress.IPv6Address):
        inner = (place.ipv4_mapped, place.sixtofour, *(place.teredo or ()))
        if place in NAT64 or any(hidden is not None and not hidden.is_global for hidden in inner):
            return False
        if place.ipv4_mapped is not None:
            return is_public(place.ipv4_mapped)
    return place.is_global and not place.is_multicast
