"""What products' own words say of their attributes.

A title is believed. A description also speaks of parts and of what goes with the product, so it
only serves as an example to learn from, where it names one value. It reads the catalogue and
writes nothing.
"""

from dataclasses import dataclass

import numpy as np
import sqlalchemy
from sqlalchemy import select

from indexer.attributes.ridge_classifier import Codes
from search.database.connection import session_scope
from search.database.models import Product
from search.results import Ids
from search.text.attribute_vocabulary import Attribute, Vocabulary
from search.text.value_matching import named_values

PRODUCTS_A_TIME = 5_000


@dataclass(frozen=True, slots=True)
class TitleValues:
    """Which value of an attribute the words of each product name; -1: none, or several."""

    in_title: Codes  # (p,) int32, positions in the attribute's values
    anywhere: Codes  # (p,) by the description where the title is silent


def read_stated(
    database: sqlalchemy.Engine, product_ids: Ids, vocabulary: Vocabulary
) -> dict[str, TitleValues]:
    """Return what the words of products (p,) say, by the name of the attribute."""
    found = {
        attribute.name: TitleValues(*np.full((2, len(product_ids)), -1, dtype=np.int32))
        for attribute in vocabulary.attributes
    }
    with session_scope(database) as session:
        for start in range(0, len(product_ids), PRODUCTS_A_TIME):
            ids = product_ids[start : start + PRODUCTS_A_TIME].tolist()
            words = select(Product.id, Product.title, Product.description)
            rows = session.execute(words.where(Product.id.in_(ids)))
            texts = {product: (title, description) for product, title, description in rows}
            for place, product in enumerate(ids, start):
                title, description = texts.get(product, ("", ""))
                for attribute in vocabulary.attributes:
                    stated = found[attribute.name]
                    stated.in_title[place] = the_value(attribute, title)
                    code = stated.in_title[place]
                    stated.anywhere[place] = (
                        code if code >= 0 else the_value(attribute, description)
                    )
    return found


def the_value(attribute: Attribute, text: str | None) -> int:
    """Return the position of the one value that a text names; -1 where it names none or more."""
    named = named_values(attribute, text or "")
    if len(named) != 1:
        return -1
    (name,) = named
    return next(i for i, value in enumerate(attribute.values) if value.name == name)
