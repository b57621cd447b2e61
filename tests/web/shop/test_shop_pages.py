"""The shopper's pages without JavaScript: forms, addresses, filters, errors."""

import io
import re
from dataclasses import replace
from html import unescape
from urllib.parse import unquote

import pytest
from flask import Flask, render_template
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from search.results import AttributeValue
from tests.support.shops.plain_shop import ODD_SKU, PRODUCTS, draw, photo
from web.photos.upload_store import UploadStore
from web.state import state


def submit(client: FlaskClient, *pictures: bytes, **fields: str) -> TestResponse:
    """Send the search panel's form as browsers do: with every file field, even if it is empty."""
    files = [(io.BytesIO(content), "my photo.jpg") for content in pictures]
    files += [(io.BytesIO(b""), "")] * (2 - len(files))
    return client.post("/search", data={**fields, "picture": files})


def titles(page: TestResponse) -> list[str]:
    assert page.status_code == 200
    return [
        unescape(title) for title in re.findall(r'class="card-title"><a[^>]*>([^<]*)', page.text)
    ]


def test_home_has_a_panel_that_works_without_javascript(client: FlaskClient) -> None:
    page = client.get("/").text

    form = re.search(r"<form[^>]*data-panel[^>]*>", page)
    assert form
    assert 'method="post"' in form[0]
    assert 'enctype="multipart/form-data"' in form[0]
    assert 'accept="image/*" capture="environment"' in page


def test_a_photo_gets_an_address_of_its_own(client: FlaskClient) -> None:
    answer = submit(client, photo("Plate", "red"))

    assert answer.status_code == 303
    assert re.fullmatch(r"/search\?photo=[0-9a-f]{32}", answer.location)
    page = client.get(answer.location)
    assert titles(page)[0] == "Red plate"
    shown = re.search(r'src="(/uploads/[0-9a-f]{32}\.jpg)"', page.text)
    assert shown
    assert client.get(shown[1]).mimetype == "image/jpeg"


def test_results_that_come_at_once_are_those_of_their_address(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is searched is what is kept, though it is not read back from the disk."""
    form = {"picture": (io.BytesIO(photo("Plate", "red")), "my photo.jpg")}
    with monkeypatch.context() as no_disk:
        no_disk.setattr(UploadStore, "load", lambda *_: pytest.fail("read back from the disk"))
        headers = {"Prefer": "return=representation"}
        answer = client.post("/search", data=form, headers=headers)
    described = app.extensions["findalike"].engine.answering().composer.describer
    with monkeypatch.context() as no_model:
        no_model.setattr(described, "_describer", None)  # the same pixels are known by now
        again = client.get(answer.headers["Content-Location"])

    assert answer.headers["Preference-Applied"] == "return=representation"
    assert titles(answer)[0] == "Red plate"
    assert titles(answer) == titles(again)


def test_words_are_added_to_the_photo_that_is_there(client: FlaskClient) -> None:
    first = submit(client, photo("Plate", "red")).location
    token = first.rpartition("=")[2]

    second = submit(client, photo=token, text=" in green ")

    assert second.location == f"/search?text=in+green&photo={token}"
    assert "like your picture, “in green”" in client.get(second.location).text


def test_another_picture_replaces_the_one_that_is_there(client: FlaskClient) -> None:
    token = submit(client, photo("Plate", "red")).location.rpartition("=")[2]

    answer = submit(client, photo("Tray", "blue"), photo=token)

    assert token not in answer.location
    assert titles(client.get(answer.location))[0] == "Blue tray"


def test_results_for_words_can_be_shared(client: FlaskClient) -> None:
    address = submit(client, text="yellow cushion").location

    page = client.get(address)

    assert address == "/search?text=yellow+cushion"
    assert len(titles(page)) == 24
    assert f"{len(PRODUCTS)} products" in page.text
    assert client.get("/search").location == "/"


def test_filters_are_shown_and_can_be_taken_back(client: FlaskClient) -> None:
    page = client.get("/search?text=thing&brand=Nordlys&colour=red&max_price=35&in_stock=1")

    wanted = {
        thing.title
        for thing in PRODUCTS
        if thing.brand == "Nordlys" and thing.colour == "red" and thing.in_stock
        if float(thing.price) <= 35
    }
    assert set(titles(page)) == wanted
    chips = re.findall(r'class="chip" href="([^"]*)" data-swap>([^<]*)', page.text)
    assert {unescape(label) for _, label in chips} == {"Nordlys", "red", "up to 35", "in stock"}
    without = {label: unescape(address) for address, label in chips}
    assert without["Nordlys"] == "/search?text=thing&colour=red&max_price=35&in_stock=1"
    assert 'value="Nordlys" checked' in page.text
    assert re.search(r'name="in_stock" value="1" checked', page.text)
    assert '<input type="hidden" name="text" value="thing">' in page.text


def test_nothing_matches(client: FlaskClient) -> None:
    page = client.get("/search?text=plate&brand=Nobody")

    assert page.status_code == 200
    assert "Nothing matches these filters" in page.text
    assert 'href="/search?text=plate"' in page.text
    assert 'value="Nobody" checked' in page.text, "what was chosen can be unchosen"


def test_pages_are_turned(client: FlaskClient) -> None:
    first = client.get("/search?text=plate")
    second = client.get("/search?text=plate&page=2")

    assert 'href="/search?text=plate&amp;page=2" rel="next"' in first.text
    assert 'href="/search?text=plate" rel="prev"' in second.text
    assert not set(titles(first)) & set(titles(second))
    assert "There is no page 7" in client.get("/search?text=plate&page=7").text


def test_a_card_says_what_it_must(client: FlaskClient) -> None:
    page = client.get("/products/PLATE-GREEN/similar?category=Home+>+Tableware+>+Plates").text

    card = re.search(
        r'<li class="card"[^>]*>(?:(?!</li>).)*Red plate.*?card-more[^>]*>', page, re.DOTALL
    )
    assert card
    assert "€10.50" in card[0]
    assert "Nordlys" in card[0]
    assert "Out of stock" in card[0]
    assert re.search(r"\d+%<span", card[0])
    assert 'width="480" height="480"' in card[0], "nothing may jump while pictures load"
    assert 'href="/products/PLATE-RED/similar"' in card[0]


def test_a_product_page(client: FlaskClient) -> None:
    page = client.get("/products/PLATE-RED").text

    assert "<h1>Red plate</h1>" in page
    assert "Home / Tableware / Plates" in page
    assert "€10.50" in page
    assert "Out of stock" in page
    assert (
        'href="https://shop.example/Plate/red" rel="external noopener noreferrer nofollow"' in page
    )
    assert page.count('class="card"') == 12 + 12, "hits, and the waiting cards of the template"
    assert "picture 1 of 2" in page


def test_catalogue_text_is_only_text(client: FlaskClient) -> None:
    """Titles are not markup, and skus may hold slashes."""
    address = f"/products/{ODD_SKU}"

    page = client.get(address)

    assert page.status_code == 200
    assert "<h1>Odd &amp; &#34;quoted&#34; thing</h1>" in page.text
    assert '"quoted"' not in page.text
    assert "View in the shop" not in page.text
    assert titles(client.get("/products/ODD%2F1%20%C3%BC/similar"))


def test_search_words_are_only_text(client: FlaskClient) -> None:
    page = client.get("/search", query_string={"text": '"><script>alert(1)</script>'}).text

    assert "<script>alert" not in page


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"not a picture at all", "not a picture"),
        (photo("Plate", "red")[:1000], "ends early"),
    ],
)
def test_an_unreadable_picture_is_explained(
    client: FlaskClient, content: bytes, words: str
) -> None:
    page = submit(client, content, text="a plate")

    assert page.status_code == 422
    alert = re.search(r'role="alert">(.*?)</div>', page.text, re.DOTALL)
    assert alert
    assert words in alert[1]
    assert 'value="a plate"' in page.text, "the words need not be typed again"


def test_an_empty_form_is_asked_again(client: FlaskClient) -> None:
    page = submit(client)

    assert page.status_code == 400
    assert "Choose a picture" in page.text


def test_a_photo_that_is_gone(client: FlaskClient) -> None:
    page = client.get(f"/search?photo={'0' * 32}")

    assert page.status_code == 400
    assert "no longer kept" in page.text
    assert client.get(f"/uploads/{'0' * 32}.jpg").status_code == 404


def test_troubles_look_friendly(client: FlaskClient) -> None:
    missing = client.get("/nothing/here")
    gone = client.get("/products/NOPE")
    odd = client.get("/search?text=plate&min_price=cheap")

    assert (missing.status_code, gone.status_code, odd.status_code) == (404, 404, 422)
    for page in (missing, gone, odd):
        assert page.mimetype == "text/html"
        assert "Search for something" in page.text


def test_nothing_published_yet(empty_client: FlaskClient) -> None:
    assert "Nothing to search yet" in empty_client.get("/").text
    page = empty_client.get("/search?text=plate")
    assert page.status_code == 503
    assert "Nothing to search yet" in page.text


def test_attributes_are_filters_and_facts(client: FlaskClient) -> None:
    page = client.get("/search?text=thing&material=silk&colour=red")

    assert titles(page) == ["Red silk pennant"]
    assert "<legend>Material</legend>" in page.text
    assert re.search(r'name="material" value="silk" checked', page.text)
    assert "<legend>Pattern</legend>" not in page.text, "nothing to choose"
    chips = re.findall(r'class="chip" href="([^"]*)" data-swap>([^<]*)', page.text)
    assert ("/search?text=thing&amp;colour=red", "silk") in chips

    product = client.get("/products/PENNANT-RED").text
    assert re.search(r"<dt>Material</dt><dd>silk\s*</dd>", product), "the title says so"


def test_what_only_the_picture_says_is_marked(app: Flask) -> None:
    seen = AttributeValue("pattern", "striped", 0.83, "picture")
    own = AttributeValue("colour", "red", 1.0, "merchant")
    with app.test_request_context():
        card = replace(state().engine.product("PLATE-RED"), attributes=(own, seen))
        page = render_template("shop/product.html", product=card, alike=())

    assert re.search(r'<dd>striped\s*<small title="83% sure">from the picture</small>', page)
    assert page.count("from the picture") == 1
    assert page.count("<dt>Colour</dt>") == 1, "the merchant's field is shown once"


def two_things() -> bytes:
    """A photo of a red plate and, beside it, a blue cushion."""
    both = Image.new("RGB", (520, 240), "#f4f2ee")
    both.paste(draw("Plate", "red"), (0, 0))
    both.paste(draw("Cushion", "blue"), (280, 0))
    content = io.BytesIO()
    both.save(content, "JPEG", quality=92)
    return content.getvalue()


def parts(page: str) -> dict[str, bool]:
    """Return the addresses of the photo's parts, and which is the current one."""
    links = re.findall(r'<a href="([^"]*)" aria-label="Search this part[^>]*>', page)
    current = re.findall(r'<a href="([^"]*)" aria-label="[^"]*" aria-current="true"', page)
    return {unescape(link): link in current for link in links}


def test_the_things_in_a_photo_are_links(client: FlaskClient) -> None:
    page = client.get(submit(client, two_things()).location).text

    found = parts(page)
    assert 2 <= len(found) <= 6
    assert sum(found.values()) == 1
    assert 'width="520" height="240" alt="Your picture, whole"' in page
    assert all(re.search(r"&box=[0-9.%C]+$", link) for link in found)
    right = max(found, key=lambda link: float(unquote(link).rpartition("box=")[2].split(",")[0]))
    shown = client.get(right)
    assert titles(shown)[0] == "Blue cushion"
    assert [link for link, current in parts(shown.text).items() if current] == [right]
    assert len(parts(shown.text)) == len(found)


def test_the_whole_photo_can_be_meant(client: FlaskClient) -> None:
    address = submit(client, two_things()).location

    link = re.search(r'search <a href="([^"]*)"', client.get(address).text)

    assert link
    whole = client.get(unescape(link[1])).text
    assert unquote(link[1]).endswith("box=0,0,1,1")
    assert "the whole photo</strong>" in whole
    assert parts(whole)
    assert not any(parts(whole).values())


def test_a_part_of_ones_own_is_shown_among_the_others(client: FlaskClient) -> None:
    address = submit(client, two_things()).location

    shown = parts(client.get(f"{address}&box=0.6,0.2,0.2,0.5").text)

    assert [
        unquote(link).endswith("box=0.6,0.2,0.2,0.5") for link, now in shown.items() if now
    ] == [True]


def test_words_are_added_to_the_part_that_is_looked_at(client: FlaskClient) -> None:
    token = submit(client, two_things()).location.rpartition("=")[2]
    box = "0.5,0.1,0.4,0.8"
    page = client.get(f"/search?photo={token}&box={box}").text
    assert f'<input type="hidden" name="box" value="{box}">' in page

    kept = submit(client, photo=token, box=box, text="green").location
    replaced = submit(client, photo("Tray", "blue"), photo=token, box=box).location

    assert unquote(kept) == f"/search?text=green&photo={token}&box={box}"
    assert "box" not in replaced


def test_one_thing_alone_on_a_page_of_words_has_no_parts(client: FlaskClient) -> None:
    assert "Parts of your picture" not in client.get("/search?text=plate").text


def test_hits_say_why(client: FlaskClient) -> None:
    words = client.get("/search?text=red+plate").text
    seen = client.get(submit(client, photo("Plate", "red")).location).text

    assert "Its text has all your words: “red”, “plate”." in words
    assert "Colour: red, says the shop." in words
    assert "/api/v1/heat" not in words
    heat = re.search(r'<img src="(/api/v1/heat[^"]*)" loading="lazy"', seen)
    assert heat
    assert client.get(unescape(heat[1])).mimetype == "image/png"
    assert "Parts of both pictures agree" in seen
    assert "Why?" not in client.get("/products/PLATE-RED").text


def test_a_product_that_a_search_led_to_says_why_it_is_there(client: FlaskClient) -> None:
    results = client.get("/search?text=red+plate").text
    found = re.search(r'href="(/products/PLATE-RED[^"]*)" data-opens', results)
    assert found
    page = client.get(unescape(found[1])).text
    assert "Why this" in page
    assert "Its text has all your words" in page
    assert "Why this" not in client.get("/products/PLATE-RED").text
    assert 'data-share="/products/PLATE-RED"' in page  # the address of the search is not passed on


def test_a_product_is_shown_when_its_search_can_not_be_repeated(client: FlaskClient) -> None:
    gone = client.get(f"/products/PLATE-RED?photo={'0' * 32}")
    assert gone.status_code == 200
    assert "Why this" not in gone.text
