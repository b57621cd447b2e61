"""The studio's rules: a list, a form with a preview of before and after, and a file."""

from collections.abc import Iterator
from datetime import UTC, datetime

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from search.database.audit_trail import AuditView, first_entries
from search.database.connection import session_scope
from search.errors import NoGeneration, UnknownProduct, UnusableRule
from search.merchandising.rule_preview import Preview, preview_adding, preview_removing
from search.rules.rule import BusinessRule
from search.rules.rule_store import add_rule, find_rule, list_rules, remove_rule
from web.login.sessions import current_actor
from web.rendering.csv_export import csv_file
from web.state import engine, state
from web.studio.blueprint import blueprint
from web.studio.rule_form import RuleForm

COLUMNS = (
    *("number", "query", "action", "field", "value", "position", "weight"),
    *("from", "until", "state", "added by", "added at"),
)


def rule_state(rule: BusinessRule) -> str:
    """Return `in force`, `not yet` or `over`."""
    now = datetime.now(UTC)
    if rule.is_active(now):
        return "in force"
    return "over" if rule.ends_at and rule.ends_at <= now else "not yet"


def _rules() -> list[tuple[BusinessRule, str, AuditView | None]]:
    """Return the rules, newest first, each with its state and who added it."""
    with session_scope(state().engine.database) as session:
        found = list_rules(session)
        added = first_entries(session, "rule.add", [str(rule.id) for rule in found])
    return [(rule, rule_state(rule), added.get(str(rule.id))) for rule in reversed(found)]


@blueprint.get("/rules")
def rules() -> ResponseReturnValue:
    """Show all rules."""
    return render_template("studio/rules.html", rules=_rules())


@blueprint.get("/rules.csv")
def rules_file() -> Response:
    """Answer with all rules as a file."""
    return csv_file("rules", COLUMNS, _file_rows())


def _file_rows() -> Iterator[list[object]]:
    found = _rules()
    return (
        [
            *(rule.id, rule.query, rule.action, rule.field, rule.value, rule.position, rule.weight),
            *(rule.starts_at, rule.ends_at, standing),
            *((added.actor, added.created_at) if added else (None, None)),
        ]
        for rule, standing, added in found
    )


@blueprint.route("/rules/new", methods=["GET", "POST"])
def new_rule() -> ResponseReturnValue:
    """Ask for a rule, then show its preview or add it."""
    form = RuleForm()
    if request.method == "GET":
        form.query.data = request.args.get("query", "")
        form.sku.data = request.args.get("sku", "")
        return render_template("studio/rule.html", form=form)
    if not form.validate_on_submit():
        return render_template("studio/rule.html", form=form), 422
    try:
        draft = form.rule()
        if "preview" in request.form:
            tried = _query_to_try(draft, form.sample.data)
            preview, note = _preview(draft, tried)
            return render_template("studio/rule.html", form=form, preview=preview, note=note)
        with session_scope(state().engine.database) as session:
            added = add_rule(session, draft, actor=current_actor())
    except (UnusableRule, UnknownProduct) as error:
        return render_template("studio/rule.html", form=form, problem=str(error)), 422
    flash(f"Rule {added.id} is kept. Searches follow it within {state().settings.refresh_s:g} s.")
    return redirect(url_for("studio.rules"), 303)


@blueprint.get("/rules/<int(max=9223372036854775807):rule_id>/removal")
def removal(rule_id: int) -> ResponseReturnValue:
    """Show what removing a rule would do, and ask for confirmation."""
    with session_scope(engine().database) as session:
        rule = find_rule(session, rule_id)
    text = _query_to_try(rule, request.args.get("sample"))
    preview, note = None, ""
    if text:
        try:
            preview = preview_removing(engine(), text, rule_id)
        except NoGeneration:
            note = "Nothing is published yet, so there is nothing to try it on."
    return render_template(
        "studio/removal.html",
        rule=rule,
        standing_now=rule_state(rule),
        sample=text,
        preview=preview,
        note=note,
    )


@blueprint.post("/rules/<int(max=9223372036854775807):rule_id>/remove")
def remove(rule_id: int) -> ResponseReturnValue:
    """Delete a rule."""
    with session_scope(state().engine.database) as session:
        remove_rule(session, rule_id, actor=current_actor())
    flash(f"Rule {rule_id} is removed.")
    return redirect(url_for("studio.rules"), 303)


def _query_to_try(rule: BusinessRule, sample: str | None) -> str:
    """Return the query to try a rule on: the given one, or else the rule's own words."""
    return (sample or "").strip()[:200] or rule.query


def _preview(draft: BusinessRule, text: str) -> tuple[Preview | None, str]:
    """Return a preview, or why there is none."""
    if not text:
        return None, "Give a query to try it on: this rule is about all queries."
    try:
        return preview_adding(engine(), text, draft), ""
    except NoGeneration:
        return None, "Nothing is published yet, so there is nothing to try it on."
