"""One page of a list: which one an address asks for, and the way to the others."""

from dataclasses import dataclass
from typing import Any

from flask import request, url_for

PER_PAGE = 50
LAST_PAGE = 100_000
"""No list is read further: its offset must fit what PostgreSQL takes."""


@dataclass(frozen=True, slots=True)
class ListPage:
    """A page of a list."""

    number: int  # 1-based
    size: int = PER_PAGE  # entries on it

    @property
    def offset(self) -> int:
        """Entries before it."""
        return (self.number - 1) * self.size

    def pages(self, total: int) -> int:
        """Return how many pages so many entries fill."""
        return -(-total // self.size)


def asked_page(size: int = PER_PAGE) -> ListPage:
    """Return the page that the address asks for; the first where it makes no sense."""
    number = request.args.get("page", 1, type=int)
    return ListPage(min(max(number, 1), LAST_PAGE), size)


def pager(page: ListPage, total: int) -> dict[str, Any]:
    """Return what `staff/pager.html` needs: the page, how many there are, and their addresses.

    `address` turns the number of a page into its address: this one with another `page`.
    """
    given = {name: value for name, value in request.args.items() if name != "page" and value}
    endpoint, path = str(request.endpoint), request.view_args or {}

    def address(number: int) -> str:
        more = {"page": number} if number > 1 else {}
        return url_for(endpoint, **{**given, **path, **more})

    return {"page": page.number, "pages": page.pages(total), "address": address}
