"""Edits of merchandisers: an attribute is set or taken back, and the audit trail says so.

An edit comes before all other sources (`search.catalogue.attribute_precedence`). It never touches
the merchant's fields, and refuses to overwrite what its author has not seen.
"""

from sqlalchemy import select
from sqlalchemy.orm import Session

from search.catalogue.attribute_precedence import FIELD_ATTRIBUTES
from search.database.audit_trail import read_trail, record_change
from search.database.models import Product, ProductAttribute
from search.errors import EditedMeanwhile, UnknownProduct, UnusableEntry
from search.text.attribute_vocabulary import Vocabulary
from search.text.normalise import single_spaced

SOURCE = "merchandiser"
LONGEST_VALUE = 300


def editable(vocabulary: Vocabulary) -> tuple[str, ...]:
    """Return the attributes that can be set: category and colour first."""
    others = (each.name for each in vocabulary.attributes if each.name not in FIELD_ATTRIBUTES)
    return (*FIELD_ATTRIBUTES, *others)


def set_attribute(
    session: Session,
    sku: str,
    name: str,
    value: str,
    *,
    seen: str,
    actor: str,
    vocabulary: Vocabulary,
) -> str:
    """Set an attribute of a product; return the value as it is stored.

    Args:
        session: The caller's transaction.
        sku: The product.
        name: The attribute.
        value: Free text for category and colour; of other attributes a value of the vocabulary.
        seen: The edited value that the author saw; empty where there was none.
        actor: Who edits, as the audit trail names them.
        vocabulary: The attributes and their values.

    Raises:
        UnknownProduct: no product has this sku.
        UnusableEntry: there is no such attribute, or it has no such value.
        EditedMeanwhile: somebody else changed it since the author looked.
    """
    value = checked_value(name, value, vocabulary)
    product_id, row = _locked(session, sku, name, seen)
    before = row.value if row is not None else None
    if before == value:
        return value
    if row is None:
        row = ProductAttribute(product_id=product_id, name=name, source=SOURCE, confidence=1.0)
        session.add(row)
    row.value = value
    details = {"attribute": name, "before": before, "after": value}
    record_change(session, actor, "attribute.set", sku, details)
    return value


def remove_attribute(session: Session, sku: str, name: str, *, seen: str, actor: str) -> None:
    """Take back an edit, so that the merchant, the title or the pictures count again.

    Raises:
        UnknownProduct: no product has this sku.
        UnusableEntry: nothing is set.
        EditedMeanwhile: somebody else changed it since the author looked.
    """
    _, row = _locked(session, sku, name, seen)
    if row is None:
        raise UnusableEntry(f"No {name} is set by hand for {sku}; there is nothing to remove.")
    details = {"attribute": name, "before": row.value, "after": None}
    session.delete(row)
    record_change(session, actor, "attribute.remove", sku, details)


def checked_value(name: str, value: str, vocabulary: Vocabulary) -> str:
    """Return a value as it is stored: spaces tidied, spelt as in the vocabulary.

    Raises:
        UnusableEntry: there is no such attribute, or it has no such value.
    """
    if name not in editable(vocabulary):
        known = ", ".join(editable(vocabulary))
        raise UnusableEntry(f"{name} is no attribute; there are {known}.")
    separator = " > " if name == "category" else " "
    parts = value.split(">") if name == "category" else [value]
    tidied = separator.join(single_spaced(part) for part in parts)
    if not all(part.strip() for part in parts) or not tidied.isprintable():
        example = ", such as Home > Mugs" if name == "category" else ""
        raise UnusableEntry(f"Give a {name}{example}.")
    if len(tidied) > LONGEST_VALUE:
        raise UnusableEntry(f"A {name} has at most {LONGEST_VALUE} characters.")
    if name in FIELD_ATTRIBUTES:
        return tidied
    attribute = next(each for each in vocabulary.attributes if each.name == name)
    names = {each.name.casefold(): each.name for each in attribute.values}
    if tidied.casefold() not in names:
        raise UnusableEntry(
            f"{tidied} is no {name} that the vocabulary knows: {', '.join(names.values())}."
        )
    return names[tidied.casefold()]


def _locked(
    session: Session, sku: str, name: str, seen: str
) -> tuple[int, ProductAttribute | None]:
    """Return the product and its edit, locked until this transaction ends."""
    wanted = select(Product.id).where(Product.sku == sku).with_for_update()
    product_id = session.scalar(wanted)
    if product_id is None:
        raise UnknownProduct(sku)
    row = session.get(ProductAttribute, (product_id, name, SOURCE), populate_existing=True)
    present = row.value if row is not None else ""
    if present != seen:
        by = _last_editor(session, sku, name)
        did = f"set {name} to {present}" if present else f"removed {name}"
        raise EditedMeanwhile(
            f"{by} {did} while you were editing, so yours is not saved. Look at what is there now, "
            "and save again if you still want to."
        )
    return product_id, row


def _last_editor(session: Session, sku: str, name: str) -> str:
    entries, _ = read_trail(session, action="attribute", subject=sku)
    return next((e.actor for e in entries if e.details.get("attribute") == name), "Somebody else")
