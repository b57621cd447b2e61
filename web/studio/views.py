"""All studio pages: importing this module puts them on the blueprint."""

from web.studio import catalogue, product, rules
from web.studio.blueprint import blueprint

__all__ = ["blueprint", "catalogue", "product", "rules"]
