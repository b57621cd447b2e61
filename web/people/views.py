"""All pages about people: importing this module puts them on the blueprint."""

from web.people import accounts, keys, trail
from web.people.blueprint import blueprint

__all__ = ["accounts", "blueprint", "keys", "trail"]
