"""Words that shops use, and phrases made of them, to train the text tower.

Each colour word has an sRGB value, so that texts and pixels share one colour space.
"""

import re

import numpy as np


def _listed(words: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in words.replace("\n", " ").split(","))


COLOUR_WORDS: dict[str, tuple[int, int, int]] = {
    "black": (20, 20, 22),
    "charcoal": (58, 60, 64),
    "anthracite": (48, 52, 56),
    "grey": (130, 132, 135),
    "gray": (130, 132, 135),
    "slate": (96, 108, 120),
    "silver": (186, 190, 196),
    "white": (245, 245, 243),
    "ivory": (244, 236, 214),
    "cream": (246, 232, 200),
    "beige": (218, 200, 168),
    "sand": (214, 190, 148),
    "tan": (190, 148, 104),
    "camel": (192, 146, 96),
    "khaki": (160, 148, 104),
    "taupe": (140, 126, 114),
    "brown": (112, 70, 42),
    "chocolate": (74, 44, 28),
    "cognac": (150, 82, 40),
    "bronze": (150, 108, 60),
    "copper": (184, 110, 66),
    "brass": (200, 158, 74),
    "gold": (212, 170, 78),
    "golden": (212, 170, 78),
    "oak": (206, 166, 114),
    "walnut": (102, 66, 42),
    "terracotta": (194, 104, 70),
    "rust": (184, 84, 40),
    "orange": (240, 132, 36),
    "apricot": (246, 178, 122),
    "peach": (250, 190, 150),
    "coral": (244, 122, 104),
    "salmon": (246, 146, 122),
    "red": (204, 30, 40),
    "scarlet": (214, 32, 30),
    "crimson": (176, 20, 48),
    "ruby": (164, 18, 52),
    "burgundy": (114, 22, 42),
    "maroon": (110, 24, 36),
    "pink": (242, 162, 184),
    "rose": (226, 128, 150),
    "blush": (240, 198, 194),
    "fuchsia": (222, 44, 140),
    "magenta": (190, 40, 130),
    "purple": (112, 60, 152),
    "violet": (126, 70, 176),
    "plum": (110, 48, 96),
    "aubergine": (70, 34, 66),
    "lilac": (196, 170, 214),
    "lavender": (186, 170, 222),
    "mauve": (176, 136, 168),
    "indigo": (56, 48, 122),
    "navy": (26, 38, 88),
    "blue": (46, 94, 200),
    "cobalt": (28, 70, 176),
    "azure": (70, 150, 224),
    "denim": (76, 106, 152),
    "teal": (20, 126, 130),
    "petrol": (16, 88, 104),
    "turquoise": (64, 194, 190),
    "aqua": (96, 206, 206),
    "mint": (168, 224, 194),
    "sage": (156, 172, 138),
    "emerald": (18, 128, 84),
    "green": (50, 134, 64),
    "lime": (162, 208, 54),
    "olive": (112, 112, 50),
    "mustard": (216, 166, 40),
    "ochre": (200, 142, 48),
    "yellow": (248, 216, 58),
    "lemon": (250, 228, 92),
    "clear": (214, 230, 233),
    "transparent": (214, 230, 233),
}
"""Colour words and their sRGB values."""

# These also name a fruit, a wood, a metal or a cloth, so they stay part of a text's meaning.
_ALSO_THINGS = _listed(
    """
orange, peach, apricot, plum, olive, lemon, lime, mint, sage, oak, walnut, brass, copper,
bronze, denim, gold, golden, silver, terracotta, aubergine, rose, camel, salmon, coral,
chocolate, cream
"""
)
_SHADES = "light|dark|bright|pale|deep|pastel|soft|vivid"
_COLOUR = re.compile(
    rf"\b(?:(?P<shade>{_SHADES})[ -])?(?P<name>{'|'.join(COLOUR_WORDS)})\b", re.IGNORECASE
)
_LIGHTER = frozenset({"light", "pale", "pastel", "soft"})


def named_colours(text: str) -> list[tuple[int, int, int]]:
    """Return the sRGB values of the colours that a text names, in order."""
    return [_shaded(m["name"].lower(), (m["shade"] or "").lower()) for m in _COLOUR.finditer(text)]


def without_colours(text: str) -> str:
    """Remove words that name only a colour."""
    kept = _COLOUR.sub(lambda m: m["name"] if m["name"].lower() in _ALSO_THINGS else "", text)
    return re.sub(r"\s+", " ", kept).strip(" ,;-")


def _shaded(name: str, shade: str) -> tuple[int, int, int]:
    target = 255 if shade in _LIGHTER else 0
    share = 0.35 if shade in _LIGHTER | {"dark", "deep"} else 0.0
    red, green, blue = (round(v + (target - v) * share) for v in COLOUR_WORDS[name])
    return red, green, blue


NOUNS = _listed(
    """
sneakers, trainers, running shoes, boots, ankle boots, hiking boots, rain boots, sandals, loafers,
high heels, pumps, ballet flats, slippers, clogs, flip-flops, oxford shoes, handbag, tote bag,
shoulder bag, backpack, rucksack, messenger bag, clutch, suitcase, wallet, purse, duffel bag,
crossbody bag, mug, coffee cup, teacup, espresso cup, teapot, kettle, pitcher, jug, carafe, bowl,
plate, saucer, wine glass, tumbler, water bottle, thermos, cutting board, frying pan, saucepan,
casserole, chef's knife, cutlery set, salt shaker, pepper mill, table lamp, floor lamp, desk lamp,
pendant lamp, ceiling lamp, wall lamp, lampshade, chandelier, lantern, candle, candle holder,
dining chair, armchair, office chair, rocking chair, stool, bar stool, bench, ottoman, pouf, sofa,
couch, loveseat, sectional sofa, sofa bed, recliner, chaise longue, dining table, coffee table,
side table, desk, writing desk, nightstand, bedside table, dresser, chest of drawers, wardrobe,
bookcase, bookshelf, shelf, sideboard, TV stand, cabinet, bed, bed frame, headboard, mattress,
crib, bunk bed, rug, carpet, runner, doormat, curtain, blind, cushion, throw pillow, pillow,
blanket, throw, duvet cover, bed linen, towel, bath mat, tablecloth, placemat, vase, planter,
flower pot, plant pot, houseplant, mirror, picture frame, poster, wall clock, alarm clock, clock,
basket, storage box, laundry basket, waste bin, coat rack, hook, dress, maxi dress, evening dress,
summer dress, sundress, shirt dress, t-shirt, tee, polo shirt, shirt, blouse, button-up shirt,
tank top, long-sleeve top, sweater, jumper, pullover, cardigan, hoodie, sweatshirt, turtleneck,
jacket, denim jacket, leather jacket, bomber jacket, blazer, suit, coat, trench coat, raincoat,
parka, down jacket, winter coat, vest, waistcoat, jeans, trousers, pants, chinos, leggings,
joggers, sweatpants, shorts, swim shorts, skirt, mini skirt, pleated skirt, pencil skirt, jumpsuit,
overalls, pyjamas, robe, swimsuit, bikini, bra, underwear, socks, tights, hat, cap, baseball cap,
beanie, sun hat, straw hat, fedora, beret, bucket hat, scarf, shawl, gloves, mittens, belt, tie,
bow tie, sunglasses, glasses, watch, wristwatch, smartwatch, necklace, pendant, bracelet, ring,
earrings, brooch, umbrella, keychain, apple, pear, banana, orange, lemon, lime, grapefruit, mango,
melon, watermelon, peach, nectarine, plum, kiwi, pineapple, avocado, pomegranate, papaya, tomato,
potato, onion, garlic, carrot, cucumber, zucchini, aubergine, eggplant, bell pepper, cabbage, leek,
mushroom, asparagus, ginger, beetroot, lettuce, broccoli, milk, oat milk, soy milk, yoghurt,
sour cream, cream, butter, cheese, juice, orange juice, apple juice, bread, cookies, chocolate,
coffee, tea, cereal, pasta, rice, olive oil, honey, jam, headphones, earbuds, loudspeaker, laptop,
tablet, smartphone, phone case, camera, keyboard, computer mouse, monitor, television, game console,
charger, power bank, toaster, blender, coffee maker, vacuum cleaner, iron, hair dryer, fan, heater,
drill, hammer, screwdriver, toolbox, bicycle, helmet, skateboard, tent, sleeping bag, yoga mat,
dumbbell, football, basketball, tennis racket, surfboard, guitar, piano, violin, drum, doll,
teddy bear, toy car, building blocks, puzzle, board game, stroller, car seat, baby bottle, notebook,
pen, pencil case, book, backpack for school, dog bed, cat tree, leash, garden chair, parasol,
watering can, lawn mower, barbecue grill, perfume, lipstick, soap, shampoo, toothbrush
"""
)
"""What shops sell, from wardrobe to garden."""

PATTERNS = _listed(
    """
plain, striped, checked, plaid, polka dot, dotted, floral, geometric, printed, patterned,
embroidered, quilted, ribbed, pleated, marbled, tie-dye, camouflage, leopard print,
paisley
"""
)
MATERIALS = _listed(
    """
leather, suede, velvet, linen, cotton, canvas, denim, wool, knitted, felt, silk, satin,
nylon, jute, rattan, wicker, straw, ceramic, stoneware, porcelain, terracotta, concrete,
glass, metal, brass, copper, steel, wooden, oak, walnut, marble, plastic, rubber, paper,
bamboo, cashmere, fleece, mesh
"""
)
QUALITIES = _listed(
    """
small, large, round, square, oval, tall, short, wide, slim, modern, classic, vintage,
rustic, minimalist, elegant, casual, sporty, cosy, lightweight, waterproof, warm, soft,
sturdy, handmade, organic, fresh, with handles, with a lid, with legs, with a zip,
with buttons, with a hood, with short sleeves, with long sleeves, with laces, with a strap,
with pockets, for the kitchen, for the living room, for the bedroom, for summer,
for winter, for the office, for travel, for kids, for men, for women, for everyday use,
as a gift
"""
)
_FRAMES = ("{}", "{}", "{}", "a {}", "a photo of a {}", "{} in a shop", "our {}")


def shop_phrase(rng: np.random.Generator, nouns: tuple[str, ...] = NOUNS) -> str:
    """Make up one phrase that a shopper might type, such as `red striped wool blanket`."""
    words = [str(rng.choice(nouns))]
    colours = tuple(COLOUR_WORDS)
    if rng.random() < 0.35:
        words.insert(0, str(rng.choice(MATERIALS)))
    if rng.random() < 0.3:
        words.insert(0, str(rng.choice(PATTERNS)))
    if rng.random() < 0.55:
        shade = f"{rng.choice(_SHADES.split('|'))} " if rng.random() < 0.15 else ""
        colour = shade + str(rng.choice(colours))
        if rng.random() < 0.12:
            colour += f" and {rng.choice(colours)}"
        words.insert(0 if rng.random() < 0.85 else len(words), colour)
    if rng.random() < 0.25:
        quality = str(rng.choice(QUALITIES))
        words.insert(len(words) if quality.startswith(("with", "for", "as")) else 0, quality)
    return str(rng.choice(_FRAMES)).format(" ".join(words))
