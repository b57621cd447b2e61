"""All studio pages: importing this module puts them on the blueprint."""

from web.studio import catalogue, gaps, health, product, retries, rules, saved
from web.studio.blueprint import blueprint

__all__ = ["blueprint", "catalogue", "gaps", "health", "product", "retries", "rules", "saved"]
