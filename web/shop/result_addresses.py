"""Addresses of result pages: the same search with one thing changed."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from search.index.product_columns import FIELDS
from web.request.fields import FilterFields

QUERY_FIELDS = ("text", "photo", "box")
NOT_FILTERS = ("text", "photo", "box", "like", "sort", "view")
"""Fields that are no filters; only the studio has `like` and `view`."""


@dataclass(frozen=True, slots=True)
class Address:
    """A results page: its path and its fields in order."""

    path: str
    fields: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, path: str, fields: FilterFields) -> "Address":
        """Return the address of these fields; empty ones and defaults are left out."""
        pairs = [(name, str(getattr(fields, name, None) or "")) for name in NOT_FILTERS]
        pairs = [pair for pair in pairs if pair != ("sort", "relevance")]
        for name in (*FIELDS, *fields.attributes):
            pairs += [(name, value) for value in fields.chosen(name)]
        for name in ("min_price", "max_price"):
            price = getattr(fields, name)
            pairs.append((name, "" if price is None else format(price, "f")))
        pairs.append(("in_stock", "1" if fields.in_stock else ""))
        page = getattr(fields, "page", 1)
        pairs.append(("page", str(page) if page > 1 else ""))
        return cls(path, tuple((name, value) for name, value in pairs if value))

    def __str__(self) -> str:
        return f"{self.path}?{urlencode(self.fields)}" if self.fields else self.path

    def with_page(self, page: int) -> "Address":
        """Return the address of another page of the same hits."""
        pages = (("page", str(page)),) if page > 1 else ()
        return self._keeping(lambda name, _: name != "page", pages)

    def without(self, *pairs: tuple[str, str]) -> "Address":
        """Return the search without some of its fields, at its first page."""
        return self._keeping(lambda name, value: name != "page" and (name, value) not in pairs)

    def with_box(self, box: str) -> "Address":
        """Return the search for another part of its photo, at its first page."""
        return self._keeping(lambda name, _: name not in ("box", "page"), (("box", box),))

    def with_field(self, name: str, value: str) -> "Address":
        """Return the search with another value of a field, at its first page; empty removes it."""
        pair = ((name, value),) if value else ()
        return self._keeping(lambda other, _: other not in (name, "page"), pair)

    def without_filters(self) -> "Address":
        """Return the search without filters, at its first page."""
        return self._keeping(lambda name, _: name in NOT_FILTERS)

    @property
    def query_fields(self) -> dict[str, str]:
        """The fields of the query: words, photo and its part, without order and filters."""
        return {name: value for name, value in self.fields if name in QUERY_FIELDS}

    @property
    def kept_fields(self) -> tuple[tuple[str, str], ...]:
        """The fields that are no filters, for the filter form to send along."""
        return tuple(pair for pair in self.fields if pair[0] in NOT_FILTERS)

    def _keeping(
        self, keep: Callable[[str, str], bool], more: tuple[tuple[str, str], ...] = ()
    ) -> "Address":
        return Address(self.path, tuple(pair for pair in self.fields if keep(*pair)) + more)
