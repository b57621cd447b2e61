"""The filter column of a results page: what can be chosen, what is chosen, how to undo it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from search.index.product_columns import FIELDS
from search.results import FacetValue
from web.rendering.language import attribute_label, gettext
from web.rendering.value_formats import count, last_step
from web.request.fields import FilterFields
from web.shop.result_addresses import NOT_FILTERS, Address


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a filter."""

    value: str
    label: str
    count: int | None  # products found; None: it is chosen, and no found product has it
    chosen: bool


@dataclass(frozen=True, slots=True)
class ChoiceGroup:
    """The values of one filter, the chosen ones first."""

    name: str
    label: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Chip:
    """A chosen filter, and the address without it."""

    label: str
    address: Address


def choice_groups(
    facets: Mapping[str, Sequence[FacetValue]], fields: FilterFields
) -> list[ChoiceGroup]:
    """Return the filters that have something to choose."""
    groups = []
    for name in dict.fromkeys((*FIELDS, *facets, *fields.attributes)):
        chosen = fields.chosen(name)
        counts = {facet.value: facet.count for facet in facets.get(name, ())}
        values = [*chosen, *(value for value in counts if value not in chosen)]
        choices = tuple(
            Choice(value, _label(name, value), counts.get(value), value in chosen)
            for value in values
        )
        if choices:
            groups.append(ChoiceGroup(name, attribute_label(name), choices))
    return groups


def chips(address: Address) -> list[Chip]:
    """Return the filters of an address, each with the address without it."""
    return [
        Chip(_chip_label(name, value), address.without((name, value)))
        for name, value in address.without().fields
        if name not in NOT_FILTERS
    ]


def _chip_label(name: str, value: str) -> str:
    """Return the label of a chosen filter."""
    if name == "min_price":
        return gettext("from %(price)s", price=count(Decimal(value)))
    if name == "max_price":
        return gettext("up to %(price)s", price=count(Decimal(value)))
    return gettext("in stock") if name == "in_stock" else _label(name, value)


def _label(name: str, value: str) -> str:
    """Return the label of a value: of a category path the last step."""
    return last_step(value) if name == "category" else value
