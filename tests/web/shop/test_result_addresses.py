"""Addresses of results: they can be shared, and changed in one parameter."""

from urllib.parse import parse_qsl, urlsplit

from werkzeug.datastructures import MultiDict

from web.request.query_parsing import PageFields, parse_fields
from web.shop.result_addresses import Address


def address(query: str) -> Address:
    return Address.of("/search", parse_fields(PageFields, MultiDict(parse_qsl(query))))


def test_fields_survive_the_round_trip() -> None:
    query = (
        "text=blue+mug&category=Home+%3E+Mugs&brand=A%26B&brand=C&min_price=9.50&in_stock=1&page=3"
    )

    again = str(address(query))

    assert parse_qsl(urlsplit(again).query) == parse_qsl(query)


def test_fields_that_say_nothing_are_left_out() -> None:
    assert (
        str(address("text=mug&category=&min_price=&page=1&utm_source=mail")) == "/search?text=mug"
    )


def test_another_page_keeps_everything_else() -> None:
    shown = address("text=mug&brand=A&page=2")

    assert str(shown.with_page(3)) == "/search?text=mug&brand=A&page=3"
    assert str(shown.with_page(1)) == "/search?text=mug&brand=A"


def test_removing_a_filter_returns_to_the_first_page() -> None:
    shown = address("text=mug&brand=A&brand=B&page=2")

    assert str(shown.without(("brand", "A"))) == "/search?text=mug&brand=B"
    assert str(shown.without_filters()) == "/search?text=mug"


def test_attributes_are_fields_of_their_own_name() -> None:
    shown = address("text=mug&colour=red&pattern=striped&pattern=plain&material=&scent=rose&page=2")

    assert str(shown) == "/search?text=mug&colour=red&pattern=striped&pattern=plain&page=2"
    assert str(shown.without(("pattern", "plain"))) == "/search?text=mug&colour=red&pattern=striped"
    assert str(shown.without_filters()) == "/search?text=mug"
