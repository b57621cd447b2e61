"""One business rule and what it may say. A rule that contradicts itself is refused."""

import re
from dataclasses import dataclass
from datetime import datetime

from search.database.models import RULE_ACTIONS, RULE_FIELDS
from search.errors import UnusableRule
from search.text.normalise import normalised

MAX_POSITION = 100
MAX_WORDS_LENGTH = 200
MAX_ADDRESS_LENGTH = 2000
FIELDS_OF = {
    "pin": ("sku",),
    "boost": ("sku", "brand", "category"),
    "bury": ("sku", "brand", "category"),
    "synonym": ("words",),
    "redirect": ("address",),
}
"""What the value of a rule may name, by its action."""
ADDRESS = re.compile(r"https?://[^\s/?#@\\]+(?:[/?#]\S*)?|/(?![/\\])\S*")
"""A web address, or a path on this site. `//host` is neither."""
SEARCH_PATH = re.compile(r"/search/?(?:[?#]|$)")
"""The results page. A redirect to it could lead in circles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessRule:
    """One rule. It is checked when it is made.

    Raises:
        UnusableRule: says which part and what is allowed.
    """

    action: str  # `pin`, `boost`, `bury`, `synonym` or `redirect`
    field: str  # what `value` names: `sku`, `brand`, `category`, `words` or `address`
    value: str
    query: str = ""  # the words that it applies to; empty: it applies to all queries
    position: int | None = None  # of a pin, 1-based
    weight: float | None = None  # of a boost or bury, above 0, at most 1
    starts_at: datetime | None = None  # with a time zone
    ends_at: datetime | None = None
    id: int | None = None  # None until it is added

    def __post_init__(self) -> None:
        if self.action not in RULE_ACTIONS or self.field not in RULE_FIELDS:
            raise UnusableRule(f"action is one of {RULE_ACTIONS}, field one of {RULE_FIELDS}.")
        if self.field not in FIELDS_OF[self.action]:
            allowed = " or ".join(FIELDS_OF[self.action])
            raise UnusableRule(f"{self.action}: name one {allowed}.")
        if not self.value.strip():
            raise UnusableRule(f"Say which {self.field} is meant.")
        if "\x00" in self.value + self.query:
            raise UnusableRule("A rule holds no NUL character; leave it out.")
        object.__setattr__(self, "query", normalised(self.query))
        {
            "pin": self._check_pin,
            "synonym": self._check_synonym,
            "redirect": self._check_redirect,
        }.get(self.action, self._check_shift)()
        if self.starts_at and self.ends_at and self.starts_at >= self.ends_at:
            raise UnusableRule("The end must be after the start.")

    def _check_pin(self) -> None:
        self._need_query()
        if self.weight is not None or not 1 <= (self.position or 0) <= MAX_POSITION:
            raise UnusableRule(f"A pin needs a position from 1 to {MAX_POSITION} alone.")

    def _check_shift(self) -> None:
        if self.position is not None or self.weight is None or not 0 < self.weight <= 1:
            raise UnusableRule(f"To {self.action} needs a weight above 0 and up to 1 alone.")

    def _check_synonym(self) -> None:
        self._need_query()
        self._need_no_amount()
        object.__setattr__(self, "value", normalised(self.value))
        if len(self.value) > MAX_WORDS_LENGTH:
            raise UnusableRule(f"Words to read instead have at most {MAX_WORDS_LENGTH} characters.")
        if self.value == self.query:
            raise UnusableRule("Read the words as other ones than themselves.")

    def _check_redirect(self) -> None:
        self._need_query()
        self._need_no_amount()
        address = self.value.strip()
        usable = ADDRESS.fullmatch(address) and address.isprintable()
        if not usable or len(address) > MAX_ADDRESS_LENGTH:
            raise UnusableRule(
                "An address begins with https:// or http://, or is a path on this site that "
                "begins with one /; it has no spaces."
            )
        if SEARCH_PATH.match(address):
            raise UnusableRule(
                "A redirect to the search itself could lead in circles; add a synonym to read "
                "these words as others."
            )
        object.__setattr__(self, "value", address)

    def _need_query(self) -> None:
        if not self.query:
            raise UnusableRule(f"A {self.action} is for the words of one query; say which.")

    def _need_no_amount(self) -> None:
        if self.position is not None or self.weight is not None:
            raise UnusableRule(f"A {self.action} has neither position nor weight.")

    def is_active(self, now: datetime) -> bool:
        """Return whether the rule is in force at a moment."""
        begun = self.starts_at is None or self.starts_at <= now
        return begun and (self.ends_at is None or now < self.ends_at)
