"""The form of a rule. It has the fields of all actions; each action reads its own."""

from datetime import UTC, datetime
from typing import Any

from flask_wtf import FlaskForm
from wtforms import (
    DateTimeLocalField,
    FloatField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,  # fmt: skip
)
from wtforms.validators import Length, NumberRange, Optional

from search.rules.rule import MAX_POSITION, BusinessRule

ACTIONS = {
    "pin": "Pin",
    "boost": "Boost",
    "bury": "Bury",
    "synonym": "Read as",
    "redirect": "Send to",
}
"""Labels of the actions."""
ABOUT = {"sku": "Product, by article number", "brand": "Brand", "category": "Category path"}
WHEN = "%Y-%m-%dT%H:%M"
"""How browsers send a time."""


class RuleForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """The fields of a rule; `rule` turns them into one."""

    labels = ACTIONS | ABOUT

    query = StringField("When shoppers ask for", [Length(max=200)])
    action = RadioField("What happens", choices=list(ACTIONS), default="pin")
    sku = StringField("Article number", [Length(max=200)])
    position = IntegerField("Place", [Optional(), NumberRange(1, MAX_POSITION)], default=1)
    about = SelectField("What is moved", choices=list(ABOUT), default="brand")
    named = StringField("Its number, name or path", [Length(max=300)])
    weight = FloatField("How far", [Optional(), NumberRange(0, 1)], default=0.3)
    words = StringField("Words to read instead", [Length(max=200)])
    address = StringField("Address", [Length(max=2000)])
    starts_at = DateTimeLocalField("From, UTC", [Optional()], format=WHEN)
    ends_at = DateTimeLocalField("Until, UTC", [Optional()], format=WHEN)
    sample = StringField("Try it on", [Length(max=200)])

    def rule(self) -> BusinessRule:
        """Return the rule that the form describes.

        Raises:
            UnusableRule: it contradicts itself.
        """
        return BusinessRule(
            action=self.action.data,
            query=self.query.data or "",
            starts_at=_utc(self.starts_at.data),
            ends_at=_utc(self.ends_at.data),
            **self._own_fields(),
        )

    def _own_fields(self) -> dict[str, Any]:
        """Return the fields that the chosen action reads."""
        match self.action.data:
            case "pin":
                own = {"field": "sku", "value": self.sku.data, "position": self.position.data}
            case "synonym":
                own = {"field": "words", "value": self.words.data}
            case "redirect":
                own = {"field": "address", "value": self.address.data}
            case _:
                own = {
                    "field": self.about.data,
                    "value": self.named.data,
                    "weight": self.weight.data,
                }
        return own | {"value": (own["value"] or "").strip()}


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)
