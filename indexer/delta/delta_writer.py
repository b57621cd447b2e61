"""Writes the delta of the live generation: what searchers lay over it until the next build.

Like a generation, a delta is written under a temporary name, brought to the disk, read back with
every checksum and renamed. Only then is it pointed to, in a transaction that finds the generation
still live. One writer works at a time; what a killed one left, the next removes. Where nothing
changed, nothing is written. Withdrawn products always leave searches; new and changed ones come in
as long as there is room, see FINDALIKE_DELTA_LIMIT.
"""

import secrets
import shutil
from dataclasses import dataclass, field, replace
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
from search.index.generation_files import COLUMNS, PATCHES, TEMPORARY, VECTORS
from search.index.manifest_files import file_entry, write_manifest
from search.index.product_columns import write_columns
from search.live.live_pointer import LivePointer, live_pointer
from search.live.stored_generations import deltas_folder, directory_of
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
    # What was live when the catalogue was read last, and the first transaction that it may lack.
    _last_read: tuple[LivePointer, int] | None = None

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
                if live is None or not self._may_have_changed(session, live):
                    return False
                referenced = set(session.scalars(select(DeltaRow.directory)))
            remove_unreferenced(deltas_folder(self.settings.root), referenced)
            if self._base is None or self._base.id != live.id:
                self._base = BaseGeneration.open(directory_of(self.settings.root, live), live.id)
            before = self._present_delta(live)
            store, limit = EmbeddingStore(self.settings.root), self.settings.delta_limit
            changed = DeltaComparison(
                self.database, store, self._vocabulary, self._base, before, limit
            ).run()
            known = before.manifest.signature if before is not None else None
            if changed.signature == known or (changed.empty and live.delta is None):
                self._last_read = live, changed.read_from
                return False
            return self._publish(live, self._base, changed)

    def _may_have_changed(self, session: Session, live: LivePointer) -> bool:
        """Return whether there may be changes that were not read yet."""
        if self._last_read is None or self._last_read[0] != live:
            return True
        return bool(changed_since(session, self._last_read[1]))

    def _present_delta(self, live: LivePointer) -> Delta | None:
        """Return the delta that is pointed to; None where it is damaged, and so written anew."""
        if live.delta is None:
            return None
        try:
            return load_delta(deltas_folder(self.settings.root) / live.delta)
        except DamagedGeneration as error:
            log.warning("delta_damaged", delta=live.delta, error=str(error))
            return None

    def _publish(self, live: LivePointer, base: BaseGeneration, changed: ChangedRows) -> bool:
        """Write what changed and point to it; where nothing differs any more, point to no delta."""
        deltas = deltas_folder(self.settings.root)
        manifest = None if changed.empty else write_delta(deltas, _new_name(live), base, changed)
        if not _move_pointer(self.database, live.id, manifest):
            log.info("delta_too_late", generation=live.id)  # another generation is live by now
            if manifest is not None:
                shutil.rmtree(deltas / manifest.name, ignore_errors=True)
            return False
        name = None if manifest is None else manifest.name
        self._last_read = replace(live, delta=name), changed.read_from
        log.info(
            "delta_published",
            generation=live.id,
            delta=name,
            vectors=len(changed.rows),
            dead=len(changed.dead),
        )
        if changed.waiting:
            log.warning("delta_full", generation=live.id, waiting=changed.waiting)
        return True


def write_delta(
    deltas: Path, name: str, base: BaseGeneration, changed: ChangedRows
) -> DeltaManifest:
    """Write a delta under its name, complete and checked, or not at all.

    Args:
        deltas: Where to.
        name: New.
        base: The generation that it is for.
        changed: What it holds.

    Raises:
        DamagedGeneration: what was written reads differently.
        OSError: the disk refuses; nothing is left behind.
    """
    temporary = deltas / f"{TEMPORARY}{name}"
    try:
        temporary.mkdir(parents=True)
        write_columns(temporary / COLUMNS, changed.rows, tuple(base.rows.columns.facets))
        changed.vectors.tofile(temporary / VECTORS)
        changed.patches.tofile(temporary / PATCHES)
        changed.dead.tofile(temporary / DEAD)
        manifest = write_manifest(temporary, _manifest(temporary, name, base, changed))
        make_durable(temporary)
        load_delta(temporary)
        temporary.rename(deltas / name)
        make_durable(deltas)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return manifest


def _manifest(
    directory: Path, name: str, base: BaseGeneration, changed: ChangedRows
) -> DeltaManifest:
    own = base.manifest
    return DeltaManifest(
        format=FORMAT,
        name=name,
        created_at=datetime.now(UTC),
        generation=own.name,
        model_tag=own.model_tag,
        dim=own.dim,
        patch_dim=changed.patches.shape[2],
        cells=changed.patches.shape[1],
        vectors=len(changed.rows),
        products=len({row.product_id for row in changed.rows}),
        dead=len(changed.dead),
        waiting=changed.waiting,
        signature=changed.signature,
        changed_from=changed.changed_from,
        files={file: file_entry(directory / file) for file in sorted(DELTA_FILES)},
    )


def remove_unreferenced(deltas: Path, referenced: set[str]) -> None:
    """Remove deltas that no generation points to: older ones, and what killed writers left.

    Called before a delta is written, not after. So the delta that it replaces stays until the one
    after it, for readers who are about to open it. The caller holds the lock.
    """
    if not deltas.is_dir():
        return
    for directory in deltas.iterdir():
        if directory.name not in referenced:
            shutil.rmtree(directory, ignore_errors=True)


def _new_name(live: LivePointer) -> str:
    """Return a name that no delta had before: by it readers see that there is a new one."""
    return f"{live.directory}-{secrets.token_hex(4)}"


def _move_pointer(
    database: sqlalchemy.Engine, generation_id: int, manifest: DeltaManifest | None
) -> bool:
    """Let a generation point to a delta, or to none, if it is still live; return whether it is."""
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
