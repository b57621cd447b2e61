"""The whole API: importing this module puts its views on the blueprint."""

from web.api import (
    click_views,
    no_result_photo_views,
    operation_views,
    product_change_views,
    product_views,
    rule_views,
    search_views,
)
from web.api.blueprint import blueprint
from web.api.documentation import documentation_views

__all__ = [
    "blueprint",
    "click_views",
    "documentation_views",
    "no_result_photo_views",
    "operation_views",
    "product_change_views",
    "product_views",
    "rule_views",
    "search_views",
]
