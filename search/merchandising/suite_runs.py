"""Runs of the regression suite: the engine is asked, the outcome is stored and read again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from search.database.connection import session_scope
from search.database.models import SuiteRun
from search.engine.search_engine import SearchEngine
from search.errors import FindalikeError, UnknownEntry
from search.live.answering_generation import OneGeneration
from search.live.model_pairing import ModelPairing
from search.live.stored_generations import load_kept
from search.merchandising.regression_suite import (
    DEPTH,
    DescriptionOutcome,
    Places,
    SuiteChange,
    Totals,
    as_report,
    compare_all,
    from_report,
    run_suite,
    totals,
)
from search.merchandising.saved_descriptions import list_saved
from search.results import Query, SearchPage
from search.settings import Settings

KEPT = 200
"""Runs that are stored; older ones are deleted."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Run:
    """One run of all saved descriptions."""

    id: int
    generation_id: int | None  # it may be pruned since
    started_by: str
    created_at: datetime
    outcomes: tuple[DescriptionOutcome, ...]

    @property
    def totals(self) -> Totals:
        """The run in a few numbers."""
        return totals(self.outcomes)

    def changes(self, before: "Run | None") -> dict[int, SuiteChange]:
        """Return how each description changed since another run, by its id."""
        return compare_all(self.outcomes, before.outcomes if before is not None else ())


def answers_of(engine: SearchEngine) -> Callable[[str], Places]:
    """Return a function from a text to the products at its first places; it records no event."""

    def ask(text: str) -> Places:
        return places(engine.search(Query(text=text, k=DEPTH, record=False)))

    return ask


def places(page: SearchPage) -> Places:
    """Return the products at each place of a page, with their folded variants."""
    return [
        {hit.product.product_id, *(card.product_id for card in hit.variants)} for hit in page.hits
    ]


def run_and_keep(engine: SearchEngine, *, started_by: str) -> Run | None:
    """Ask all saved descriptions and store the run; None where none has marks.

    Raises:
        NoGeneration: nothing is published yet.
        ModelMismatch: the model's files were changed since it built the index.
    """
    with session_scope(engine.database) as session:
        saved = list_saved(session)
    if not any(each.marks for each in saved):
        return None
    engine = engine.of_one_generation()
    outcomes = run_suite(saved, answers_of(engine))
    with session_scope(engine.database) as session:
        return keep_run(session, engine.generation().id, outcomes, started_by=started_by)


def keep_run(
    session: Session, generation_id: int, outcomes: Sequence[DescriptionOutcome], *, started_by: str
) -> Run:
    """Store what the saved descriptions found in a generation."""
    report = {"generation": generation_id, **as_report(outcomes)}
    row = SuiteRun(generation_id=generation_id, started_by=started_by, report=report)
    session.add(row)
    session.flush()
    session.refresh(row)
    _forget_oldest(session)
    run = _run(row)
    log.info("suite_run", run=run.id, generation=generation_id, mrr=run.totals.mrr)
    return run


def engine_for(engine: SearchEngine, settings: Settings, generation_id: int) -> SearchEngine:
    """Return an engine like another that answers from one stored generation.

    Vectors and columns are that generation's; texts are matched with the words of the catalogue as
    it is now. Close the other engine, not this one.

    Raises:
        UnknownGeneration: it is not kept.
        DamagedGeneration: its files can't be read.
        ModelUnavailable: the model that built it can't be loaded.
        ModelMismatch: that model's files were changed since.
    """
    generation = load_kept(engine.database, settings.root, generation_id)
    try:
        before = engine.answering()
    except FindalikeError:
        before = None  # another generation can be asked while the live one is damaged
    one = OneGeneration(ModelPairing(settings).of(generation, before))
    return SearchEngine(engine.database, one, settings, engine.stages)


def list_runs(session: Session, limit: int = 50) -> list[Run]:
    """Return the latest runs, newest first."""
    rows = session.scalars(select(SuiteRun).order_by(SuiteRun.id.desc()).limit(limit))
    return [_run(row) for row in rows]


def find_run(session: Session, run_id: int) -> Run:
    """Return one run.

    Raises:
        UnknownEntry: there is none of this number.
    """
    row = session.get(SuiteRun, run_id)
    if row is None:
        raise UnknownEntry("suite run", str(run_id), "/studio/saved lists the latest.")
    return _run(row)


def latest_run(session: Session, generation_id: int) -> Run | None:
    """Return the last run on a generation; None where there is none."""
    generation = SuiteRun.report["generation"].as_integer()
    newest = select(SuiteRun).where(generation == generation_id).order_by(SuiteRun.id.desc())
    row = session.scalars(newest.limit(1)).first()
    return None if row is None else _run(row)


def run_before(session: Session, run: Run) -> Run | None:
    """Return what to compare a run with: the last run on another generation, or else the last run.

    The latter shows what changes of rules and marks did.
    """
    earlier = select(SuiteRun).where(SuiteRun.id < run.id).order_by(SuiteRun.id.desc())
    generation = SuiteRun.report["generation"].as_integer()
    row = session.scalars(earlier.where(generation != run.generation_id).limit(1)).first()
    row = row or session.scalars(earlier.limit(1)).first()
    return None if row is None else _run(row)


def _forget_oldest(session: Session) -> None:
    beyond = session.scalars(select(SuiteRun).order_by(SuiteRun.id.desc()).offset(KEPT))
    for row in beyond:
        session.delete(row)


def _run(row: SuiteRun) -> Run:
    outcomes = tuple(from_report(row.report))
    return Run(row.id, row.report["generation"], row.started_by, row.created_at, outcomes)
