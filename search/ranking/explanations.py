"""Says why shown hits are where they are: words, attributes, parts of pictures, rules.

Facts about a question and a product, each in one sentence that shoppers and merchants can read;
which stage moved a hit where is told by its `StageMove`s. It guesses nothing: what neither words
nor pictures nor rules say has no reason. Only what a page shows is explained.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from search.index.generation_files import Generation
from search.query.attribute_wishes import Wish
from search.query.cell_matching import agreement
from search.query.rule_effects import Shift
from search.query.understood_query import UnderstoodQuery
from search.ranking.stages import Ranking
from search.ranking.stages.business_rules import meant
from search.results import Ids, ProductCard, Reason
from search.text.fulltext_search import Match


def reasons(
    question: UnderstoodQuery,
    generation: Generation,
    shown: Ranking,
    cards: Mapping[int, ProductCard],
) -> dict[int, tuple[Reason, ...]]:
    """Return the reasons of each shown product, by product id.

    Args:
        question: What was asked.
        generation: What answered.
        shown: The products of one page.
        cards: Them as they are shown, by product id; they know who says what of a product.
    """
    if len(shown) == 0:
        return {}
    found: dict[int, list[Reason]] = {product: [] for product in shown.product_ids.tolist()}
    for i, product in enumerate(found):
        row = int(shown.rows[i])
        found[product] += _words(question, product, row)
        for wish in question.wishes:
            found[product] += _attribute(wish, generation, row, cards.get(product))
    for said in (_pictures(question, generation, shown.rows), _rules(question, generation, shown)):
        for i, reason in said:
            found[int(shown.product_ids[i])].append(reason)
    return {product: tuple(own) for product, own in found.items()}


def _words(question: UnderstoodQuery, product: int, row: int) -> Iterator[Reason]:
    """Say which words of a text a product holds; beside a photo they only change what it says."""
    if question.kind != "text":
        return
    if question.brand is not None and question.brand[row]:
        yield Reason("brand", "Its brand is what you typed.")
    found = question.lexical.match(product)
    if found is None:
        return
    match, words = found
    if match == Match.SKU:
        yield Reason("sku", "Its article number is what you typed.")
    elif match == Match.SKU_BEGINS:
        yield Reason("sku", "Its article number begins as you typed.")
    if words:
        asked, said = len(question.lexical.words), {"words": tuple(words)}
        if len(words) == asked:
            yield Reason("words", "Its text has all your words: %(words)s.", said)
        else:
            counted = said | {"found": len(words), "asked": asked}
            yield Reason("words", "Its text has %(found)s of %(asked)s: %(words)s.", counted)


def _attribute(
    wish: Wish, generation: Generation, row: int, card: ProductCard | None
) -> Iterator[Reason]:
    """Say which wanted value a product has, and who says so."""
    facet = generation.columns.facets[wish.attribute]
    code = int(facet.codes[row])
    if not wish.fits[code]:
        return
    value = facet.values[code]
    known = card.attributes if card is not None else ()
    # The catalogue may have changed since the generation was built; then nobody is named.
    source = next((a.source for a in known if (a.name, a.value) == (wish.attribute, value)), None)
    yield _said_by(source, {"attribute": wish.attribute.capitalize(), "value": value})


def _said_by(source: str | None, known: Mapping[str, str]) -> Reason:
    """Return a value as a reason, with its source where there is one."""
    if source in ("merchandiser", "merchant"):
        return Reason("attribute", "%(attribute)s: %(value)s, says the shop.", known)
    if source == "title":
        return Reason("attribute", "%(attribute)s: %(value)s, says its title.", known)
    if source == "picture":
        return Reason("attribute", "%(attribute)s: %(value)s, seen in its picture.", known)
    return Reason("attribute", "%(attribute)s: %(value)s.", known)


def _pictures(
    question: UnderstoodQuery, generation: Generation, rows: Ids
) -> Iterator[tuple[int, Reason]]:
    """Say how well the part that is meant and the parts of both pictures agree."""
    looked = question.looked
    if looked is None or question.kind != "photo":
        return
    if looked.part is not None:
        alike = np.asarray(generation.vectors[rows], np.float32) @ looked.part
        for i, cosine in enumerate(alike.tolist()):
            said = {"percent": _percent(cosine)}
            yield i, Reason("region", "Like the marked part of your photo: %(percent)s%%.", said)
    if generation.patches.shape[1] and len(looked.cells.patches):
        agreed = agreement(looked.cells, generation.patches[rows])
        for i, share in enumerate(agreed.tolist()):
            said = {"percent": _percent(share)}
            yield i, Reason("parts", "Parts of both pictures agree: %(percent)s%%.", said)


def _rules(
    question: UnderstoodQuery, generation: Generation, shown: Ranking
) -> Iterator[tuple[int, Reason]]:
    """Say what the merchant's rules did to products."""
    at = {product: i for i, product in enumerate(shown.product_ids.tolist())}
    for pin in question.rules.pins:
        if pin.product_id in at:
            said = {"position": pin.position}
            yield at[pin.product_id], Reason("rule", "Placed at %(position)s by the shop.", said)
    for shift in question.rules.shifts:
        for i in np.flatnonzero(meant(generation.columns, shown, shift)).tolist():
            yield i, _moved(shift)
    if question.rules.out_of_stock != "as_is":
        for i in np.flatnonzero(~generation.columns.in_stock[shown.rows]).tolist():
            yield i, Reason("rule", "Moved down: out of stock.")


def _moved(shift: Shift) -> Reason:
    """Return what a boost or a bury is about."""
    up = shift.weight > 0
    if shift.product_id is not None:
        if up:
            return Reason("rule", "The shop moves it up.")
        return Reason("rule", "The shop moves it down.")
    about = {"what": shift.brand or shift.category or ""}
    if up:
        return Reason("rule", "The shop moves all of %(what)s up.", about)
    return Reason("rule", "The shop moves all of %(what)s down.", about)


def _percent(share: float) -> int:
    """Return 0 to 1 as 0 to 100; what points away is 0."""
    return round(100 * min(max(share, 0.0), 1.0))
