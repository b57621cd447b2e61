"""Pages are in the reader's language, and no text is left untranslated."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from scripts.translate import as_mo, as_po, catalogues, messages, missing, updated
from search.results import Reason
from web.rendering import value_formats
from web.rendering.language import LANGUAGES, reason_text

GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}


@pytest.mark.parametrize("path", catalogues(), ids=lambda path: path.parts[-3])
def test_every_message_is_translated_and_compiled(path: Path) -> None:
    """`python scripts/translate.py` collects and compiles; a translator fills in the empty ones."""
    catalogue = updated(path, messages())

    assert [message.id for message in missing(catalogue)] == []
    assert path.read_bytes() == as_po(catalogue)
    assert path.with_suffix(".mo").read_bytes() == as_mo(catalogue)


def test_every_offered_language_has_words() -> None:
    assert {path.parts[-3] for path in catalogues()} | {"en"} == set(LANGUAGES)


def test_what_is_said_is_found() -> None:
    """They are collected from templates, from code, and from sentences of `search`."""
    found = {message.id for message in messages()}

    assert {"Find it by its looks", "No such product", "The shop moves it up.", "Brand"} <= found
    assert ("%(shown)s product", "%(shown)s products") in found


def test_a_text_without_markers_in_a_template_is_a_mistake() -> None:
    """Text between tags, and text that is read aloud, must go through gettext."""
    templates = Path(value_formats.__file__).parents[1] / "templates"
    shopper = [templates / "layout.html", templates / "error.html"]
    shopper += [*(templates / "shop").glob("*.html"), *(templates / "parts").glob("*.html")]
    forgotten = []
    for path in shopper:
        source = path.read_text(encoding="utf-8")
        bare = re.sub(r"{%-?\s*trans\b.*?endtrans\s*-?%}|{#.*?#}", "", source, flags=re.DOTALL)
        bare = re.sub(r"{{.*?}}|{%.*?%}", "\0", bare, flags=re.DOTALL)
        texts = re.findall(r">([^<>]*)<", bare)
        texts += re.findall(r'(?:aria-label|alt|title|placeholder)="([^"]*)"', bare)
        for text in (text for text in texts if not text.startswith("https://")):
            words = set(re.findall("[A-Za-z]{2,}", text)) - {"findalike", "ms"}
            forgotten += [f"{path.name}: {text.strip()}"] if words else []
    assert forgotten == []


def test_the_browser_says_which_language(client: FlaskClient) -> None:
    english, german = client.get("/"), client.get("/", headers=GERMAN)
    other = client.get("/", headers={"Accept-Language": "fr"})

    assert '<html lang="en">' in english.text
    assert "Find it by its looks" in english.text
    assert '<html lang="de">' in german.text
    assert "Etwas nach dem Aussehen finden" in german.text
    assert '<html lang="en">' in other.text
    for page in (english, german):
        assert {"Accept-Language", "Cookie"} <= set(page.vary)
        assert page.headers["Cache-Control"] == "private, no-cache"


def test_the_switch_overrides_it_and_stays_on_the_page(client: FlaskClient) -> None:
    shown = "http://localhost/search?text=red+plate"

    answer = client.post("/language", data={"language": "de"}, headers={"Referer": shown})
    page = client.get(answer.location, headers={"Accept-Language": "en"})

    assert (answer.status_code, answer.location) == (303, "/search?text=red+plate")
    cookie = answer.headers["Set-Cookie"]
    assert all(part in cookie for part in ("language=de", "HttpOnly", "SameSite=Lax", "Path=/"))
    assert "Im Text stehen alle Wörter: „red“, „plate“." in page.text
    assert "Farbe: red, laut Shop." in page.text
    client.post("/language", data={"language": "en"})
    assert '<html lang="en">' in client.get("/", headers=GERMAN).text


def test_a_language_is_not_kept_for_the_next_reader(client: FlaskClient) -> None:
    """Templates are compiled once, but even their constant texts depend on the reader."""
    for headers, colour in ((GERMAN, "Farbe"), ({}, "Colour"), (GERMAN, "Farbe")):
        page = client.get("/products/PLATE-RED", headers=headers).text
        assert f"<dt>{colour}</dt>" in page
        page = client.get("/search?text=plate", headers=headers).text
        assert f"<legend>{colour}</legend>" in page


def test_filters_ask_at_each_request(app: Flask) -> None:
    template = app.jinja_env.from_string("{{ 'colour' | attribute_label }}")

    with app.test_request_context("/", headers=GERMAN):
        assert template.render() == "Farbe"
    with app.test_request_context("/"):
        assert template.render() == "Colour"


@pytest.mark.parametrize(
    "referrer", ["https://other.example/x", "http://localhost//other.example/", "", "nonsense"]
)
def test_the_switch_leads_to_no_other_site(client: FlaskClient, referrer: str) -> None:
    answer = client.post("/language", data={"language": "xx"}, headers={"Referer": referrer})

    assert answer.location in ("/", "/other.example/")
    assert "Set-Cookie" not in answer.headers


def test_what_programs_read_stays_english(client: FlaskClient) -> None:
    answer = client.post("/api/v1/search", json={"text": "red plate", "k": 1}, headers=GERMAN)
    problem = client.post("/api/v1/search", json={}, headers=GERMAN)

    assert answer.get_json()["hits"][0]["why"][0]["text"].startswith("Its text has all your words")
    assert problem.get_json()["detail"] == "Give a photo, a text, or both."
    assert "Accept-Language" not in answer.vary


def test_errors_are_told_in_the_readers_language(client: FlaskClient) -> None:
    missing = client.get("/nothing", headers=GERMAN)
    gone = client.get("/products/NOPE", headers=GERMAN)
    empty = client.post("/search", data={}, headers=GERMAN)

    assert "Hier ist nichts" in missing.text
    assert "Kein Produkt hat die Artikelnummer NOPE." in gone.text
    assert "Bitte ein Bild auswählen oder beschreiben" in empty.text


def test_numbers_follow_the_language(app: Flask) -> None:
    with app.test_request_context("/", headers=GERMAN):
        assert value_formats.price(123450, "EUR") == "1.234,50\N{NO-BREAK SPACE}€"
        assert value_formats.price(1999, None) == "19,99"
        assert value_formats.count(12345) == "12.345"
        assert value_formats.count(Decimal("35.50")) == "35,5"
        assert value_formats.percent_text(0.834) == "83\N{NO-BREAK SPACE}%"
    with app.test_request_context("/"):
        assert value_formats.percent_text(0.834) == "83%"


def test_reasons_keep_signs_that_look_like_placeholders(app: Flask) -> None:
    wool = {"attribute": "Material", "value": "100% wool"}
    reason = Reason("attribute", "%(attribute)s: %(value)s, says the shop.", wool)

    with app.test_request_context("/", headers=GERMAN):
        assert reason_text(reason) == "Material: 100% wool, laut Shop."
    assert reason.text == "Material: 100% wool, says the shop."
