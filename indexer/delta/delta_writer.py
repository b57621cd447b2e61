"""Writes the delta of the live generation: what searchers lay over it until the next build.

As a generation, a delta is written under a temporary name, brought to the disk, read back with
every checksum, renamed, and only then pointed to, in one transaction that finds the generation
still live. One writer at a time; what a killed one left, the next removes. Where nothing changed,
nothing is written. Withdrawn products always go; others as long as there is room, see
FINDALIKE_DELTA_LIMIT.
"""

import secrets
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy
import structlog
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from indexer.delta.base_rows import BaseGeneration
from indexer.delta.changed_rows import ChangedRows, DeltaComparison, changed_since
from search.database.advisory_locks import exclusively
from search.database.connection import session_scope
from search.database.models import DeltaRow, GenerationRow
from search.errors import DamagedGeneration
from search.files.atomic_files import make_durable
from search.index.delta_files import DEAD, DELTA_FILES, FORMAT, Delta, DeltaManifest, load_delta
from search.index.embedding_store import EmbeddingStore
from search.index.generation_files import (
    COLUMNS,
    PATCHES,
    TEMPORARY,
    VECTORS,
    file_entry,
    write_manifest,
)
from search.index.product_columns import write_columns
from search.live.live_pointer import LivePointer, live_pointer
from search.settings import Settings
from search.text.attribute_vocabulary import Vocabulary, load_vocabulary

log = structlog.get_logger()


@dataclass(slots=True)
class DeltaWriter:
    """Keeps the delta of whatever generation is live up to date.

    Args:
        database: The catalogue.
        settings: State root, limit, vocabulary.
    """

    database: sqlalchemy.Engine
    settings: Settings
    _vocabulary: Vocabulary = field(init=False)
    _base: BaseGeneration | None = None  # of the generation that was live last
    # At what, and which transactions that may have missed.
    _looked: tuple[LivePointer, int] | None = None

    def __post_init__(self) -> None:
        self._vocabulary = load_vocabulary(self.settings.vocabulary)

    def write(self) -> bool:
        """Write and publish a delta if anything changed since the last; return whether it did.

        Raises:
            AlreadyRunning: another writer is at work.
            DamagedGeneration: the live generation's rows can't be read.
            DamagedShard: a new picture's vector can't be read.
            OSError: the disk refuses; the delta before stays.
        """
        with exclusively(self.database, "delta"):
            with session_scope(self.database) as session:
                live = live_pointer(session)
                if live is None or not self._anything_new(session, live):
                    return False
                referenced = set(session.scalars(select(DeltaRow.directory)))
            sweep(self.settings.root / "deltas", referenced)
            if self._base is None or self._base.id != live.id:
                generations = self.settings.root / "generations"
                self._base = BaseGeneration.open(generations / live.directory, live.id)
            before = self._before(live)
            store, limit = EmbeddingStore(self.settings.root), self.settings.delta_limit
            fresh = DeltaComparison(
                self.database, store, self._vocabulary, self._base, before, limit
            ).run()
            known = before.manifest.signature if before is not None else None
            if fresh.signature == known or (fresh.empty and live.delta is None):
                self._looked = live, fresh.looked_from
                return False
            return self._publish(live, self._base, fresh)

    def _anything_new(self, session: Session, live: LivePointer) -> bool:
        """Return whether there may be changes that the last look did not see."""
        if self._looked is None or self._looked[0] != live:
            return True
        return bool(changed_since(session, self._looked[1]))

    def _before(self, live: LivePointer) -> Delta | None:
        """Return the delta that is pointed to; one that is damaged is made anew."""
        if live.delta is None:
            return None
        try:
            return load_delta(self.settings.root / "deltas" / live.delta)
        except DamagedGeneration as error:
            log.warning("delta_damaged", delta=live.delta, error=str(error))
            return None

    def _publish(self, live: LivePointer, base: BaseGeneration, fresh: ChangedRows) -> bool:
        """Write what was found and point to it; where nothing is left to say, to nothing."""
        deltas = self.settings.root / "deltas"
        manifest = None if fresh.empty else write_delta(deltas, _new_name(live), base, fresh)
        if not _point(self.database, live.id, manifest):
            log.info("delta_too_late", generation=live.id)  # another generation is live by now
            if manifest is not None:
                shutil.rmtree(deltas / manifest.name, ignore_errors=True)
            return False
        name = None if manifest is None else manifest.name
        self._looked = LivePointer(live.id, live.directory, name), fresh.looked_from
        log.info(
            "delta_published",
            generation=live.id,
            delta=name,
            vectors=len(fresh.rows),
            dead=len(fresh.dead),
        )
        if fresh.waiting:
            log.warning("delta_full", generation=live.id, waiting=fresh.waiting)
        return True


def write_delta(deltas: Path, name: str, base: BaseGeneration, fresh: ChangedRows) -> DeltaManifest:
    """Write a delta under its name, complete and checked, or not at all.

    Args:
        deltas: Where to.
        name: New.
        base: The generation that it is for.
        fresh: What it holds.

    Raises:
        DamagedGeneration: what was written reads differently.
        OSError: the disk refuses; nothing is left behind.
    """
    temporary = deltas / f"{TEMPORARY}{name}"
    try:
        temporary.mkdir(parents=True)
        write_columns(temporary / COLUMNS, fresh.rows, tuple(base.rows.columns.facets))
        fresh.vectors.tofile(temporary / VECTORS)
        fresh.patches.tofile(temporary / PATCHES)
        fresh.dead.tofile(temporary / DEAD)
        manifest = write_manifest(temporary, _manifest(temporary, name, base, fresh))
        make_durable(temporary)
        load_delta(temporary)
        temporary.rename(deltas / name)
        make_durable(deltas)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return manifest


def _manifest(
    directory: Path, name: str, base: BaseGeneration, fresh: ChangedRows
) -> DeltaManifest:
    own = base.manifest
    return DeltaManifest(
        format=FORMAT,
        name=name,
        created_at=datetime.now(UTC),
        generation=own.name,
        model_tag=own.model_tag,
        dim=own.dim,
        patch_dim=fresh.patches.shape[2],
        cells=fresh.patches.shape[1],
        vectors=len(fresh.rows),
        products=len({row.product_id for row in fresh.rows}),
        dead=len(fresh.dead),
        waiting=fresh.waiting,
        signature=fresh.signature,
        changed_from=fresh.changed_from,
        files={file: file_entry(directory / file) for file in sorted(DELTA_FILES)},
    )


def sweep(deltas: Path, referenced: set[str]) -> None:
    """Remove what no generation points to: older deltas, and what killed writers left.

    Called before a delta is written, not after: so the one that it replaces stays as long again,
    for readers who are about to open it. The caller holds the lock.
    """
    if not deltas.is_dir():
        return
    for directory in deltas.iterdir():
        if directory.name not in referenced:
            shutil.rmtree(directory, ignore_errors=True)


def _new_name(live: LivePointer) -> str:
    """Return a name that no delta had before: readers tell by it whether there is another."""
    return f"{live.directory}-{secrets.token_hex(4)}"


def _point(database: sqlalchemy.Engine, generation_id: int, manifest: DeltaManifest | None) -> bool:
    """Point to a delta, or to none, if its generation is still live; return whether it is."""
    with session_scope(database) as session:
        live = select(GenerationRow.id).where(
            GenerationRow.id == generation_id, GenerationRow.state == "live"
        )
        if session.scalar(live.with_for_update(read=True)) is None:
            return False
        if manifest is None:
            session.execute(delete(DeltaRow).where(DeltaRow.generation_id == generation_id))
            return True
        said = {"directory": manifest.name, "manifest": manifest.model_dump(mode="json")}
        pointed = insert(DeltaRow).values(generation_id=generation_id, **said)
        session.execute(
            pointed.on_conflict_do_update(
                index_elements=[DeltaRow.generation_id], set_=said | {"created_at": func.now()}
            )
        )
        return True
