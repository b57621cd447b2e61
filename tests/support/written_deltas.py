"""Writes deltas for generations without a catalogue, and makes searchers see them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sqlalchemy import Engine

from indexer.delta.base_rows import BaseGeneration
from indexer.delta.changed_rows import ChangedRows
from indexer.delta.delta_writer import write_delta
from search.database.connection import session_scope
from search.database.models import DeltaRow
from search.index.product_columns import ColumnRow
from search.results import Embeddings, Patches

NEW_IMAGE, NEW_PRODUCT = 900_000, 500_000


def fresh_rows(n: int, **fields: object) -> list[ColumnRow]:
    """Return rows of n new products with one picture each."""
    given = {"price_cents": 5, "in_stock": True, "values": {"brand": "Fresh"}} | fields
    return [ColumnRow(NEW_IMAGE + i, NEW_PRODUCT + i, **given) for i in range(n)]  # type: ignore[arg-type]


def put_delta(
    root: Path,
    generation: str,
    name: str,
    vectors: Embeddings,
    *,
    dead: Sequence[int] = (),
    rows: Sequence[ColumnRow] | None = None,
    patches: Patches | None = None,
) -> Path:
    """Write a delta of some rows and dead products; return its directory."""
    base = BaseGeneration.open(root / "generations" / generation, 1)
    if patches is None:
        patches = np.zeros((len(vectors), *base.rows.patches.shape[1:]), np.int8)
    fresh = ChangedRows(
        rows=list(rows) if rows is not None else fresh_rows(len(vectors)),
        vectors=np.asarray(vectors, np.float16),
        patches=patches,
        dead=np.array(sorted(dead), np.int64),
        waiting=0,
        changed_from=2,
        read_from=2,
    )
    write_delta(root / "deltas", name, base, fresh)
    return root / "deltas" / name


def point_to(database: Engine, generation_id: int, directory: Path | None) -> None:
    """Let searchers see a delta of a generation, or none."""
    with session_scope(database) as session:
        session.query(DeltaRow).filter_by(generation_id=generation_id).delete()
        if directory is not None:
            row = DeltaRow(generation_id=generation_id, directory=directory.name, manifest={})
            session.add(row)
