"""The whole API: importing this module puts its views on the blueprint."""

from web.api import changes, clicks, description, operation, photos, products, rules, searching
from web.api.blueprint import blueprint

__all__ = [
    "blueprint",
    "changes",
    "clicks",
    "description",
    "operation",
    "photos",
    "products",
    "rules",
    "searching",
]
