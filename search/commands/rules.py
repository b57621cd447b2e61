"""`findalike rules`: what merchants pin, boost, bury, read as other words or send elsewhere."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from search.cli import change, echo_done, echo_list, in_session, json_option
from search.database.models import RULE_ACTIONS
from search.errors import UnusableRule

if TYPE_CHECKING:
    from search.rules.rule import BusinessRule


def described(rule: "BusinessRule") -> str:
    """Write a rule in one line."""
    about = f"for “{rule.query}”" if rule.query else "for all queries"
    since = f", from {rule.starts_at:%Y-%m-%d %H:%M} UTC" if rule.starts_at else ""
    until = f", until {rule.ends_at:%Y-%m-%d %H:%M} UTC" if rule.ends_at else ""
    said = f"{rule.action} {rule.field} {rule.value}"
    if rule.position is not None:
        said += f" at {rule.position}"
    elif rule.weight is not None:
        said += f" by {rule.weight}"
    return f"{rule.id}: {said} {about}{since}{until}"


def utc(
    _context: click.Context, _parameter: click.Parameter, value: datetime | None
) -> datetime | None:
    """Take a time without a zone for UTC."""
    return None if value is None else value.replace(tzinfo=UTC)


@click.group()
def rules() -> None:
    """Pin, boost or bury products, read words as others, or send them to an address."""


@rules.command(name="list")
@json_option
def list_(*, as_json: bool) -> None:
    """Show all rules, oldest first."""
    from search.rules.rule_store import list_rules

    none = "There is no rule. `findalike rules add --help` says how to add one."
    found = in_session(list_rules, "findalike-rules")
    echo_list("rules", found, described, none=none, as_json=as_json)


@rules.command()
@click.argument("action", type=click.Choice(RULE_ACTIONS))
@click.option("--sku", help="The product that is meant.")
@click.option("--brand", help="Or the brand.")
@click.option("--category", help="Or the category path, and everything below it.")
@click.option("--words", help="What a synonym reads instead of the query's words.")
@click.option("--address", help="Where a redirect leads: https://…, or a path on this site.")
@click.option("--query", default="", help="The words it is about; boost and bury need none.")
@click.option("--position", type=int, help="Where a pinned product stands.  [default: 1]")
@click.option("--weight", type=float, help="How far to move, up to 1.  [default: 0.3]")
@click.option("--starts", type=click.DateTime(), callback=utc, help="When it begins, UTC.")
@click.option("--ends", type=click.DateTime(), callback=utc, help="When it ends, UTC.")
@json_option
def add(
    *,
    action: str,
    sku: str | None,
    brand: str | None,
    category: str | None,
    words: str | None,
    address: str | None,
    query: str,
    position: int | None,
    weight: float | None,
    starts: datetime | None,
    ends: datetime | None,
    as_json: bool,
) -> None:
    """Add a rule: pin a product to a place, boost or bury what is named, read the query's words
    as others wherever they stand in a text, or send who asks for exactly them to an address.

    A weight of 1 moves over the first hundred hits, 0.1 over what is about as good.
    """
    from search.rules.rule_store import add_rule

    rule = _rule(
        {"sku": sku, "brand": brand, "category": category, "words": words, "address": address},
        action=action,
        query=query,
        position=position,
        weight=weight,
        starts_at=starts,
        ends_at=ends,
    )
    added = change(lambda session, actor: add_rule(session, rule, actor=actor), "findalike-rules")
    echo_done(asdict(added), described(added), as_json=as_json)


def _rule(
    named: dict[str, str | None],
    *,
    action: str,
    query: str,
    position: int | None,
    weight: float | None,
    starts_at: datetime | None,
    ends_at: datetime | None,
) -> "BusinessRule":
    """Return the rule that options describe, amounts left out filled in."""
    from search.rules.rule import BusinessRule

    given = [(field, value) for field, value in named.items() if value is not None]
    if len(given) != 1:
        raise click.UsageError("Give one of --sku, --brand, --category, --words and --address.")
    if action == "pin":
        position = 1 if position is None else position
    elif action in ("boost", "bury"):
        weight = 0.3 if weight is None else weight
    try:
        return BusinessRule(
            action=action,
            field=given[0][0],
            value=given[0][1],
            query=query,
            position=position,
            weight=weight,
            starts_at=starts_at,
            ends_at=ends_at,
        )
    except UnusableRule as error:
        raise click.UsageError(str(error)) from error


@rules.command()
@click.argument("rule_id", type=int)
@json_option
def remove(*, rule_id: int, as_json: bool) -> None:
    """Delete the rule of this number."""
    from search.rules.rule_store import remove_rule

    change(lambda session, actor: remove_rule(session, rule_id, actor=actor), "findalike-rules")
    echo_done({"removed": rule_id}, f"Rule {rule_id} is removed.", as_json=as_json)
