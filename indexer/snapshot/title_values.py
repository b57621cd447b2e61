"""Which attribute values products' own words name.

A title is believed. A description also speaks of parts and of what goes with the product, so it
only serves as an example to learn from, where it names one value. This module reads the catalogue
in the caller's transaction and writes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from search.database.models import Product
from search.results import Codes
from search.text.attribute_vocabulary import Attribute, Vocabulary
from search.text.value_matching import named_values

PRODUCTS_A_TIME = 5_000


@dataclass(frozen=True, slots=True)
class TitleValues:
    """Which value of an attribute the words of each product name."""

    in_title: Codes  # (p,) positions in the attribute's values
    anywhere: Codes  # (p,) by the description where the title names none

    @classmethod
    def none(cls, products: int) -> "TitleValues":
        """Return the values of products (p,) whose words name none."""
        return cls(*np.full((2, products), -1, dtype=np.int32))


def read_title_values(
    session: Session, titles: Mapping[int, str], vocabulary: Vocabulary
) -> dict[str, TitleValues]:
    """Return by attribute what the words of products (p,) name, in the order of the titles.

    Args:
        session: The transaction that the titles were read in; it reads the descriptions too, so
            that both are of one moment.
        titles: By product id.
        vocabulary: The attributes and their values.
    """
    ids = list(titles)
    found = {attribute.name: TitleValues.none(len(ids)) for attribute in vocabulary.attributes}
    for start in range(0, len(ids), PRODUCTS_A_TIME):
        block = ids[start : start + PRODUCTS_A_TIME]
        wanted = select(Product.id, Product.description).where(Product.id.in_(block))
        descriptions = {row.id: row.description for row in session.execute(wanted)}
        for place, product in enumerate(block, start):
            for attribute in vocabulary.attributes:
                values = found[attribute.name]
                code = named_code(attribute, titles[product])
                values.in_title[place] = code
                values.anywhere[place] = (
                    code if code >= 0 else named_code(attribute, descriptions.get(product))
                )
    return found


def named_code(attribute: Attribute, text: str | None) -> int:
    """Return the position of the one value that a text names; -1 where it names none or several."""
    named = named_values(attribute, text or "")
    if len(named) != 1:
        return -1
    (name,) = named
    return next(i for i, value in enumerate(attribute.values) if value.name == name)
