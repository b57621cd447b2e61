"""Findings of a survey: stored for each generation, read a page at a time.

What was corrected since is left out. A finding about a category or a title holds as long as the
product has that category or title. One about a retired product never holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, exists, func, insert, or_, select
from sqlalchemy.orm import Session, aliased

from search.database.models import Finding, GenerationRow, Job, Product, ProductAttribute
from search.merchandising.health.survey import Found

JOB = "inspect"
"""Kind of the jobs that survey a generation; `report` names the generation."""


@dataclass(frozen=True, slots=True)
class FindingView:
    """A finding, and the product it is about."""

    product_id: int
    sku: str
    title: str
    category: str | None
    image_id: int
    score: float
    group: int | None
    detail: dict[str, Any]


def keep_findings(session: Session, generation_id: int, found: Sequence[Found]) -> None:
    """Store the findings of a survey; they replace earlier ones of the same generation."""
    session.execute(delete(Finding).where(Finding.generation_id == generation_id))
    rows = [
        {
            "generation_id": generation_id,
            "kind": each.kind,
            "product_id": each.product_id,
            "product_image_id": each.image_id,
            "group": each.group,
            "score": each.score,
            "detail": each.detail,
        }
        for each in found
    ]
    if rows:
        session.execute(insert(Finding), rows)


def inspected(session: Session) -> int | None:
    """Return the live generation if it was surveyed, None otherwise."""
    live = session.scalar(select(GenerationRow.id).where(GenerationRow.state == "live"))
    job = select(Job.id).where(
        Job.kind == JOB, Job.state == "done", Job.report["generation"].as_integer() == live
    )
    return live if live is not None and session.scalar(job.limit(1)) is not None else None


def list_findings(
    session: Session, generation_id: int, kind: str, *, limit: int | None, offset: int = 0
) -> list[FindingView]:
    """Return findings of the kind `category` or `title`, surest first."""
    statement = _current(generation_id, kind).order_by(Finding.score.desc(), Finding.id)
    return _views(session, statement.limit(limit).offset(offset))


def list_groups(
    session: Session, generation_id: int, *, limit: int | None, offset: int = 0
) -> list[list[FindingView]]:
    """Return groups of near-duplicates, most similar first; two products at least are in each."""
    groups = _groups(generation_id)
    chosen = session.execute(
        select(groups.c.group).order_by(groups.c.best.desc(), groups.c.group).limit(limit)
        .offset(offset)
    )  # fmt: skip
    order = [row.group for row in chosen]
    statement = _current(generation_id, "duplicate").where(Finding.group.in_(order))
    found: dict[int | None, list[FindingView]] = {group: [] for group in order}
    for view in _views(session, statement.order_by(Product.sku)):
        found[view.group].append(view)
    return list(found.values())


def count_findings(session: Session, generation_id: int, kind: str) -> int:
    """Return how many findings, or groups of duplicates, there are."""
    counted = (
        _groups(generation_id)
        if kind == "duplicate"
        else _current(generation_id, kind).order_by(None).subquery()
    )
    return session.scalars(select(func.count()).select_from(counted)).one()


def _groups(generation_id: int) -> Any:  # noqa: ANN401 - a subquery
    current = _current(generation_id, "duplicate").subquery()
    return (
        select(current.c.group, func.max(current.c.score).label("best"))
        .group_by(current.c.group)
        .having(func.count() > 1)
        .subquery()
    )


def _current(generation_id: int, kind: str) -> Select[Any]:
    """Select the findings that still hold."""
    statement = (
        select(
            Finding.product_id,
            Product.sku,
            Product.title,
            Product.category,
            Finding.product_image_id,
            Finding.score,
            Finding.group,
            Finding.detail,
        )
        .join(Product, Product.id == Finding.product_id)
        .where(
            Finding.generation_id == generation_id,
            Finding.kind == kind,
            Product.retired_at.is_(None),
        )
    )
    if kind == "title":
        return statement.where(Product.title == Finding.detail["title"].as_string())
    if kind == "category":
        return statement.where(_says("category", Finding.detail["stated"].as_string()))
    return statement


def _says(name: str, value: ColumnElement[str]) -> ColumnElement[bool]:
    """Return SQL: a product has this value, and no merchandiser set another."""
    edited = aliased(ProductAttribute)
    otherwise = exists().where(
        edited.product_id == Product.id,
        edited.name == name,
        edited.source == "merchandiser",
        edited.value != value,
    )
    same = or_(
        getattr(Product, name) == value,
        exists().where(
            edited.product_id == Product.id,
            edited.name == name,
            edited.source == "merchandiser",
            edited.value == value,
        ),
    )
    return same & ~otherwise


def _views(session: Session, statement: Select[Any]) -> list[FindingView]:
    return [FindingView(*row) for row in session.execute(statement)]
