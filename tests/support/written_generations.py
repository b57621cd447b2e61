"""Writes generations for tests from vectors, without a catalogue."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from sqlalchemy import Engine, select

from search.database.connection import session_scope
from search.database.models import GenerationRow
from search.index.generation_files import (
    COLUMNS,
    FILES,
    FORMAT,
    INDEX,
    PATCHES,
    VECTORS,
    WORDS,
    IndexMeasured,
    Latency,
    Manifest,
)
from search.index.index_planning import plan_index, train_index
from search.index.manifest_files import file_entry, write_manifest
from search.index.product_columns import ColumnRow, write_columns
from search.index.vector_index import write_index
from search.results import Embeddings, Patches
from search.text.word_counts import write_words

TAG = "test-model"


def column_rows(n: int) -> list[ColumnRow]:
    """Return n rows: two pictures per product, with fields that depend on the row number."""
    return [
        ColumnRow(
            image_id=1000 + i,
            product_id=i // 2,
            price_cents=None if i // 2 % 7 == 0 else 100 * (i // 2),
            in_stock=i // 2 % 6 != 0,
            values={
                "category": ("Home > Mugs", "Home > Lamps", "Fashion", None)[i // 2 % 4],
                "brand": ("Aldern", "Bryx", None)[i // 2 % 3],
                "colour": "red" if i // 2 % 5 else None,
            },
        )
        for i in range(n)
    ]


def write_generation(
    directory: Path,
    vectors: Embeddings,
    *,
    nprobe: int = 4,
    patches: Patches | None = None,
    model_tag: str = TAG,
) -> Manifest:
    """Write a complete generation; the measurements in its manifest are made up."""
    directory.mkdir(parents=True)
    half = vectors.astype(np.float16)
    n, d = half.shape
    half.tofile(directory / VECTORS)
    (patches if patches is not None else np.empty((n, 0, 1), np.int8)).tofile(directory / PATCHES)
    write_columns(directory / COLUMNS, column_rows(n))
    write_words(directory / WORDS, [])
    plan = plan_index(n, d)
    write_index(train_index(plan, half), directory / INDEX)
    some = Latency(p50=1.0, p95=2.0)
    manifest = Manifest(
        format=FORMAT,
        name=directory.name,
        created_at=datetime.now(UTC),
        model="embedded",
        model_tag=model_tag,
        dim=d,
        patch_dim=1 if patches is None else patches.shape[2],
        vectors=n,
        products=(n + 1) // 2,
        signature="signature",
        changed_from=1,
        factory=plan.factory,
        reason=plan.reason,
        nlist=plan.nlist,
        m=plan.m,
        nbits=plan.nbits,
        nprobe=nprobe,
        candidates=100,
        left_out={},
        files={name: file_entry(directory / name) for name in sorted(FILES)},
        measured=IndexMeasured(
            recall_at_10=1.0,
            recall_at_10_photo=1.0,
            recall_at_10_text=1.0,
            queries=1,
            ann_ms=some,
            exact_ms=some,
        ),
    )
    return write_manifest(directory, manifest)


def make_live(database: Engine, name: str) -> int:
    """Record a written generation as the live one; return its id."""
    with session_scope(database) as session:
        for row in session.scalars(select(GenerationRow).where(GenerationRow.state == "live")):
            row.state = "retired"
        session.flush()
        new = GenerationRow(
            state="live", model_tag=TAG, directory=name, published_at=datetime.now(UTC)
        )
        session.add(new)
        session.flush()
        return new.id


def flip_byte(path: Path, at: float = 0.5) -> None:
    """Change one byte of a file, at a fraction of its length; the size stays the same."""
    content = bytearray(path.read_bytes())
    content[int(len(content) * at)] ^= 0xFF
    path.write_bytes(content)
