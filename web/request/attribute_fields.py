"""Fields named after the vocabulary's attributes: `pattern=striped`, `material=leather`, ….

The shop's vocabulary says which attributes there are. So models hold them as one mapping, while
requests, addresses and the API's description have a field for each.
"""

from collections.abc import Collection, Mapping
from typing import Any

from search.index.product_columns import FIELDS
from search.text.attribute_vocabulary import shop_vocabulary


def attribute_names() -> tuple[str, ...]:
    """Return the attributes that are fields, beside category, brand and colour.

    Raises:
        UnusableVocabulary: the shop's file is wrong.
    """
    return tuple(each.name for each in shop_vocabulary().attributes if each.name not in FIELDS)


def gather_attributes(fields: Mapping[str, Any], others: Collection[str]) -> dict[str, Any]:
    """Return fields with those of attributes gathered under `attributes`.

    Args:
        fields: The fields of a request.
        others: Names of the model's own fields; attributes of these names are ignored.
    """
    names = [name for name in attribute_names() if name in fields and name not in others]
    rest = {name: value for name, value in fields.items() if name not in names}
    return rest | {"attributes": {name: fields[name] for name in names}} if names else rest


def describe_fields(schema: dict[str, Any]) -> None:
    """Replace the mapping in a JSON schema by the fields that requests have."""
    properties = schema["properties"]
    del properties["attributes"]
    for name in attribute_names():
        properties.setdefault(
            name,
            {
                "type": "array",
                "items": {"type": "string"},
                "default": [],
                "title": name.capitalize(),
                "description": "An attribute as title or pictures say. Any of these.",
            },
        )
