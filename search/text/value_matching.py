"""Which values of an attribute a text names: whole words of the vocabulary, longest first.

"sky blue" names sky blue and not blue. The module knows no grammar: "not black" names black.
"""

import re
from functools import lru_cache

from search.text.attribute_vocabulary import Attribute
from search.text.vocabulary_terms import plural


def named_values(attribute: Attribute, text: str) -> frozenset[str]:
    """Return the names of the values that a text names, in singular or plural."""
    pattern, value_names = _compiled(attribute)
    return frozenset(value_names[word] for word in pattern.findall(text.casefold()))


@lru_cache(maxsize=64)
def _compiled(attribute: Attribute) -> tuple[re.Pattern[str], dict[str, str]]:
    """Return what finds the words of an attribute, and the name of each word's value."""
    names: dict[str, str] = {}
    for value in attribute.values:
        for word in value.words:
            names.setdefault(word, value.name)
    for word, name in list(names.items()):
        names.setdefault(plural(word), name)
    words = "|".join(re.escape(word) for word in sorted(names, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{words})(?!\w)" if words else r"(?!)"), names
