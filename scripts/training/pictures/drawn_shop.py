"""Lists the pictures of a drawn sample shop, with captions that state what was drawn.

Captions are the shop's titles and plain combinations of the drawn facts. They do not use the
queries that the sample shop is evaluated with.
"""

from pathlib import Path

from indexer.sample.assortment import planned
from indexer.sample.drawn_product import offered
from indexer.sample.product_look import Look
from indexer.sample.product_wording import NOUNS, material_words, noun
from indexer.sample.write_shop import write_sample
from scripts.training.image_tower.lessons import Caption, Subject
from scripts.training.pictures.development_sets import LabelledPicture, rows

SEED = 11  # not the seed of the sample shop, which is for evaluation

OTHER_NAMES = {
    "sneaker": ("sneakers", "trainers", "gym shoes", "running shoes", "canvas shoes"),
    "boot": ("boots", "ankle boots", "winter boots"),
    "heel": ("heels", "high heels", "pumps", "court shoes", "stilettos"),
    "tote bag": ("tote", "shopper", "shopping bag", "canvas bag"),
    "backpack": ("backpack", "rucksack", "knapsack", "daypack"),
    "handbag": ("handbag", "purse", "shoulder bag", "evening bag"),
    "mug": ("mug", "coffee cup", "coffee mug", "tea cup"),
    "teapot": ("teapot", "tea pot"),
    "vase": ("vase", "flower vase"),
    "bottle": ("water bottle", "drinking bottle", "flask"),
    "table lamp": ("table lamp", "bedside lamp", "desk lamp", "reading lamp"),
    "floor lamp": ("floor lamp", "standing lamp", "standard lamp"),
    "pendant lamp": ("pendant lamp", "hanging lamp", "ceiling lamp", "ceiling light"),
    "chair": ("chair", "dining chair", "kitchen chair"),
    "armchair": ("armchair", "lounge chair", "easy chair", "reading chair"),
    "sofa": ("sofa", "couch", "settee"),
    "stool": ("stool", "bar stool", "footstool"),
    "table": ("table", "dining table", "side table"),
    "dress": ("dress", "frock", "gown"),
    "shirt": ("shirt", "button-up shirt", "blouse", "button-down"),
    "t-shirt": ("t-shirt", "tee", "tee shirt"),
    "jumper": ("jumper", "sweater", "pullover"),
    "trousers": ("trousers", "pants", "slacks"),
    "cap": ("cap", "baseball cap", "peaked cap"),
    "wrist watch": ("watch", "wrist watch", "wristwatch", "timepiece"),
    "rug": ("rug", "carpet", "mat"),
    "cushion": ("cushion", "throw pillow", "scatter cushion", "pillow"),
    "clock": ("clock", "wall clock"),
    "sunglasses": ("sunglasses", "shades", "sun glasses"),
    "umbrella": ("umbrella", "brolly", "parasol"),
    "plant pot": ("plant pot", "planter", "flower pot"),
}
"""Names that shoppers use for a kind, besides the shop's noun."""


def draw_shop(folder: Path, *, products: int, photos: int, seed: int = SEED) -> None:
    """Draw a shop to learn from, unless it is there already."""
    if not (folder / "texts.csv").exists():
        write_sample(folder, seed=seed, products=products, photos=photos)


def studio_pictures(folder: Path) -> list[LabelledPicture]:
    """List the main picture of each product; the group is the product."""
    return [
        LabelledPicture(folder / row["image"].split("|")[0], subject(row["sku"]))
        for row in rows(folder / "catalogue.csv")
    ]


def street_photos(folder: Path) -> list[LabelledPicture]:
    """List the shoppers' photos of all splits."""
    return [
        LabelledPicture(folder / row["photo"], subject(row["sku"].split("|")[0]))
        for row in rows(folder / "photos.csv")
    ]


def subject(sku: str) -> Subject:
    """Return what is known of a product: facts, captions, colours."""
    index = int(sku.rsplit("-", 1)[1])
    look = planned(SEED, index).look
    colours = (look.rgb, look.accent_rgb) if look.pattern != "plain" else (look.rgb,)
    captions = _captions(look, offered(SEED, index).title)
    return Subject(sku, frozenset(_facts(look)), captions, colours)


def _facts(look: Look) -> list[str]:
    facts = [f"drawn:{look.kind}", f"shape:{look.kind}/{look.shape}"]
    facts += [f"pattern:{look.pattern}", f"material:{look.material}"]
    return [*facts, f"trim:{look.kind}/{look.trim}"] if look.trim else facts


def _captions(look: Look, title: str) -> tuple[Caption, ...]:
    """Return captions, each with the facts that it states."""
    kind, shape = f"drawn:{look.kind}", f"shape:{look.kind}/{look.shape}"
    pattern, material = f"pattern:{look.pattern}", f"material:{look.material}"
    name, full, made = NOUNS.get(look.kind, look.kind), noun(look), material_words(look)
    texts = [
        (name, (kind,)),
        (f"a photo of a {name}", (kind,)),
        (full, (kind, shape)),
        (f"{look.pattern} {name}", (kind, pattern)),
        (f"{made} {name}", (kind, material)),
        (f"{look.pattern} {made} {name}", (kind, pattern, material)),
        (f"{look.pattern} {made} {full}", (kind, shape, pattern, material)),
        (f"{made} {full}", (kind, shape, material)),
        (title, (kind, shape, pattern, material)),
    ]
    for other in OTHER_NAMES.get(look.kind, ()):
        texts += [
            (other, (kind,)),
            (f"{look.pattern} {other}", (kind, pattern)),
            (f"{look.pattern} {made} {other}", (kind, pattern, material)),
        ]
    if look.trim:
        trim = f"trim:{look.kind}/{look.trim}"
        texts += [
            (f"{name} with {look.trim}", (kind, trim)),
            (f"{made} {full} with {look.trim}", (kind, shape, material, trim)),
        ]
    return tuple(Caption(" ".join(text.split()), frozenset(claims)) for text, claims in texts)
