"""Text as it is kept wherever one line is meant, such as a sku: two spellings of one are one."""

import unicodedata


def one_line(text: str) -> str:
    """Return a text as one line in Unicode's composed form, without controls.

    NUL stays: what holds one is damaged, and is refused by whoever reads it.
    """
    line = " ".join(text.split())
    if line.isascii() and line.isprintable():
        return line
    composed = unicodedata.normalize("NFC", line)
    return "".join(char for char in composed if char == "\x00" or " " <= char != "\x7f")
