"""The page and the file of the audit trail: who changed what, and when."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy
from flask import Response, render_template, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict, Field

from search.database.audit_trail import AuditView, read_trail, trail_names
from search.database.connection import session_scope
from web.people.blueprint import blueprint
from web.rendering.csv_export import csv_file, in_parts
from web.rendering.list_page import LAST_PAGE, ListPage, pager
from web.request.query_parsing import parse_single_fields
from web.state import state

PER_PAGE = 50
ROWS_PER_READ = 500
COLUMNS = ("number", "time", "who", "action", "what", "before", "after", "details")


class TrailFields(BaseModel):
    """Which entries to show; unknown fields are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    actor: str = Field(default="", max_length=200)
    action: str = Field(default="", max_length=200)
    subject: str = Field(default="", max_length=500)
    page: int = Field(default=1, ge=1, le=LAST_PAGE)

    @property
    def filters(self) -> dict[str, str]:
        """The filters, without spaces around them."""
        return {name: getattr(self, name).strip() for name in ("actor", "action", "subject")}


@dataclass(frozen=True, slots=True)
class ChangedField:
    """A value before and after a change."""

    name: str
    before: str | None  # None: there was none
    after: str | None


@blueprint.get("/audit")
def trail() -> ResponseReturnValue:
    """Show the trail, newest first."""
    fields = parse_single_fields(TrailFields, request.args)
    page = ListPage(fields.page, PER_PAGE)
    with session_scope(state().engine.database) as session:
        entries, total = read_trail(session, **fields.filters, limit=page.size, offset=page.offset)
        names = trail_names(session)
    return render_template(
        "people/trail.html",
        entries=[(entry, differences(entry)) for entry in entries],
        total=total,
        fields=fields,
        names=names,
        filters={name: value for name, value in fields.filters.items() if value},
        **pager(page, total),
    )


@blueprint.get("/audit.csv")
def trail_file() -> Response:
    """Send the trail as a file."""
    fields = parse_single_fields(TrailFields, request.args)
    return csv_file("changes", COLUMNS, _rows(state().engine.database, fields.filters))


def differences(entry: AuditView) -> list[ChangedField]:
    """Return what differs in `before` and `after` of an entry; without them, all its details."""
    before, after = entry.details.get("before"), entry.details.get("after")
    if before is None and after is None:
        return [ChangedField(name, None, _shown(value)) for name, value in entry.details.items()]
    was = before if isinstance(before, dict) else {"value": before}
    now = after if isinstance(after, dict) else {"value": after}
    names = [name for name in {**was, **now} if was.get(name) != now.get(name)]
    return [ChangedField(name, _shown(was.get(name)), _shown(now.get(name))) for name in names]


def _shown(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ", ".join(value)
    return json.dumps(value, ensure_ascii=False)


def _rows(database: sqlalchemy.Engine, filters: dict[str, str]) -> Iterator[tuple[object, ...]]:
    """Yield a row for each entry."""

    def read(limit: int, offset: int) -> Sequence[AuditView]:
        with session_scope(database) as session:
            return read_trail(session, **filters, limit=limit, offset=offset)[0]

    for entry in in_parts(read, ROWS_PER_READ):
        rest = {k: v for k, v in entry.details.items() if k not in ("before", "after")}
        written: list[Any] = [entry.details.get("before"), entry.details.get("after"), rest]
        moment = entry.created_at.isoformat(timespec="seconds")
        cells = [json.dumps(part, ensure_ascii=False) if part else None for part in written]
        yield (entry.id, moment, entry.actor, entry.action, entry.subject, *cells)
