"""Catalogue health: what is missing, refused, duplicate or doubtful, as lists and files."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound

from search.catalogue.change_inbox import last_rereads
from search.database.connection import session_scope
from search.merchandising.health.finding_store import (
    count_findings,
    inspected,
    list_findings,
    list_groups,
)
from search.merchandising.health.missing_values import (
    attribute_names,
    contradicted_colours,
    count_lacking,
    count_without_picture,
    lacking,
    without_picture,
)
from search.merchandising.health.refusals import (
    Refusal,
    RefusalFilter,
    count_reasons,
    count_refusals,
    count_sources,
    count_waiting_rows,
    list_refusals,
)
from search.text.attribute_vocabulary import shop_vocabulary
from web.rendering.csv_export import csv_file
from web.rendering.list_page import ListPage, asked_page, pager
from web.state import state
from web.studio.blueprint import blueprint

GROUPS_SHOWN = 20
KINDS = ("row", "image")


@dataclass(frozen=True, slots=True)
class HealthList:
    """One list of the health pages."""

    name: str  # in its address
    label: str
    hint: str
    surveyed: bool = False  # found by the survey of each generation


SECTIONS = (
    HealthList("pictures", "No usable picture", "These products can't be found by their looks."),
    HealthList("refused", "Refused", "Rows and pictures that could not be taken as they are."),
    HealthList("doubles", "Near-duplicates", "Products whose pictures are almost the same.", True),
    HealthList(
        "categories",
        "Doubtful categories",
        "Their pictures lie among those of another category.",
        True,
    ),
    HealthList("titles", "Doubtful titles", "Many other titles fit their pictures better.", True),
    HealthList("missing", "Missing attributes", "No value from merchant, title or pictures."),
    HealthList("colours", "Doubtful colours", "The pictures surely show another colour."),
)
FINDING_KINDS = {"doubles": "duplicate", "categories": "category", "titles": "title"}
"""Lists of findings, and the kind of each."""


@blueprint.get("/health")
def health() -> ResponseReturnValue:
    """Show how much there is to correct of each kind."""
    names = attribute_names(shop_vocabulary())
    with session_scope(state().engine.database) as session:
        generation = inspected(session)
        without = count_lacking(session, names)
        counts: dict[str, int | None] = {
            "pictures": count_without_picture(session),
            "refused": sum(reason.count for reason in count_reasons(session)),
            "missing": sum(without.values()),
            "colours": contradicted_colours(session, shop_vocabulary(), limit=0)[1],
            **{name: _count(session, generation, kind) for name, kind in FINDING_KINDS.items()},
        }
    return render_template(
        "studio/health.html",
        sections=SECTIONS,
        counts=counts,
        generation=generation,
        without=without,
    )


@blueprint.get("/health/pictures")
def health_pictures() -> ResponseReturnValue:
    """List products without a usable picture."""
    page = asked_page()
    with session_scope(state().engine.database) as session:
        found = without_picture(session, limit=page.size, offset=page.offset)
        total = count_without_picture(session)
    return _show("pictures", page, total, found=found)


@blueprint.get("/health/refused")
def health_refused() -> ResponseReturnValue:
    """List refused rows and pictures, with what to do about each."""
    page, asked = asked_page(), _refusal_filter()
    with session_scope(state().engine.database) as session:
        found, total = list_refusals(session, asked, limit=page.size, offset=page.offset)
        told = last_rereads(session, [each.id for each in found if each.kind == "row"])
        more = {
            "reasons": count_reasons(session),
            "sources": count_sources(session),
            "pictures": count_refusals(session, replace(asked, kind="image")),
            "rows": count_refusals(session, replace(asked, kind="row")),
            "waiting": count_waiting_rows(session, asked),
        }
    return _show("refused", page, total, found=found, told=told, asked=asked, **more)


@blueprint.get("/health/doubles")
def health_doubles() -> ResponseReturnValue:
    """List groups of products whose pictures are almost the same."""
    page = asked_page(GROUPS_SHOWN)
    with session_scope(state().engine.database) as session:
        generation = inspected(session)
        total = _count(session, generation, "duplicate")
        found = (
            list_groups(session, generation, limit=page.size, offset=page.offset)
            if generation is not None
            else []
        )
    return _show("doubles", page, total, found=found, generation=generation)


@blueprint.get("/health/categories")
@blueprint.get("/health/titles")
def health_misfits() -> ResponseReturnValue:
    """List products whose pictures don't fit their category, or their title."""
    name = request.path.rsplit("/", 1)[-1]
    page, kind = asked_page(), FINDING_KINDS[name]
    with session_scope(state().engine.database) as session:
        generation = inspected(session)
        total = _count(session, generation, kind)
        found = (
            list_findings(session, generation, kind, limit=page.size, offset=page.offset)
            if generation is not None
            else []
        )
    return _show(name, page, total, found=found, generation=generation)


@blueprint.get("/health/missing")
def health_missing() -> ResponseReturnValue:
    """List products that have no value of an attribute."""
    page, names = asked_page(), attribute_names(shop_vocabulary())
    with session_scope(state().engine.database) as session:
        without = count_lacking(session, names)
        name = _chosen_attribute(names, max(without, key=without.__getitem__))
        found = lacking(session, name, limit=page.size, offset=page.offset)
    return _show("missing", page, without[name], found=found, without=without, attribute=name)


@blueprint.get("/health/colours")
def health_colours() -> ResponseReturnValue:
    """List products whose written colour is not the one that their pictures show."""
    page = asked_page()
    with session_scope(state().engine.database) as session:
        found, total = contradicted_colours(
            session, shop_vocabulary(), limit=page.size, offset=page.offset
        )
    return _show("colours", page, total, found=found)


@blueprint.get("/health/<name>.csv")
def health_csv(name: str) -> ResponseReturnValue:
    """Answer with one list as a file.

    Raises:
        NotFound: there is no such list.
    """
    if name not in FILES:
        raise NotFound("There is no such list.")
    columns, rows = FILES[name]
    with session_scope(state().engine.database) as session:
        return csv_file(name, columns, list(rows(session)))


def _show(name: str, page: ListPage, total: int | None, **values: Any) -> str:  # noqa: ANN401
    section = next(each for each in SECTIONS if each.name == name)
    return render_template(
        f"studio/health/{'misfits' if name in ('categories', 'titles') else name}.html",
        section=section,
        sections=SECTIONS,
        total=total,
        **pager(page, total or 0),
        **values,
    )


def _count(session: Session, generation: int | None, kind: str) -> int | None:
    return None if generation is None else count_findings(session, generation, kind)


def _refusal_filter() -> RefusalFilter:
    """Return which refusals the address asks for."""
    kind, code, source = (request.args.get(name, "") for name in ("kind", "code", "source"))
    return RefusalFilter(kind if kind in KINDS else "", code, source)


def _chosen_attribute(names: Sequence[str], otherwise: str) -> str:
    name = request.args.get("attribute", otherwise)
    if name not in names:
        raise NotFound(f"There is no attribute {name}.")
    return name


def _pictures_rows(session: Session) -> Iterable[Sequence[object]]:
    for each in without_picture(session, limit=None):
        yield each.sku, each.title, each.pictures, each.pending, each.error


def _refused_rows(session: Session) -> Iterable[Sequence[object]]:
    found: list[Refusal] = list_refusals(session, _refusal_filter(), limit=None)[0]
    for each in found:
        yield (
            *(each.kind, each.code, each.detail, each.sku, each.source, each.line, each.address),
            each.created_at.isoformat(timespec="seconds"),
        )


def _findings_rows(kind: str) -> Callable[[Session], Iterable[Sequence[object]]]:
    def rows(session: Session) -> Iterable[Sequence[object]]:
        generation = inspected(session)
        if generation is None:
            return
        if kind == "duplicate":
            groups = list_groups(session, generation, limit=None)
            for number, group in enumerate(groups, 1):
                for each in group:
                    yield number, each.sku, each.title, each.category, each.score
            return
        for each in list_findings(session, generation, kind, limit=None):
            yield each.sku, each.title, each.category, each.detail.get("seen"), each.score

    return rows


def _missing_rows(session: Session) -> Iterable[Sequence[object]]:
    names = attribute_names(shop_vocabulary())
    wanted = [_chosen_attribute(names, "")] if "attribute" in request.args else names
    for name in wanted:
        for each in lacking(session, name, limit=None):
            yield name, each.sku, each.title, each.category


def _colours_rows(session: Session) -> Iterable[Sequence[object]]:
    for each in contradicted_colours(session, shop_vocabulary(), limit=None)[0]:
        yield each.sku, each.title, each.stated, each.seen, each.confidence


Rows = Callable[[Session], Iterable[Sequence[object]]]
FILES: dict[str, tuple[tuple[str, ...], Rows]] = {
    "pictures": (("sku", "title", "pictures", "pending", "error"), _pictures_rows),
    "refused": (
        ("kind", "reason", "what_to_do", "sku", "source", "line", "address", "at"),
        _refused_rows,
    ),
    "doubles": (
        ("group", "sku", "title", "category", "similarity"),
        _findings_rows("duplicate"),
    ),
    "categories": (("sku", "title", "category", "seen", "sure"), _findings_rows("category")),
    "titles": (("sku", "title", "category", "seen", "better"), _findings_rows("title")),
    "missing": (("attribute", "sku", "title", "category"), _missing_rows),
    "colours": (("sku", "title", "stated", "seen", "confidence"), _colours_rows),
}
