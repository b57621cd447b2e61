"""All studio pages: importing this module puts them on the blueprint."""

from web.studio import (
    catalogue_pages,
    gap_pages,
    health_pages,
    product_page,
    retry_actions,
    rule_pages,
    saved_description_pages,
)
from web.studio.blueprint import blueprint

__all__ = [
    "blueprint",
    "catalogue_pages",
    "gap_pages",
    "health_pages",
    "product_page",
    "retry_actions",
    "rule_pages",
    "saved_description_pages",
]
