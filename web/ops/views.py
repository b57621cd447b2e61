"""All operator pages: importing this module puts them on the blueprint."""

from web.ops import overview
from web.ops.blueprint import blueprint

__all__ = ["blueprint", "overview"]
