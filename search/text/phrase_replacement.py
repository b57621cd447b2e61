"""Takes phrases out of a text, and puts its spaces and commas in order afterwards."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from search.text.normalise import single_spaced


@dataclass(frozen=True, slots=True, order=True)
class Replacement:
    """A part of a text, and what takes its place."""

    start: int  # in characters
    end: int
    instead: str = ""


def replace_phrases(text: str, replacements: Iterable[Replacement]) -> str:
    """Return a text with parts of it replaced: "sofa, not black, please" as "sofa, please".

    Args:
        text: As typed.
        replacements: In the order of their starts. Of parts that overlap, the first to cover a
            character counts.
    """
    kept, at = "", 0
    for each in replacements:
        if each.end > at:
            kept += text[at : max(each.start, at)] + each.instead
            at = each.end
    if at == 0:
        return text.strip()
    kept = single_spaced(kept + text[at:])
    kept = re.sub(r"\s*,\s*(?=[,.;?!]|$)|^\s*[,;-]+\s*|\s*-\s*$", "", kept)
    return re.sub(r"\s+(?=[,.;?!])", "", kept).strip()
