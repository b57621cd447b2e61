"""Which products are variants of one: the same thing in another colour or size.

Catalogues seldom say, so it is concluded from what they do say. Only products of one brand and one
category are ever compared, and a wrong conclusion hides a product: of title, price and picture at
least two must speak for it, and none of the words may speak against it.

- Titles that are equal without words for colours and sizes, and the same price or pictures of the
  same structure.
- Titles of which one says all that the other says, materials left out too, the same price, and
  pictures of the same structure.

A title of a single word ("Dress") says too little for the first. What belongs to a family larger
than any real one is not folded.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from indexer.encoding.difference_hash import same_structure
from search.text.attribute_vocabulary import Vocabulary
from search.text.normalise import normalised

LARGEST_FAMILY = 100
LARGEST_COMPARED = 2000
"""Products of one brand, category and price; more have a price that says nothing."""

WORDS = re.compile(r"[^\W_]+(?:[-'][^\W_]+)*")
JOINING = frozenset(("in", "and", "the", "a"))
SIZES = re.compile(
    r"\b(?:size|eu|uk|us)\s*\d+(?:[.,]\d+)?\b"
    r"|\b\d+(?:[.,]\d+)?(?:\s*[x×]\s*\d+(?:[.,]\d+)?)*\s*(?:mm|cm|m|ml|cl|l|in|inch|inches|g|kg)\b"
    r"|\b(?:x{1,3}s|x{1,4}l|[2-6]xl|small|medium|large|extra large)\b"
    r"|(?:\bsize\s+|[,/(–-]\s*)[sml]\)?$"
)

T = TypeVar("T")
Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class ComparedProduct:
    """What is compared of a product."""

    product_id: int
    title: str
    brand: str | None
    category: str | None
    price_cents: int | None
    structure: bytes | None  # of its first picture


@dataclass(frozen=True, slots=True)
class _Read:
    """A product whose title is read."""

    listed: ComparedProduct
    words: frozenset[str]  # without colours and sizes
    core: frozenset[str]  # without materials too


def variants(products: Iterable[ComparedProduct], vocabulary: Vocabulary) -> dict[int, int]:
    """Return for each product the lowest id among its variants, its own where it has none.

    Args:
        products: Each once.
        vocabulary: Its colours and materials are the words that variants differ in.
    """
    read = _reader(vocabulary)
    parents: dict[int, int] = {}
    comparable = []
    for product in products:
        parents[product.product_id] = product.product_id
        if product.brand and product.category:
            comparable.append(read(product))
    for group in _groups(comparable, lambda p: (p.listed.brand, p.listed.category)):
        for family in (*_of_one_title(group), *_of_one_price(group)):
            _join(parents, family)
    roots = {product: _root(parents, product) for product in parents}
    sizes: defaultdict[int, int] = defaultdict(int)
    for root in roots.values():
        sizes[root] += 1
    return {p: root if sizes[root] <= LARGEST_FAMILY else p for p, root in roots.items()}


def _of_one_title(group: Sequence[_Read]) -> Iterable[list[int]]:
    """Yield products whose titles are equal, by price and by structure."""
    telling = [product for product in group if len(product.words) > 1]
    for same in _groups(telling, lambda p: p.words):
        priced = [p for p in same if p.listed.price_cents is not None]
        for family in _groups(priced, lambda p: p.listed.price_cents):
            yield [p.listed.product_id for p in family]
        yield from _alike(same, lambda _a, _b: True)


def _of_one_price(group: Sequence[_Read]) -> Iterable[list[int]]:
    """Yield products of one price and structure whose titles agree."""
    priced = [p for p in group if p.listed.price_cents is not None and p.core]
    for same in _groups(priced, lambda p: p.listed.price_cents):
        yield from _alike(same, lambda a, b: a.core <= b.core or b.core <= a.core)


def _alike(group: Sequence[_Read], agree: Callable[[_Read, _Read], bool]) -> Iterable[list[int]]:
    """Yield pairs of the same structure that agree."""
    pictured = [(p, p.listed.structure) for p in group if p.listed.structure is not None]
    if not 1 < len(pictured) <= LARGEST_COMPARED:
        return
    same = same_structure([structure for _, structure in pictured])
    for i, j in np.argwhere(np.triu(same, 1)).tolist():
        a, b = pictured[i][0], pictured[j][0]
        if agree(a, b):
            yield [a.listed.product_id, b.listed.product_id]


def _reader(vocabulary: Vocabulary) -> Callable[[ComparedProduct], _Read]:
    """Return what reads titles."""
    colours, materials = (_mentions(vocabulary, name) for name in ("colour", "material"))

    def read(product: ComparedProduct) -> _Read:
        title = SIZES.sub(" ", normalised(product.title))
        title = colours.sub(" ", title)
        other = JOINING | set(WORDS.findall(normalised(product.brand or "")))
        words = frozenset(WORDS.findall(title)) - other
        return _Read(product, words, frozenset(WORDS.findall(materials.sub(" ", title))) - other)

    return read


def _mentions(vocabulary: Vocabulary, attribute: str) -> re.Pattern[str]:
    """Return what matches any word for an attribute's values."""
    words = {
        word
        for known in vocabulary.attributes
        if known.name == attribute
        for value in known.values
        for word in value.words
    }
    longest_first = sorted(words, key=lambda word: (-len(word), word))
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, longest_first)) or '(?!)'})\b")


def _groups(items: Iterable[T], key: Callable[[T], Key]) -> list[list[T]]:
    """Return the items by key, only where several share one."""
    found: defaultdict[Key, list[T]] = defaultdict(list)
    for item in items:
        found[key(item)].append(item)
    return [group for group in found.values() if len(group) > 1]


def _root(parents: dict[int, int], product: int) -> int:
    while parents[product] != product:
        parents[product] = parents[parents[product]]
        product = parents[product]
    return product


def _join(parents: dict[int, int], family: Sequence[int]) -> None:
    roots = {_root(parents, product) for product in family}
    for root in roots:
        parents[root] = min(roots)
