"""All pages about people: importing this module puts them on the blueprint."""

from web.people import account_pages, audit_pages, key_pages
from web.people.blueprint import blueprint

__all__ = ["account_pages", "audit_pages", "blueprint", "key_pages"]
