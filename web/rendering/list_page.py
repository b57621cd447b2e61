"""Pages of a list: which one an address asks for, and where the others are."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import request, url_for

PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class Part:
    """One page of a list."""

    page: int  # 1-based
    size: int = PER_PAGE

    @property
    def offset(self) -> int:
        """Entries before it."""
        return (self.page - 1) * self.size

    def pages(self, total: int) -> int:
        """Return how many pages so many entries fill, one at least."""
        return max(1, -(-total // self.size))


def asked_part(size: int = PER_PAGE) -> Part:
    """Return the page that the address asks for, the first where it makes no sense."""
    page = request.args.get("page", 1, type=int)
    return Part(min(max(page, 1), 100_000), size)


def addresses() -> Callable[[int], str]:
    """Return what turns a page number into the address of that page of this list."""
    given = {name: value for name, value in request.args.items() if name != "page"}
    endpoint, path = str(request.endpoint), request.view_args or {}

    def address(page: int) -> str:
        more = {"page": page} if page > 1 else {}
        return url_for(endpoint, **{**given, **path, **more})

    return address
