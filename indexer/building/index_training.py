"""Makes the index of a generation: trained on its vectors, or with the training of an earlier one.

Training takes longer than all the rest of an index. A catalogue of which a hundredth changed
overnight leads to nearly the same centroids and codes. So the earlier training is taken over, and
the vectors are filled in anew, as long as the training is measured to fit them. Otherwise, or where
the earlier index can't be read, the index is trained anew. The earlier index is read from its file;
the one that is searched is not touched.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy
import structlog
from sqlalchemy import select

from indexer.building.recall_measurement import Queries, tune
from search.database.connection import session_scope
from search.database.models import GenerationRow
from search.errors import DamagedGeneration
from search.index.generation_files import INDEX, IndexMeasured, Manifest, Training, read_manifest
from search.index.index_planning import IndexPlan, fill_index, train_index
from search.index.manifest_files import file_entry
from search.index.training_drift import drift_of, measure_fit
from search.index.vector_index import FaissIndex, read_index
from search.results import HalfVectors
from search.settings import Settings

DRIFT_LIMIT = 1.1
"""An index whose errors grew to more than this many times those at training is trained anew.
Measured on 19,000 × 384 synthetic vectors, some of kinds that were not there at training. With 2%
of new kinds, codes are 1.06 times as wrong and as few lists reach the recall target as after
training anew. With 5% codes are 1.16 times as wrong and 4.5 times as many lists are needed; with
10%, 1.32 and 6 times."""
IMBALANCE_LIMIT = 1.25
"""The same limit for the imbalance of the lists: how many times as many vectors a query is compared
with as if all lists were equally long."""

log = structlog.get_logger()


class DoesNotFit(Exception):
    """The earlier training can't be taken over; the message says why."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """A generation whose training may be taken over."""

    directory: Path
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class Trained:
    """An index that is filled and measured."""

    index: FaissIndex
    plan: IndexPlan  # of the index that came of it
    measured: IndexMeasured
    training: Training | None  # None: nothing to train


def earlier_generation(
    database: sqlalchemy.Engine, generations: Path, model_tag: str
) -> Earlier | None:
    """Return the live generation of a model, or else its newest one; None where it has none."""
    row = GenerationRow
    usable = row.state.in_(("live", "verified", "retired"))
    with session_scope(database) as session:
        name = session.scalar(
            select(row.directory)
            .where(row.model_tag == model_tag, usable)
            .order_by((row.state == "live").desc(), row.id.desc())
            .limit(1)
        )
    if name is None:
        return None
    try:
        return Earlier(generations / name, read_manifest(generations / name))
    except DamagedGeneration as error:
        log.warning("earlier_training_damaged", generation=name, error=str(error))
        return None


@dataclass(slots=True)
class Trainer:
    """Makes one index.

    Args:
        name: Of the generation that it is for.
        plan: What to build.
        vectors: (n, d) float16, what it is to hold.
        settings: Recall target, and how many candidates are rescored.
        earlier: Whose training may be taken over.
    """

    name: str
    plan: IndexPlan
    vectors: HalfVectors
    settings: Settings
    earlier: Earlier | None

    def make(self, queries: Callable[[], Queries], tell: Callable[[str], None]) -> Trained:
        """Train or take over, fill, tune and measure.

        Args:
            queries: Called once an index is there, for what to measure recall with.
            tell: Told of each step as it begins.
        """
        tell(f"Training {self.plan.factory}")
        try:
            filled = self._take_over()
        except DoesNotFit as reason:
            filled = self._train(str(reason))
        tell("Measuring recall")
        asked = queries()
        index, measured = tune(filled.index, self.vectors, asked, self.settings)
        if filled.missed(measured, self.settings.recall_target):
            filled = self._train(f"recall fell to {measured.recall_at_10:.4f}")
            index, measured = tune(filled.index, self.vectors, asked, self.settings)
        return Trained(index, filled.plan, measured, filled.training)

    def _take_over(self) -> "_Filled":
        """Fill the earlier index, and measure whether its training fits.

        Raises:
            DoesNotFit: says why an index must be trained.
        """
        index, before, training = self._read()
        fill_index(index, self.vectors)
        fit = measure_fit(index, self.vectors)
        drift = drift_of(fit, training.fit_at_training)
        uneven = fit.imbalance / training.fit_at_training.imbalance
        if drift > DRIFT_LIMIT:
            raise DoesNotFit(f"errors are {drift:.3f} × those at training, over {DRIFT_LIMIT}")
        if uneven > IMBALANCE_LIMIT:
            raise DoesNotFit(f"lists are {uneven:.2f} × as uneven, over {IMBALANCE_LIMIT}")
        why = f"Taken over: errors are {drift:.3f} × those at training, at most {DRIFT_LIMIT}."
        changes = {"reused": training.reused + 1, "fit": fit, "drift": drift, "why": why}
        log.info("training_reused", trained_in=training.trained_in, drift=drift, uneven=uneven)
        plan = replace(self.plan, factory=before.factory, nlist=before.nlist)
        return _Filled(index, plan, training.model_copy(update=changes), before.measured)

    def _read(self) -> tuple[Any, Manifest, Training]:
        """Return the earlier index, its manifest and its training.

        Raises:
            DoesNotFit: says which of them can't be used, and why.
        """
        if self.earlier is None:
            raise DoesNotFit("there is no earlier generation of this model")
        before, file = self.earlier.manifest, self.earlier.directory / INDEX
        if before.training is None:
            raise DoesNotFit("the generation before was not trained")
        if not self.plan.allows(before.factory):
            raise DoesNotFit(f"the generation before is {before.factory}")
        try:
            # Its checksum first: FAISS trusts what it reads.
            if file_entry(file) != before.files[INDEX]:
                raise DoesNotFit("the index before is not what its checksum says")
            return read_index(file), before, before.training
        except (OSError, RuntimeError) as error:
            raise DoesNotFit(f"the index before can't be read: {error}") from error

    def _train(self, why: str) -> "_Filled":
        """Train on the vectors, and fill."""
        index = train_index(self.plan, self.vectors)
        if not self.plan.nlist:
            return _Filled(index, self.plan, None)
        fit = measure_fit(index, self.vectors)
        log.info("index_trained", factory=self.plan.factory, why=why)
        training = Training(
            trained_in=self.name,
            vectors=len(self.vectors),
            reused=0,
            fit_at_training=fit,
            fit=fit,
            drift=1.0,
            why=f"Trained here: {why}.",
        )
        return _Filled(index, self.plan, training)


@dataclass(frozen=True, slots=True)
class _Filled:
    """An index that is filled, but not measured."""

    index: Any
    plan: IndexPlan
    training: Training | None
    before: IndexMeasured | None = None  # of the generation whose training was taken over

    def missed(self, measured: IndexMeasured, target: float) -> bool:
        """Whether recall misses its target though the earlier generation met it."""
        return (
            self.before is not None and measured.recall_at_10 < target <= self.before.recall_at_10
        )
