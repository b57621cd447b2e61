"""Addresses of result pages: the same search with one thing changed."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from search.index.product_columns import FIELDS
from web.request.fields import FilterFields

QUESTION = ("text", "photo", "box")
ASKED = ("text", "photo", "box", "like", "sort", "view")
"""Fields that are no filters; `like` and `view` are the studio's alone."""


@dataclass(frozen=True, slots=True)
class Address:
    """A results page: its path and its fields in order."""

    path: str
    fields: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, path: str, fields: FilterFields) -> "Address":
        """Return the address of these fields; those that say nothing are left out."""
        pairs = [(name, str(getattr(fields, name, None) or "")) for name in ASKED]
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

    def at_page(self, page: int) -> "Address":
        """Return another page of the same hits."""
        pages = (("page", str(page)),) if page > 1 else ()
        return self._keeping(lambda name, _: name != "page", pages)

    def without(self, *pairs: tuple[str, str]) -> "Address":
        """Return the search without some of its fields, at its first page."""
        return self._keeping(lambda name, value: name != "page" and (name, value) not in pairs)

    def looking_at(self, box: str) -> "Address":
        """Return the search for another part of its photo, at its first page."""
        return self._keeping(lambda name, _: name not in ("box", "page"), (("box", box),))

    def having(self, name: str, value: str) -> "Address":
        """Return the search with one field another, at its first page; empty takes it away."""
        pair = ((name, value),) if value else ()
        return self._keeping(lambda other, _: other not in (name, "page"), pair)

    def without_filters(self) -> "Address":
        """Return the search with nothing that restricts hits, at its first page."""
        return self._keeping(lambda name, _: name in ASKED)

    @property
    def question(self) -> dict[str, str]:
        """What is looked for: words, photo and its part, without order and filters."""
        return {name: value for name, value in self.fields if name in QUESTION}

    @property
    def asked(self) -> tuple[tuple[str, str], ...]:
        """The fields that filters do not touch, for the filter form to carry along."""
        return tuple(pair for pair in self.fields if pair[0] in ASKED)

    def _keeping(
        self, keep: Callable[[str, str], bool], more: tuple[tuple[str, str], ...] = ()
    ) -> "Address":
        return Address(self.path, tuple(pair for pair in self.fields if keep(*pair)) + more)
