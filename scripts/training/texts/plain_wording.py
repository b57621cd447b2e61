"""Reduces different wordings of a query to one plain wording, and makes up different wordings.

Shoppers wrap what they want ("do you have … ?") and name patterns and materials in many ways ("with
stripes", "made of wool"). The text tower learns to ignore that: the target of a text is the meaning
of its plain wording.
"""

import re

import numpy as np

from scripts.training.texts.shop_words import MATERIALS, shop_phrase

OPENINGS = (
    "i am looking for", "i'm looking for", "we are looking for", "looking for", "searching for",
    "search for", "do you have", "do you sell", "do you stock", "have you got", "show me",
    "please show me", "can you show me", "can i get", "can i buy", "where can i find",
    "where can i buy", "find me", "help me find", "i want", "i want to buy", "i need", "i'd like",
    "i would like", "we need", "we want", "is there", "are there", "any", "give me", "get me",
    "a photo of", "a picture of", "an image of", "photo of", "picture of", "our", "my", "the",
    "something like", "what about",
)  # fmt: skip
CLOSINGS = (
    "please", "in a shop", "in the shop", "in stock", "on sale", "for sale", "to buy", "thanks",
    "thank you", "for the front page", "for the shop window", "for the home page", "for our shop",
    "for a customer", "for the catalogue", "right now", "for me", "if possible",
)  # fmt: skip

PATTERN_WORDINGS: dict[str, tuple[str, ...]] = {
    "striped": ("with stripes", "with a striped pattern", "in a striped pattern", "with stripes on",
                "with a stripe print", "stripy", "stripey"),
    "checked": ("with checks", "in a tartan check", "with a plaid pattern", "with a check pattern",
                "in plaid", "in tartan", "plaid", "tartan", "chequered", "gingham"),
    "polka dot": ("with polka dots", "with dots all over", "with a spotted print", "with dots",
                  "with spots", "with a dotted pattern", "dotted", "spotted", "spotty"),
    "floral": ("with flowers", "with a flower print", "in a flowery pattern", "with a floral print",
               "with a floral pattern", "with blossoms", "flowery", "flowered", "flower print"),
    "geometric": ("with a geometric pattern", "with diamond shapes", "with diamonds",
                  "with triangles", "with zigzags", "in a geometric print"),
    "plain": ("without a pattern", "in one plain colour", "in one colour", "with no pattern",
              "without any pattern", "unpatterned", "single-coloured", "in a solid colour"),
}  # fmt: skip
"""Ways to name a pattern; those with a preposition follow the noun."""


def _any_of(phrases: tuple[str, ...]) -> str:
    return "|".join(re.escape(phrase) for phrase in sorted(phrases, key=len, reverse=True))


_OPENING = re.compile(rf"^(?:{_any_of(OPENINGS)})\s+", re.IGNORECASE)
_CLOSING = re.compile(rf"[\s,]+(?:{_any_of(CLOSINGS)})$", re.IGNORECASE)
_ARTICLE = re.compile(r"^(?:an?|some|one|a pair of)\s+", re.IGNORECASE)
_PATTERN = {
    name: re.compile(rf"\b(?:{_any_of(phrases)})\b", re.IGNORECASE)
    for name, phrases in PATTERN_WORDINGS.items()
}
_MADE_OF = re.compile(
    rf"\b(?:made of|made from|made out of|in|of)\s+({_any_of(MATERIALS)})\b", re.IGNORECASE
)


def plain_wording(text: str) -> str:
    """Return a text without its frame, and with pattern and material before the noun.

    `do you have a mug made of stoneware with stripes?` becomes `striped stoneware mug`.
    """
    text = re.sub(r"[?!.]+$", "", " ".join(text.split())).strip(" ,;")
    text = _stripped(text)
    front: list[str] = []
    for name, phrase in _PATTERN.items():
        text, count = phrase.subn(" ", text)
        front += [name] if count else []
    if match := _MADE_OF.search(text):
        text = text[: match.start()] + text[match.end() :]
        front.append(match[1])
    text = re.sub(r"\s+(?:and|with)\s*$", "", " ".join(text.split())).strip(" ,;")
    text = text.replace(" and with ", " with ")
    return " ".join([*front, text]).strip()


def _stripped(text: str) -> str:
    """Remove openings, closings and articles, from the outside in."""
    for _ in range(4):
        shorter = _ARTICLE.sub("", _CLOSING.sub("", _OPENING.sub("", text)))
        if shorter == text or not shorter:
            break
        text = shorter
    return text


def spoken(phrase: str, rng: np.random.Generator) -> str:
    """Wrap a phrase in an opening and a closing, as a shopper would."""
    text = phrase
    if rng.random() < 0.8:
        article = "an" if phrase[:1] in "aeiou" else "a"
        text = f"{rng.choice(OPENINGS)} {article} {phrase}"
    if rng.random() < 0.3:
        text = f"{text}{rng.choice([',', ''])} {rng.choice(CLOSINGS)}"
    return f"{text}?" if rng.random() < 0.2 else text


def phrase_with_pattern(rng: np.random.Generator) -> str:
    """Make up a phrase whose pattern and material may follow the noun."""
    text = shop_phrase(rng)
    if rng.random() < 0.3:
        text = f"{text} {rng.choice(['made of', 'made from', 'in'])} {rng.choice(MATERIALS)}"
    if rng.random() < 0.5:
        wordings = PATTERN_WORDINGS[str(rng.choice(list(PATTERN_WORDINGS)))]
        wording = str(rng.choice(wordings))
        follows = wording.startswith(("with", "in "))
        text = f"{text} {wording}" if follows else f"{wording} {text}"
    return text
