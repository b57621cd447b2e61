"""Rules of merchandisers: listed, added, removed."""

from typing import Annotated, Self

from pydantic import AwareDatetime, ConfigDict, Field

from search.database.connection import session_scope
from search.database.models import RULE_ACTIONS, RULE_FIELDS
from search.rules.rule import BusinessRule
from search.rules.rule_store import add_rule, list_rules, remove_rule
from web.api.api_access import request_actor
from web.api.blueprint import blueprint
from web.api.documentation.openapi_document import operation
from web.api.list_paging import ListFields, ListView, position, with_links
from web.request.fields import RequestFields
from web.state import state

NUMBER = {"rule_id": "The rule's number."}
EXAMPLES = {
    "application/json": {
        "action": "pin",
        "field": "sku",
        "value": "S007-00042",
        "query": "red mug",
        "position": 1,
    }
}
Action = Annotated[str, Field(json_schema_extra={"enum": list(RULE_ACTIONS)})]
Named = Annotated[str, Field(json_schema_extra={"enum": list(RULE_FIELDS)})]


class RuleFields(RequestFields):
    """A rule to add."""

    action: Action = Field(description="What becomes of what is named.", examples=["pin"])
    field: Named = Field(description="How it is named.", examples=["sku"])
    value: str = Field(
        min_length=1, max_length=500, description="Its name.", examples=["S007-00042"]
    )
    query: str = Field(
        default="",
        max_length=2000,
        description="The words it is about; empty: all queries. A pin needs them.",
        examples=["red mug"],
    )
    position: int | None = Field(
        default=None, description="Of a pin: its place, counted from 1.", examples=[1]
    )
    weight: float | None = Field(
        default=None, description="Of a boost or bury: above 0, at most 1.", examples=[0.3]
    )
    starts_at: AwareDatetime | None = Field(default=None, description="With a time zone.")
    ends_at: AwareDatetime | None = Field(default=None, description="With a time zone.")


class RuleView(RuleFields):
    """A rule."""

    model_config = ConfigDict(from_attributes=True)

    id: int = Field(examples=[7])

    @classmethod
    def of(cls, rule: BusinessRule) -> Self:
        """Return what the API shows of a rule."""
        return cls.model_validate(rule)


class RulesView(ListView):
    """A page of rules, oldest first."""

    rules: list[RuleView]


@blueprint.get("/rules")
@operation("rules", RulesView, tag="rules", scope="merchandise", headers=("Link",))
def rules(query: ListFields) -> tuple[RulesView, int, dict[str, str]]:
    """List all rules, oldest first, also those not in force now."""
    with session_scope(state().engine.database) as session:
        found = list_rules(session)
    shown = found[query.offset : query.offset + query.k]
    view = RulesView(rules=[RuleView.of(rule) for rule in shown], **position(query, len(found)))
    return with_links(view, query)


@blueprint.post("/rules")
@operation(
    "addRule",
    RuleView,
    *(400, 404, 415),
    tag="rules",
    scope="merchandise",
    status=201,
    examples=EXAMPLES,
)
def add_a_rule(json: RuleFields) -> tuple[RuleView, int]:
    """Add a rule; searches follow it within seconds."""
    rule = BusinessRule(**json.model_dump())
    with session_scope(state().engine.database) as session:
        added = add_rule(session, rule, actor=request_actor())
    return RuleView.of(added), 201


@blueprint.delete("/rules/<int:rule_id>")
@operation("removeRule", None, 404, tag="rules", scope="merchandise", status=204, path=NUMBER)
def remove_a_rule(rule_id: int) -> tuple[str, int]:
    """Remove a rule; searches follow within seconds."""
    with session_scope(state().engine.database) as session:
        remove_rule(session, rule_id, actor=request_actor())
    return "", 204
