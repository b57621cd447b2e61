"""Cells of a catalogue that are filled and say nothing, as exports write them."""

BLANK = frozenset(("", "nan", "null", "none", "n/a", "-"))


def is_blank(text: str) -> bool:
    """Return whether a cell's text says nothing, whatever its case.

    Args:
        text: Without space around it.
    """
    return text.casefold() in BLANK
