"""Says why a shown hit stands where it does: by words, attributes, parts of pictures, or rules.

A reason is one fact about a query and a product, in a sentence that shoppers and merchants can
read. Which stage moved a hit is told by its `StageMove`s. Nothing is guessed: where neither words
nor pictures nor rules say anything, there is no reason. Only the hits of one page are explained.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from search.index.generation_files import Generation
from search.query.attribute_wishes import Wish
from search.query.cell_matching import agreement
from search.query.rule_effects import Shift
from search.query.understood_query import UnderstoodQuery
from search.ranking.stages import Ranking
from search.ranking.stages.business_rules import shifted
from search.results import Ids, ProductCard, Reason
from search.text.fulltext_search import Match


def reasons(
    query: UnderstoodQuery,
    generation: Generation,
    shown: Ranking,
    cards: Mapping[int, ProductCard],
) -> dict[int, tuple[Reason, ...]]:
    """Return the reasons of each shown product, by product id.

    Args:
        query: The query that is answered.
        generation: The one that was searched.
        shown: The products of one page.
        cards: Their cards by product id, which name the source of each attribute.
    """
    if len(shown) == 0:
        return {}
    found: dict[int, list[Reason]] = {product: [] for product in shown.product_ids.tolist()}
    for i, product in enumerate(found):
        row = int(shown.rows[i])
        found[product] += _word_reasons(query, product, row)
        for wish in query.wishes:
            found[product] += _attribute_reasons(wish, generation, row, cards.get(product))
    of_pictures = _picture_reasons(query, generation, shown.rows)
    for i, reason in (*of_pictures, *_rule_reasons(query, generation, shown)):
        found[int(shown.product_ids[i])].append(reason)
    return {product: tuple(own) for product, own in found.items()}


def _word_reasons(query: UnderstoodQuery, product: int, row: int) -> Iterator[Reason]:
    """Say which words of a text a product holds. Words beside a photo find no products."""
    if query.kind != "text":
        return
    if query.brand_rows is not None and query.brand_rows[row]:
        yield Reason("brand", "Its brand is what you typed.")
    found = query.lexical.match(product)
    if found is None:
        return
    match, words = found
    if match == Match.SKU:
        yield Reason("sku", "Its article number is what you typed.")
    elif match == Match.SKU_BEGINS:
        yield Reason("sku", "Its article number begins as you typed.")
    if words:
        searched, values = len(query.lexical.words), {"words": tuple(words)}
        if len(words) == searched:
            yield Reason("words", "Its text has all your words: %(words)s.", values)
        else:
            counted = values | {"found": len(words), "asked": searched}
            yield Reason("words", "Its text has %(found)s of %(asked)s: %(words)s.", counted)


def _attribute_reasons(
    wish: Wish, generation: Generation, row: int, card: ProductCard | None
) -> Iterator[Reason]:
    """Say which wanted value a product has, and by which source."""
    facet = generation.columns.facets[wish.attribute]
    code = int(facet.codes[row])
    if not wish.fits[code]:
        return
    value = facet.values[code]
    attributes = card.attributes if card is not None else ()
    # The catalogue may have changed since the generation was built. Then no source is named.
    source = next(
        (each.source for each in attributes if (each.name, each.value) == (wish.attribute, value)),
        None,
    )
    yield _attribute_reason(source, {"attribute": wish.attribute.capitalize(), "value": value})


def _attribute_reason(source: str | None, values: Mapping[str, str]) -> Reason:
    """Return an attribute's value as a reason, with its source where that is known."""
    if source in ("merchandiser", "merchant"):
        return Reason("attribute", "%(attribute)s: %(value)s, says the shop.", values)
    if source == "title":
        return Reason("attribute", "%(attribute)s: %(value)s, says its title.", values)
    if source == "picture":
        return Reason("attribute", "%(attribute)s: %(value)s, seen in its picture.", values)
    return Reason("attribute", "%(attribute)s: %(value)s.", values)


def _picture_reasons(
    query: UnderstoodQuery, generation: Generation, rows: Ids
) -> Iterator[tuple[int, Reason]]:
    """Say how far pictures agree with the photo's region, and with its parts."""
    photo = query.photo
    if photo is None or query.kind != "photo":
        return
    if photo.region_vector is not None:
        cosines = np.asarray(generation.vectors[rows], np.float32) @ photo.region_vector
        for i, cosine in enumerate(cosines.tolist()):
            percent = {"percent": _percent(cosine)}
            yield i, Reason("region", "Like the marked part of your photo: %(percent)s%%.", percent)
    if generation.patches.shape[1] and len(photo.cells.patches):
        agreements = agreement(photo.cells, generation.patches[rows])
        for i, share in enumerate(agreements.tolist()):
            percent = {"percent": _percent(share)}
            yield i, Reason("parts", "Parts of both pictures agree: %(percent)s%%.", percent)


def _rule_reasons(
    query: UnderstoodQuery, generation: Generation, shown: Ranking
) -> Iterator[tuple[int, Reason]]:
    """Say what the merchant's rules did to products."""
    places = {product: i for i, product in enumerate(shown.product_ids.tolist())}
    for pin in query.rules.pins:
        if pin.product_id in places:
            position = {"position": pin.position}
            reason = Reason("rule", "Placed at %(position)s by the shop.", position)
            yield places[pin.product_id], reason
    for shift in query.rules.shifts:
        for i in np.flatnonzero(shifted(generation.columns, shown, shift)).tolist():
            yield i, _shift_reason(shift)
    if query.rules.out_of_stock != "as_is":
        for i in np.flatnonzero(~generation.columns.in_stock[shown.rows]).tolist():
            yield i, Reason("rule", "Moved down: out of stock.")


def _shift_reason(shift: Shift) -> Reason:
    """Return the reason of a boosted or buried product."""
    up = shift.weight > 0
    if shift.product_id is not None:
        if up:
            return Reason("rule", "The shop moves it up.")
        return Reason("rule", "The shop moves it down.")
    values = {"what": shift.brand or shift.category or ""}
    if up:
        return Reason("rule", "The shop moves all of %(what)s up.", values)
    return Reason("rule", "The shop moves all of %(what)s down.", values)


def _percent(share: float) -> int:
    """Return 0 to 1 as 0 to 100. A negative cosine is 0."""
    return round(100 * min(max(share, 0.0), 1.0))
