"""English words that say how other words are meant: negations, articles and fillers.

`search.text.attribute_mentions` and `search.text.query_terms` read texts by them. They name no
value of any attribute. All are in lower case.
"""

EXCLUDING = ("not", "without", "except")
"""Negations that exclude any word after them. The others exclude only a value of the vocabulary:
"no" and "minus" are parts of product names as well."""

NEGATIONS = tuple(
    tuple(phrase.split())
    for phrase in (
        *EXCLUDING, "no", "non", "nor", "neither", "never", "excluding", "minus", "avoid", "hate",
        "dislike", "don't", "dont", "doesn't", "isn't", "aren't", "can't", "won't", "shouldn't",
        "mustn't", "anything but", "everything but", "all but", "instead of", "rather than",
        "other than", "apart from", "aside from",
    )
)  # fmt: skip
"""What negates the value after it, word by word."""

FALSE_NEGATIONS = (("not", "only"), ("not", "just"), ("nothing", "but"))
"""What begins like a negation and negates nothing."""

ARTICLES = frozenset(("a", "an", "the", "any"))
FILLERS = ARTICLES | frozenset((
    "its", "it", "this", "that", "these", "those", "in", "of", "made", "from", "with", "such",
    "so", "too", "very", "really", "be", "being", "have", "having", "want", "like", "need", "for",
    "one", "ones", "colored", "coloured", "all",
))  # fmt: skip
"""Words that may stand between a negation and what it negates: "not made of leather"."""

CONJUNCTIONS = frozenset(("or", "nor", "and"))
"""Words that join the terms of a list."""

NO_PARTS = CONJUNCTIONS | frozenset((
    "instead", "please", "but", "on", "in", "for", "with", "to", "of", "not", "no", "as", "like",
    "too", "also", "all", "over", "only", "at", "from", "if", "thanks", "this", "that", "one",
    "ones", "without", "except", "is", "are", "it", "than", "rather", "i", "we", "you",
))  # fmt: skip
"""Words that never name a part of a product, as "legs" does in "with brass legs"."""

EMPTY_WORDS = NO_PARTS | FILLERS | frozenset((
    "same", "similar", "thing", "things", "something", "shape", "style", "kind", "type",
    "version", "just", "still", "there", "me", "my", "some", "make", "show", "give", "find",
    "get", "looking", "look", "search", "would", "could", "can", "do", "does", "prefer", "hi",
    "hello", "different", "other", "another", "colour", "color",
))  # fmt: skip
"""Words that describe no product. A text of these alone, such as "the same, but in", says nothing
beside the values it names."""
