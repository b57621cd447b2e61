"""One product in the studio: its pictures, its attributes by source, and forms to correct them."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from search.catalogue.attribute_precedence import FIELD_ATTRIBUTES, SOURCES
from search.database.audit_trail import read_trail
from search.database.connection import session_scope
from search.errors import EditedMeanwhile, UnusableEntry
from search.merchandising.attribute_edits import editable, remove_attribute, set_attribute
from search.merchandising.catalogue_listing import count_values
from search.merchandising.product_record import product_record
from search.results import Filters
from search.text.attribute_vocabulary import shop_vocabulary
from web.login.sessions import current_actor
from web.state import state
from web.studio.blueprint import blueprint

MAX_HISTORY = 20
MAX_SUGGESTIONS = 500
"""Values suggested for free text; more would make the page slow."""


@blueprint.get("/products/<path:sku>")
def product(sku: str) -> ResponseReturnValue:
    """Show all about a product."""
    return _page(sku)


@blueprint.post("/products/<path:sku>")
def edit(sku: str) -> ResponseReturnValue:
    """Set an attribute, or take back an edit."""
    fields = request.form
    name, value, seen = (fields.get(field, "") for field in ("name", "value", "seen"))
    removes = fields.get("do") == "remove"
    actor, vocabulary = current_actor(), shop_vocabulary()
    try:
        with session_scope(state().engine.database) as session:
            if removes:
                remove_attribute(session, sku, name, seen=seen, actor=actor)
            else:
                value = set_attribute(
                    session, sku, name, value, seen=seen, actor=actor, vocabulary=vocabulary
                )
    except EditedMeanwhile as error:
        return _page(sku, problem=str(error), opened=name, typed=value), 409
    except UnusableEntry as error:
        return _page(sku, problem=str(error), opened=name, typed=value), 400
    done = f"Your {name} is removed." if removes else f"{name.capitalize()} is now {value}."
    flash(f"{done} Pages show it at once; filters and their counts from the next build.")
    return redirect(url_for("studio.product", sku=sku), 303)


def _page(sku: str, *, problem: str = "", opened: str = "", typed: str = "") -> str:
    """Render the page.

    Args:
        sku: The product.
        problem: Why an edit was refused.
        opened: The attribute of that edit; its form stays open.
        typed: The value of that edit.
    """
    vocabulary = shop_vocabulary()
    choices = {each.name: [value.name for value in each.values] for each in vocabulary.attributes}
    with session_scope(state().engine.database) as session:
        record = product_record(session, sku)
        history, _ = read_trail(session, action="attribute", subject=sku, limit=MAX_HISTORY)
        known = count_values(session, Filters(), FIELD_ATTRIBUTES)
    suggestions = {
        name: list(dict.fromkeys([*choices.get(name, []), *(found.value for found in values)]))
        for name, values in known.items()
    }
    return render_template(
        "studio/product.html",
        record=record,
        card=record.card,
        names=dict.fromkeys((*editable(vocabulary), *record.claims)),
        editable=editable(vocabulary),
        free={name: values[:MAX_SUGGESTIONS] for name, values in suggestions.items()},
        choices=choices,
        sources=SOURCES,
        history=history,
        problem=problem,
        opened=opened,
        typed=typed,
    )
