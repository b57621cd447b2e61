"""Every form that text is brought into: as it is kept, as a model reads it, as it is compared.

What is kept or encoded changes as little as possible (`single_spaced`, `one_line`,
`visible_text`). What is only compared loses case, width or signs too, and is never shown. Results
of most functions are stored: in products, rules and column names. A change to one of them makes
stored values and new ones differ. SQL that compares words is in `search.text.normalise_sql`.
"""

import re
import unicodedata

_CONTROLS = [*range(0x20), *range(0x7F, 0xA0)]
# Soft hyphen, zero-width space, marks and overrides of direction, word joiner and the like, byte
# order mark, and halves of surrogate pairs, which have no UTF-8. Joiners of emoji and letters stay.
_INVISIBLE = [
    0xAD, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF,
    *range(0xD800, 0xE000),
]  # fmt: skip
_VISIBLE = dict.fromkeys(_CONTROLS, " ") | dict.fromkeys(_INVISIBLE)


def single_spaced(text: str) -> str:
    """Return a text whose words are parted by one space each, with none around them."""
    return " ".join(text.split())


def one_line(text: str) -> str:
    """Return a text as one line in NFC without controls: how skus and titles are kept.

    NUL stays. A text that holds one is damaged, and its reader refuses it.
    """
    line = single_spaced(text)
    if line.isascii() and line.isprintable():
        return line
    composed = unicodedata.normalize("NFC", line)
    return "".join(char for char in composed if char == "\x00" or " " <= char != "\x7f")


def visible_text(text: str) -> str:
    """Return a text as a model reads it: NFC, single-spaced, nothing that can't be seen.

    Controls part words; invisible signs such as soft hyphens do not. Case and punctuation stay.
    """
    return single_spaced(unicodedata.normalize("NFC", text).translate(_VISIBLE))


def compatible(text: str) -> str:
    """Return a text in NFKC, where signs that mean the same are the same: `ｍ` is `m`."""
    return unicodedata.normalize("NFKC", text)


def normalised(text: str) -> str:
    """Return words as queries are compared and counted: NFKC, single-spaced, without case."""
    return single_spaced(compatible(text).casefold())


def folded(name: str) -> str:
    """Return a name as values of attributes are compared: without case and space around it."""
    return name.strip().casefold()


def folded_path(category: str) -> str:
    """Return a category path as it is compared: `Home>Mugs` as `home > mugs`."""
    return " > ".join(folded(part) for part in category.split(">"))


def letters_and_digits(name: str) -> str:
    """Return a name as brands are compared: `Kettle & Co.` as `kettleco`."""
    return "".join(filter(str.isalnum, name.casefold()))


def identifier(name: str) -> str:
    """Return a name as columns and keywords are compared: `Image URL` as `image_url`."""
    return re.sub(r"\W+", "_", name.casefold()).strip("_")
