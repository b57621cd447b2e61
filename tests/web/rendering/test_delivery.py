"""Delivery of pages and files: headers, caching, and nothing from other sites."""

import io
import re
import shutil
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.shops.plain_shop import photo
from web.rendering.static_files import static_path

PAGES = (
    "/",
    "/search?text=plate",
    "/search?text=plate&brand=Nobody",
    "/products/PLATE-RED",
    "/products/PLATE-RED/similar",
    "/nothing",
)


@pytest.mark.parametrize("address", [*PAGES, "/api/v1/openapi.json", "/healthz"])
def test_every_answer_is_guarded(client: FlaskClient, address: str) -> None:
    headers = client.get(address).headers

    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("address", PAGES)
def test_pages_need_nothing_from_elsewhere(client: FlaskClient, address: str) -> None:
    page = client.get(address).text

    loaded = re.findall(r'\s(?:src|srcset|action|poster)="([^"]*)"', page)
    loaded += re.findall(r'<link[^>]*href="([^"]*)"', page)
    assert loaded
    assert all(target.startswith("/") and not target.startswith("//") for target in loaded)
    links = re.findall(r'<a[^>]*href="(https?:[^"]*)"[^>]*>', page)
    assert all(link.startswith("https://shop.example/") for link in links)


@pytest.mark.parametrize("address", PAGES)
def test_pages_hold_no_inline_code(client: FlaskClient, address: str) -> None:
    page = client.get(address).text

    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", page)
    assert "javascript:" not in page


def test_static_files_may_be_kept_forever(client: FlaskClient) -> None:
    page = client.get("/").text
    names = re.findall(r'="(/static/[0-9a-f]{12}/[^"]+)"', page)

    assert {name.rpartition("/")[2] for name in names} == {"icon.svg", "style.css", "main.js"}
    for name in names:
        answer = client.get(name)
        assert answer.status_code == 200
        assert answer.cache_control.max_age == 365 * 24 * 3600
    script = client.get(next(name for name in names if name.endswith("main.js")))
    assert script.mimetype in ("text/javascript", "application/javascript")
    for module in re.findall(r'from "\./([a-z]+\.js)"', script.text):
        assert client.get(names[0].replace("icon.svg", module)).status_code == 200
    sheet = client.get(next(name for name in names if name.endswith("style.css"))).text
    assert "url(" not in sheet
    assert "@import" not in sheet


def test_the_address_of_static_files_changes_with_them(app: Flask, tmp_path: Path) -> None:
    assert app.static_folder is not None
    assert app.static_url_path == static_path(Path(app.static_folder))
    copied = Path(shutil.copytree(app.static_folder, tmp_path / "static"))
    assert static_path(copied) == app.static_url_path
    (copied / "style.css").write_text("body { color: red }", encoding="utf-8")
    assert static_path(copied) != app.static_url_path


def test_pictures_are_not_sent_twice(client: FlaskClient) -> None:
    address = client.get("/api/v1/products/PLATE-RED").json["pictures"][0]

    first = client.get(address)
    again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    other = client.get(address, headers={"If-None-Match": '"something else"'})

    assert first.mimetype == "image/jpeg"
    assert re.fullmatch(r'"[0-9a-f]{64}"', first.headers["ETag"]), "strong, of the content"
    assert first.cache_control.public
    assert first.cache_control.max_age == 24 * 3600
    assert (again.status_code, again.data) == (304, b"")
    assert (other.status_code, other.data) == (200, first.data)


def test_pictures_that_are_not_there(client: FlaskClient) -> None:
    for address in ("/pictures/999999", f"/pictures/{10**30}", "/pictures/one", "/pictures/-1"):
        assert client.get(address).status_code == 404


def test_thumbnails_come_in_the_sides_that_pages_ask_for(client: FlaskClient) -> None:
    page = client.get("/search?text=plate").text
    offered = re.search(r'srcset="(/pictures/\d+/96\.webp 96w), ([^"]*)"', page)
    assert offered
    address = offered[1].partition(" ")[0]

    first, head = client.get(address), client.head(address)
    etag = first.headers["ETag"]
    again = client.get(address, headers={"If-None-Match": f"W/{etag}"})

    assert (first.status_code, first.mimetype) == (200, "image/webp")
    assert first.cache_control.public
    assert first.cache_control.max_age == 24 * 3600
    assert re.fullmatch(r'"[0-9a-f]{64}-96"', etag)
    assert (head.status_code, head.data) == (200, b"")
    assert head.content_length == len(first.data)
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", etag)
    for wrong in ("97", "0", "-96", "96000"):
        assert client.get(address.replace("96.webp", f"{wrong}.webp")).status_code == 404
    assert client.get("/pictures/999999/96.webp").status_code == 404


def test_a_thumbnail_that_is_known_is_not_opened(app: Flask, client: FlaskClient) -> None:
    product = client.get("/api/v1/products/PLATE-RED").json
    address = f"{product['pictures'][0]}/240.webp"
    etag = client.get(address).headers["ETag"]
    kept = app.extensions["findalike"].settings.root / "thumbnails"
    gone = kept.rename(kept.with_name("away"))
    try:
        assert client.get(address, headers={"If-None-Match": etag}).status_code == 304
        assert not kept.exists()
    finally:
        gone.rename(kept)


def test_photos_stay_private(client: FlaskClient) -> None:
    content = (io.BytesIO(photo("Plate", "red")), "photo.jpg")
    token = client.post("/search", data={"picture": content}).location.rpartition("=")[2]

    answer = client.get(f"/uploads/{token}.jpg")

    assert answer.status_code == 200
    assert answer.cache_control.private
    assert not answer.cache_control.public
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    for guess in (f"{token}.jpg/..", "..%2Fsecret_key", token[:-1], token.upper()):
        assert client.get(f"/uploads/{guess}.jpg").status_code == 404
