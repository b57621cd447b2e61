"""After a generation went live: looks it over, and asks all saved descriptions of it.

Neither is part of publishing: what fails here is logged and told, and the generation stays live.
"""

from typing import Any

import sqlalchemy
import structlog

from indexer.runs.exclusive_job import sole_job
from search.database.connection import session_scope
from search.encoder import Encoder
from search.engine.configured_stages import configured_stages
from search.engine.search_engine import SearchEngine
from search.errors import NoGeneration
from search.index.generation_files import Generation, load_generation
from search.live.answering_generation import OneGeneration
from search.live.live_pointer import live_row
from search.live.model_pairing import ModelPairing, ServedGeneration
from search.merchandising.health.finding_store import JOB, keep_findings
from search.merchandising.health.survey import Survey, survey
from search.merchandising.suite_runs import Run, latest_run, run_and_keep, run_before
from search.settings import Settings

log = structlog.get_logger()


def look_after(
    database: sqlalchemy.Engine,
    settings: Settings,
    *,
    started_by: str,
    encoder: Encoder | None = None,
    asked_already: bool = False,
) -> dict[str, Any]:
    """Look over the live generation and run the saved descriptions; never raises.

    Args:
        database: Where everything is.
        settings: State root and device.
        started_by: For the suite's run: the command.
        encoder: The generation's model, where the caller has it loaded.
        asked_already: Tell what the saved descriptions found when it was published.

    Returns:
        `{findings, suite}`; a part that failed is `{error}`, and `suite` is None where no saved
        description has marks.
    """
    report: dict[str, Any] = {}
    try:
        live = live_generation(database, settings, encoder)
    except Exception as error:  # the generation is live, whatever goes wrong from here on
        log.exception("inspection_failed")
        return {"findings": {"error": str(error)}, "suite": {"error": str(error)}}
    try:
        report["findings"] = inspect(database, settings, live)
    except Exception as error:
        log.exception("inspection_failed", generation=live.generation.id)
        report["findings"] = {"error": str(error)}
    try:
        run = kept_run(database, live.generation) if asked_already else None
        run = run or run_descriptions(database, settings, live, started_by)
        report["suite"] = None if run is None else described(database, run)
    except Exception as error:
        log.exception("suite_failed", generation=live.generation.id)
        report["suite"] = {"error": str(error)}
    return report


def inspect(
    database: sqlalchemy.Engine, settings: Settings, answering: ServedGeneration
) -> dict[str, Any]:
    """Look over a generation, as a job; return how much of each kind was found.

    Raises:
        AlreadyRunning: another inspection is at work.
    """
    with sole_job(database, JOB, steps=4) as job:
        begun: list[str] = []
        generation = answering.generation

        def tell(part: str) -> None:
            if begun:
                job.step()
            begun.append(part)

        found = survey(database, settings, generation, answering.encoder, tell=tell)
        with session_scope(database) as session:
            keep_findings(session, generation.id, found.found)
        job.step()
        job.report = {"generation": generation.id, **_summary(found)}
        return dict(job.report)


def kept_run(database: sqlalchemy.Engine, generation: Generation) -> Run | None:
    """Return what the saved descriptions last found in a generation; None: never asked."""
    with session_scope(database) as session:
        return latest_run(session, generation.id)


def run_descriptions(
    database: sqlalchemy.Engine,
    settings: Settings,
    answering: ServedGeneration,
    started_by: str,
) -> Run | None:
    """Ask all saved descriptions; None where none has marks."""
    stages = configured_stages(settings, database)
    engine = SearchEngine(database, OneGeneration(answering), settings, stages)
    return run_and_keep(engine, started_by=started_by)


def described(database: sqlalchemy.Engine, run: Run) -> dict[str, Any]:
    """Return the totals of a run, and how many descriptions became better and worse."""
    with session_scope(database) as session:
        before = run_before(session, run)
    changes = list(run.changes(before).values())
    return {
        "run": run.id,
        "descriptions": run.totals.descriptions,
        "right": run.totals.right,
        "found": run.totals.found,
        "mrr": run.totals.mrr,
        "shown_wrong": run.totals.shown_wrong,
        "better": changes.count("better"),
        "worse": changes.count("worse") + changes.count("mixed"),
    }


def live_generation(
    database: sqlalchemy.Engine, settings: Settings, encoder: Encoder | None = None
) -> ServedGeneration:
    """Load the live generation with its model; `encoder` is that where it is loaded already.

    Raises:
        NoGeneration: nothing is published yet.
        DamagedGeneration: its files can't be read.
        ModelUnavailable: its model can't be loaded.
        ModelMismatch: that model is another by now.
    """
    with session_scope(database) as session:
        row = live_row(session)
        if row is None:
            raise NoGeneration
        directory, number = settings.root / "generations" / row.directory, row.id
    pairing = ModelPairing(settings, at_hand=() if encoder is None else (encoder,))
    return pairing.of(load_generation(directory, number))


def _summary(found: Survey) -> dict[str, Any]:
    kinds = [each.kind for each in found.found]
    groups = {each.group for each in found.found if each.group is not None}
    return {
        "duplicates": len(groups),
        "categories": kinds.count("category"),
        "titles": kinds.count("title"),
        "seconds": found.seconds,
    }
