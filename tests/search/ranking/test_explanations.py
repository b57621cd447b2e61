"""Hits give the reasons for them, in the shop's own words, and none that is false."""

import json
from collections.abc import Iterable
from dataclasses import replace

import pytest
from click.testing import CliRunner

from search.catalogue.product_cards import hydrate
from search.cli import commands
from search.database.connection import session_scope
from search.engine.search_engine import SearchEngine
from search.query.rule_effects import Pin, RuleEffects, Shift
from search.query.understanding import understand
from search.ranking.explanations import reasons
from search.ranking.rank_candidates import rank
from search.results import Query, Reason
from search.settings import Settings, load_settings
from tests.support.shops.plain_shop import draw


def why(engine: SearchEngine, query: Query) -> dict[str, dict[str, list[str]]]:
    """Return the reasons of all hits: sku -> kind -> sentences."""
    found: dict[str, dict[str, list[str]]] = {}
    for hit in engine.search(replace(query, k=100, fold=False)).hits:
        said = found.setdefault(hit.product.sku, {})
        for reason in hit.why:
            said.setdefault(reason.kind, []).append(reason.text)
    return found


def told(reasons: Iterable[Reason]) -> list[tuple[str, str]]:
    """Return kinds and English sentences."""
    return [(reason.kind, reason.text) for reason in reasons]


def test_words_and_attributes_say_where_they_stand(engine: SearchEngine) -> None:
    said = why(engine, Query(text="red silk pennant"))

    assert said["PENNANT-RED"] == {
        "words": ["Its text has all your words: “red”, “silk”, “pennant”."],
        "attribute": ["Colour: red, says the shop.", "Material: silk, says its title."],
    }
    assert said["PENNANT-BLUE"]["words"] == ["Its text has 2 of 3: “silk”, “pennant”."]
    assert said["PENNANT-BLUE"]["attribute"] == ["Material: silk, says its title."]
    assert said["PLATE-RED"]["words"] == ["Its text has 1 of 3: “red”."]
    assert "words" not in said["CUSHION-BLUE"]
    assert "attribute" not in said["CUSHION-BLUE"]


def test_article_numbers_and_brands(engine: SearchEngine) -> None:
    exact, begun = why(engine, Query(text="plate red")), why(engine, Query(text="PLATE-RE"))
    brand = why(engine, Query(text="nordlys"))

    assert exact["PLATE-RED"]["sku"] == ["Its article number is what you typed."]
    assert begun["PLATE-RED"]["sku"] == ["Its article number begins as you typed."]
    assert [sku for sku, said in exact.items() if "sku" in said] == ["PLATE-RED"]
    ours = {h.product.sku: h.product.brand for h in engine.search(Query(text="plate", k=100)).hits}
    assert {sku for sku, said in brand.items() if "brand" in said} >= {
        sku for sku, name in ours.items() if name == "Nordlys"
    }
    assert "brand" not in brand["ODD/1 ü"]


def test_pictures_say_how_far_their_parts_agree(engine: SearchEngine) -> None:
    said = why(engine, Query(photo=draw("Plate", "red", turn=2)))

    def agreed(sku: str) -> int:
        (sentence,) = said[sku]["parts"]
        return int(sentence.removeprefix("Parts of both pictures agree: ").removesuffix("%."))

    assert agreed("PLATE-RED") > 60
    assert agreed("PLATE-RED") > agreed("TRAY-BLUE")
    assert all("words" not in reasons and "attribute" not in reasons for reasons in said.values())


def test_the_marked_part_is_named_where_one_was_proposed(engine: SearchEngine) -> None:
    photo = draw("Cushion", "blue", side_px=200)
    wide = photo.resize((600, 600)).copy()
    wide.paste("#f4f2ee", (0, 0, 600, 600))
    wide.paste(photo, (20, 380))

    page = engine.search(Query(photo=wide))
    own = engine.search(Query(photo=wide, box=page.looked_at))

    assert page.looked_at is not None
    assert page.regions[0].box == page.looked_at
    assert {r.kind for r in page.hits[0].why} == {"region", "parts"}
    assert {r.kind for r in own.hits[0].why} == {"parts"}
    assert own.regions == page.regions
    assert own.looked_at == page.looked_at


def test_words_beside_a_photo_are_wishes_only(engine: SearchEngine) -> None:
    said = why(engine, Query(photo=draw("Plate", "red"), text="in green"))

    assert said["PLATE-GREEN"] == {"attribute": ["Colour: green, says the shop."]}
    assert said["PLATE-BLUE"] == {}


def test_rules_are_named(engine: SearchEngine) -> None:
    generation = engine.generation()
    understood = understand(
        Query(text="plate"), engine.answering().composer, generation, engine.database
    )
    products = {sku: engine.product(sku).product_id for sku in ("PLATE-BLUE", "PLATE-RED")}
    rules = RuleEffects(
        pins=(Pin(2, products["PLATE-BLUE"]),),
        shifts=(Shift(0.5, brand="nordlys"), Shift(-0.2, product_id=products["PLATE-RED"])),
        out_of_stock="lower",
    )
    understood = replace(understood, rules=rules)
    shown = rank(generation, understood, candidates=100).ranking
    with session_scope(engine.database) as session:
        cards = {card.product_id: card for card in hydrate(session, shown.product_ids.tolist())}

    said = reasons(understood, generation, shown, cards)

    assert ("rule", "Placed at 2 by the shop.") in told(said[products["PLATE-BLUE"]])
    assert ("rule", "The shop moves it down.") in told(said[products["PLATE-RED"]])
    for product, card in cards.items():
        by_brand = ("rule", "The shop moves all of nordlys up.")
        assert (by_brand in told(said[product])) == (card.brand == "Nordlys")
        sold_out = ("rule", "Moved down: out of stock.")
        assert (sold_out in told(said[product])) == (not card.in_stock)
    assert reasons(understood, generation, shown.take(shown.rows[:0]), cards) == {}


def test_what_the_catalogue_says_otherwise_by_now_names_nobody(engine: SearchEngine) -> None:
    generation = engine.generation()
    understood = understand(
        Query(text="red plate"), engine.answering().composer, generation, engine.database
    )
    shown = rank(generation, understood, candidates=100).ranking
    product = engine.product("PLATE-RED")

    said = reasons(
        understood, generation, shown, {product.product_id: replace(product, attributes=())}
    )

    assert ("attribute", "Colour: red.") in told(said[product.product_id])


def test_the_command_line_explains_on_request(
    shop_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINDALIKE_HOME", str(shop_settings.home))
    monkeypatch.setenv(
        "FINDALIKE_DATABASE_URL", shop_settings.as_environment()["FINDALIKE_DATABASE_URL"]
    )
    load_settings.cache_clear()

    def run(*more: str) -> str:
        result = CliRunner().invoke(
            commands, ["search", "--text", "red silk pennant", "-k2", *more]
        )
        assert result.exit_code == 0, result.output
        return result.stdout

    plain, explained = run(), run("--explain")
    hits = json.loads(run("--json"))["hits"]

    assert "says the shop" not in plain
    assert "1. PENNANT-RED" in explained
    assert "   Colour: red, says the shop." in explained
    assert {"kind": "attribute", "text": "Colour: red, says the shop."} in hits[0]["why"]
