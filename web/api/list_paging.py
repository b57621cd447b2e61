"""Pages of the API's lists: which one is asked for, how many there are, and links (RFC 8288)."""

from collections.abc import Iterable
from typing import Protocol, TypeVar
from urllib.parse import urlencode

from flask import request, url_for
from pydantic import BaseModel, Field

from web.rendering.list_page import ListPage
from web.request.fields import RequestFields

MOST_PER_PAGE = 100


class ListFields(RequestFields):
    """Which page of a list to return."""

    k: int = Field(default=24, ge=1, le=MOST_PER_PAGE, description="Entries per page.")
    page: int = Field(default=1, ge=1, le=10_000, description="Counted from 1.")

    @property
    def offset(self) -> int:
        """Entries before the page."""
        return ListPage(self.page, self.k).offset


class ListView(BaseModel):
    """Which page of a list this is."""

    total: int = Field(description="Entries in all.", examples=[57])
    page: int = Field(examples=[1])
    pages: int = Field(examples=[3])
    k: int = Field(examples=[24])


class Paged(Protocol):
    """A page of a list, whatever it holds."""

    page: int
    pages: int


View = TypeVar("View", bound=Paged)


def position(fields: ListFields, total: int) -> dict[str, int]:
    """Return the fields of `ListView`."""
    return {
        "total": total,
        "page": fields.page,
        "pages": ListPage(fields.page, fields.k).pages(total),
        "k": fields.k,
    }


def with_links(view: View, fields: BaseModel) -> tuple[View, int, dict[str, str]]:
    """Return a page of a list as the answer to this request, with the addresses of the others."""
    path = url_for(str(request.endpoint), **(request.view_args or {}))
    return view, 200, link_header(path, query_of(fields), page=view.page, pages=view.pages)


def query_of(fields: BaseModel, **more: str | None) -> list[tuple[str, str]]:
    """Return fields as the pairs of an address, without the page and without defaults.

    Args:
        fields: Of a request.
        more: Fields to add; None adds nothing.
    """
    given = fields.model_dump(mode="json", exclude_defaults=True, exclude={"page", "photo", "keep"})
    given |= given.pop("attributes", {}) | more
    pairs = []
    for name, value in given.items():
        values = value if isinstance(value, list) else [value]
        pairs += [(name, _written(each)) for each in values if each not in (None, "")]
    return pairs


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def link_header(
    path: str, query: Iterable[tuple[str, str]], *, page: int, pages: int
) -> dict[str, str]:
    """Return the header `Link` to the other pages; no header where there is one page.

    Args:
        path: Path of the list.
        query: Fields of the address, without the page.
        page: The page that is answered.
        pages: How many there are.
    """
    steps = {"first": 1, "prev": min(page - 1, pages), "next": page + 1, "last": pages}
    if pages <= 1 and page == 1:
        return {}
    links = [
        f'<{path}?{urlencode([*query, ("page", str(to))])}>; rel="{name}"'
        for name, to in steps.items()
        if 1 <= to <= pages
    ]
    return {"Link": ", ".join(links)} if links else {}
