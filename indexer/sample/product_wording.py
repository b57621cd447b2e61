"""The shop's texts and terms: titles, descriptions, brands, prices, stock.

As in real shops, most titles, but not all, name colour, pattern and material. It refuses to
contradict the picture, but may leave facts out.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from indexer.sample.kinds import KINDS
from indexer.sample.product_look import Look

BRANDS = {
    "Fashion": (
        "Alder & Finch", "Maison Oriel", "Northbrook", "Lunaria", "Tessaro", "Pale Harbour",
        "Kestrel Row", "Vireo", "Ondine", "Marlowe Street", "Fjellkind", "Casa Breve",
    ),
    "Home": (
        "Hearthwood", "Nordlys Living", "Atelier Cobalt", "Brinkhaus", "Saltmarsh", "Oru Studio",
        "Linden Works", "Terra Quieta", "Fenwick Home", "Muro & Co", "Halvorsen", "Plainsong",
    ),
}  # fmt: skip

STYLE = {
    "Fashion": ("timeless", "easy-going", "modern", "weekend-ready", "understated", "playful",
                "elegant", "relaxed", "everyday", "vintage-inspired"),
    "Home": ("Scandinavian", "mid-century", "rustic", "minimalist", "cosy", "contemporary",
             "classic", "country-house", "Mediterranean", "quietly modern"),
}  # fmt: skip

DETAIL = {
    "Fashion": ("Cut for comfort and made to last.", "A favourite that goes with everything.",
                "Made in small batches.", "Wear it to the office or at the weekend.",
                "Finished by hand, with neat seams.", "An instant outfit lift."),
    "Home": ("At home in any room.", "Made to be used every day.", "A gift that is always welcome.",
             "Finished by hand, so each piece differs a little.",
             "Designed in our own studio.", "Looks as good alone as in a group."),
}  # fmt: skip

NOUNS = {
    "sneaker": "sneakers", "boot": "boots", "heel": "heels", "bottle": "water bottle",
    "armchair": "armchair", "trousers": "trousers", "chair": "dining chair",
}  # fmt: skip

SHAPE_NOUNS = {
    ("boot", "ankle"): "ankle boots", ("boot", "lace-up"): "lace-up boots",
    ("boot", "knee-high"): "knee-high boots", ("heel", "stiletto"): "stiletto heels",
    ("heel", "block"): "block heels", ("heel", "wedge"): "wedge heels",
    ("trousers", "shorts"): "shorts", ("jumper", "cardigan"): "cardigan",
    ("hat", "fedora"): "fedora hat", ("hat", "bucket"): "bucket hat",
    ("hat", "beanie"): "beanie hat",
    ("hat", "boater"): "boater hat", ("stool", "pouf"): "pouf stool", ("stool", "bar"): "bar stool",
    ("stool", "low"): "low stool", ("clock", "alarm"): "alarm clock",
    ("clock", "round"): "round wall clock", ("clock", "square"): "square wall clock",
    ("clock", "sunburst"): "sunburst wall clock", ("handbag", "clutch"): "clutch bag",
    ("handbag", "box"): "box handbag", ("cap", "flat"): "flat cap",
    ("umbrella", "furled"): "stick umbrella", ("umbrella", "open"): "umbrella",
    ("table", "side"): "side table", ("backpack", "round"): "round-top backpack",
    ("tote bag", "bucket"): "bucket tote bag", ("skirt", "mini"): "mini skirt",
    ("jumper", "cable"): "cable-knit jumper", ("vase", "globe"): "globe vase",
    ("t-shirt", "long-sleeve"): "long-sleeve t-shirt",
    ("chair", "upholstered"): "upholstered chair",
    ("chair", "shell"): "shell chair",
}  # fmt: skip

NAMES_ITS_MATERIAL = {"oak", "walnut", "brass", "marble", "terracotta"}


@dataclass(frozen=True, slots=True)
class Offer:
    """What the shop writes about one product."""

    sku: str
    title: str
    description: str
    brand: str
    price_cents: int
    currency: str
    in_stock: bool
    family: str


def sku_of(seed: int, index: int) -> str:
    """Return the stock-keeping unit of product `index`."""
    return f"S{seed % 1000:03d}-{index:05d}"


def noun(look: Look) -> str:
    """Return the noun for a look, with its shape: "ankle boots", "tub armchair"."""
    named = SHAPE_NOUNS.get((look.kind, look.shape))
    return named or f"{look.shape} {NOUNS.get(look.kind, look.kind)}"


def material_words(look: Look) -> str:
    """Return the material as it stands before a noun; empty if the colour names it already."""
    if look.colour in NAMES_ITS_MATERIAL or look.material == "straw":
        return ""
    if look.kind == "wrist watch" and look.material == "steel":
        return "metal"
    return {"knit": "knitted", "wood": "wooden"}.get(look.material, look.material)


def colour_words(look: Look) -> str:
    """Return the colour; of a pattern, both colours."""
    if look.pattern == "plain":
        return look.colour
    return f"{look.colour} and {look.accent}"


def offer(look: Look, seed: int, index: int, family: int) -> Offer:
    """Return the texts and terms of one product; variants share brand and base price."""
    kind = KINDS[look.kind]
    own = random.Random(f"{seed}/{index}")  # noqa: S311 - art, not secrets
    shared = random.Random(f"{seed}/family/{family}")  # noqa: S311 - art, not secrets
    low, high = kind.price
    price = low + (high - low) * shared.random() ** 1.8
    brand = shared.choice(BRANDS[kind.department])
    model = shared.choice(MODELS)
    return Offer(
        sku=sku_of(seed, index),
        title=_title(look, brand, model, own),
        description=_description(look, kind.department, own),
        brand=brand,
        price_cents=max(100, round(price) * 100 - shared.choice((0, 1, 5, 10, 50))),
        currency="EUR",
        in_stock=own.random() >= 0.08,
        family=sku_of(seed, family),
    )


MODELS = ("Alma", "Bergen", "Cleo", "Dara", "Elin", "Fosse", "Gala", "Hugo", "Isla", "Juno",
          "Kaya", "Lido", "Mara", "Nico", "Otto", "Pia", "Quill", "Rhea", "Sol", "Tove",
          "Uma", "Vida", "Wren", "Ylva", "Zeno")  # fmt: skip


def _title(look: Look, brand: str, model: str, rng: random.Random) -> str:
    pattern = "" if look.pattern == "plain" else look.pattern
    full = joined(look.colour, pattern, material_words(look), noun(look))
    forms = (
        full,
        f"{brand} {full}",
        f"{noun(look)} {model}, {material_words(look)} in {colour_words(look)}"
        if material_words(look)
        else f"{noun(look)} {model} in {colour_words(look)}",
        f"{model} {joined(pattern, noun(look))} – {look.colour}",
        joined(look.colour, pattern, noun(look)),
        f"{brand} {model} {noun(look)}",
    )
    title = rng.choices(forms, (5, 3, 3, 2, 2, 1))[0].replace("  ", " ").strip()
    return title[0].upper() + title[1:]


def _description(look: Look, department: str, rng: random.Random) -> str:
    style = rng.choice(STYLE[department])
    kind = noun(look)
    article = (
        ""
        if kind.endswith("s") and look.kind != "dress"
        else ("An " if style[0] in "aeiouAEIOU" else "A ")
    )
    made = material_words(look)
    stuff = {"wooden": "wood", "knitted": "soft knit"}.get(made, made)
    opening = rng.choice(
        (
            f"{article}{style} {kind}{f' in {stuff}' if stuff else ''}, {_colour_phrase(look)}.",
            f"{article}{style} {joined(made, kind)}. It comes in {_colour_phrase(look)}.",
            f"Our {style} {kind}: {_colour_phrase(look)}{f', {stuff}' if stuff else ''}.",
        )
    )
    extra = f" With {_trim_phrase(look.trim)}." if look.trim else ""
    closing = rng.choice(DETAIL[department])
    text = f"{opening}{extra} {closing}"
    return text[0].upper() + text[1:]


def _colour_phrase(look: Look) -> str:
    if look.pattern == "plain":
        return f"plain {look.colour}"
    article = {"floral": "a floral print", "polka dot": "polka dots", "checked": "checks"}
    words = article.get(
        look.pattern, {"striped": "stripes"}.get(look.pattern, "a geometric pattern")
    )
    return f"{look.colour} with {words} in {look.accent}"


def _trim_phrase(trim: str) -> str:
    plural = trim.endswith("s") or "," in trim or trim in ("fringed", "bordered")
    words = {
        "fringed": "fringed ends",
        "bordered": "a woven border",
        "button": "button and zip",
    }.get(trim, trim)
    if plural or trim in ("button",):
        return words
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def joined(*words: str) -> str:
    """Join the words that are not empty with spaces."""
    return " ".join(word for word in words if word)
