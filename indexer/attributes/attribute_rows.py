"""The table of predicted attributes: brought up to date by each build, which writes what changed.

Shoppers see these attributes, so they come from the live generation's model and not from one that
is being tried. No build writes or removes what merchandisers set.
"""

from collections.abc import Iterator, Mapping

import numpy as np
from sqlalchemy import ColumnElement, bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from indexer.attributes.attribute_prediction import PredictedAttribute, PredictedAttributes
from indexer.snapshot.catalogue_snapshot import is_among
from indexer.snapshot.title_values import TitleValues
from search.database.models import ProductAttribute
from search.live.live_pointer import live_row
from search.results import Ids
from search.text.attribute_vocabulary import Vocabulary

PRODUCTS_A_TIME = 5_000

Key = tuple[int, str, str]
"""Product id, name, source."""
Entry = tuple[str, float, str]
"""Value, confidence, model tag."""


def is_live_model(session: Session, model_tag: str) -> bool:
    """Return whether a model built the live generation; True where nothing is live yet."""
    live = live_row(session)
    return live is None or live.model_tag == model_tag


def has_predictions_of_another(session: Session, model_tag: str) -> bool:
    """Return whether another model made any prediction, as it did before a new one went live."""
    row = ProductAttribute
    other = select(row.product_id).where(row.source != "merchandiser", row.model_tag != model_tag)
    return session.scalars(other.limit(1)).first() is not None


def store_attributes(session: Session, attributes: PredictedAttributes, model_tag: str) -> int:
    """Write what is known of products; remove what is not known any more.

    Args:
        session: The caller's transaction.
        attributes: Of all indexed products.
        model_tag: The model that predicted them.

    Returns:
        How many rows were written or removed.
    """
    ids = attributes.product_ids
    changed = 0
    for start in range(0, len(ids), PRODUCTS_A_TIME):
        part = slice(start, start + PRODUCTS_A_TIME)
        wanted = dict(_entries(attributes, part, model_tag))
        # Products in between are not indexed any more, so their predictions go.
        low = ids[start - 1] if start else -1
        own = ProductAttribute.source != "merchandiser"
        own &= ProductAttribute.product_id > int(low)
        if part.stop < len(ids):
            own &= ProductAttribute.product_id <= int(ids[part.stop - 1])
        changed += _bring_up_to_date(session, own, wanted)
    return changed


def known_attributes(
    session: Session,
    product_ids: Ids,
    title_values: Mapping[str, TitleValues],
    vocabulary: Vocabulary,
) -> PredictedAttributes:
    """Return what is known of products without predicting anything.

    Args:
        session: Where earlier builds wrote what they saw in pictures.
        product_ids: (p,) ascending.
        title_values: By attribute, what the words of these products name now.
        vocabulary: The attributes and their values.
    """
    row = ProductAttribute
    in_pictures: dict[str, dict[int, tuple[str, float]]] = {}
    wanted = select(row.product_id, row.name, row.value, row.confidence).where(
        row.source == "picture", is_among(row.product_id, product_ids.tolist())
    )
    for product, name, value, confidence in session.execute(wanted):
        in_pictures.setdefault(name, {})[product] = (value, confidence)
    names = {each.name: tuple(v.name for v in each.values) for each in vocabulary.attributes}
    known = []
    for name in ("category", *(name for name in names if name != "category")):
        found = in_pictures.get(name, {})
        values = tuple(dict.fromkeys((*names.get(name, ()), *(v for v, _ in found.values()))))
        nothing = np.full(len(product_ids), -1, dtype=np.int32)
        codes, confidences = nothing.copy(), np.zeros(len(product_ids), dtype=np.float32)
        for place, product in enumerate(product_ids.tolist()):
            if product in found:
                value, confidences[place] = found[product]
                codes[place] = values.index(value)
        in_title = title_values[name].in_title if name in title_values else nothing
        known.append(PredictedAttribute(name, values, in_title, codes, confidences))
    return PredictedAttributes(product_ids, tuple(known))


def _entries(
    attributes: PredictedAttributes, part: slice, model_tag: str
) -> Iterator[tuple[Key, Entry]]:
    """Yield the rows that some products are to have."""
    for place, product in enumerate(attributes.product_ids[part].tolist(), part.start):
        for each in attributes.attributes:
            if (code := each.in_title[place]) >= 0:
                yield (product, each.name, "title"), (each.values[code], 1.0, model_tag)
            if (code := each.in_pictures[place]) >= 0:
                # Two digits, so that the noise of a refitted probe rewrites no row.
                confidence = float(np.floor(each.confidence[place] * 100) / 100)
                yield (product, each.name, "picture"), (each.values[code], confidence, model_tag)


def _bring_up_to_date(session: Session, own: ColumnElement[bool], wanted: dict[Key, Entry]) -> int:
    """Remove, add and overwrite the rows that a condition selects."""
    table = ProductAttribute
    key = (table.product_id, table.name, table.source)
    found = session.execute(select(*key, table.value, table.confidence, table.model_tag).where(own))
    before = {(row[0], row[1], row[2]): (row[3], row[4], row[5]) for row in found}
    gone = [each for each in before if each not in wanted]
    names = ("product_id", "name", "source", "value", "confidence", "model_tag")
    if gone:
        one = delete(table).where(*(c == bindparam(f"old_{c.key}") for c in key))
        old = [dict(zip((f"old_{name}" for name in names), each, strict=False)) for each in gone]
        session.connection().execute(one, old)
    new = [
        dict(zip(names, (*each, *entry), strict=True))
        for each, entry in wanted.items()
        if before.get(each) != entry
    ]
    if new:
        statement = insert(table)
        overwritten = {name: statement.excluded[name] for name in names[3:]}
        session.execute(statement.on_conflict_do_update(index_elements=key, set_=overwritten), new)
    return len(gone) + len(new)
