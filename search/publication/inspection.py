"""Inspects the live generation: near-duplicates, misfits, and what saved descriptions find in it.

It follows every publication and is no part of it: what fails here is logged and reported, and the
generation stays live.
"""

from typing import Any

import sqlalchemy
import structlog

from search.database.connection import session_scope
from search.encoder import Encoder
from search.engine.configured_stages import configured_stages
from search.engine.search_engine import SearchEngine
from search.index.generation_files import Generation
from search.jobs.exclusive_job import exclusive_job
from search.live.answering_generation import OneGeneration
from search.live.model_pairing import ModelPairing, ServedGeneration
from search.live.stored_generations import load_live
from search.merchandising.health.finding_store import JOB, keep_findings
from search.merchandising.health.survey import Survey, survey
from search.merchandising.suite_runs import Run, latest_run, run_and_keep, run_before
from search.settings import Settings

log = structlog.get_logger()


def inspect_live(
    database: sqlalchemy.Engine,
    settings: Settings,
    *,
    started_by: str,
    encoder: Encoder | None = None,
    use_last_run: bool = False,
) -> dict[str, Any]:
    """Inspect the live generation and run the saved descriptions; never raises.

    Args:
        database: Where everything is.
        settings: State root and device.
        started_by: Which command, to be kept with the run of the saved descriptions.
        encoder: The generation's model, where the caller has loaded it.
        use_last_run: Report the last run on this generation, as of its rehearsal, if there is one.

    Returns:
        `{findings, suite}`; a part that failed is `{error}`, and `suite` is None where no saved
        description has marks.
    """
    report: dict[str, Any] = {}
    at_hand = () if encoder is None else (encoder,)
    try:
        live = ModelPairing(settings, at_hand=at_hand).of(load_live(database, settings.root))
    except Exception as error:  # the generation stays live, whatever fails from here on
        log.exception("inspection_failed")
        return {"findings": {"error": str(error)}, "suite": {"error": str(error)}}
    try:
        report["findings"] = _find(database, settings, live)
    except Exception as error:
        log.exception("inspection_failed", generation=live.generation.id)
        report["findings"] = {"error": str(error)}
    try:
        run = _last_run(database, live.generation) if use_last_run else None
        run = run or _run_suite(database, settings, live, started_by)
        report["suite"] = None if run is None else _suite_totals(database, run)
    except Exception as error:
        log.exception("suite_failed", generation=live.generation.id)
        report["suite"] = {"error": str(error)}
    return report


def _find(
    database: sqlalchemy.Engine, settings: Settings, live: ServedGeneration
) -> dict[str, Any]:
    """Survey a generation, as a job, and keep the findings; return how many of each kind.

    Raises:
        AlreadyRunning: another inspection is at work.
    """
    with exclusive_job(database, JOB, steps=4) as job:
        begun: list[str] = []
        generation = live.generation

        def tell(part: str) -> None:
            if begun:
                job.step()
            begun.append(part)

        found = survey(database, settings, generation, live.encoder, tell=tell)
        with session_scope(database) as session:
            keep_findings(session, generation.id, found.found)
        job.step()
        job.report = {"generation": generation.id, **_counts(found)}
        return dict(job.report)


def _last_run(database: sqlalchemy.Engine, generation: Generation) -> Run | None:
    """Return the last run of the saved descriptions on a generation; None where there is none."""
    with session_scope(database) as session:
        return latest_run(session, generation.id)


def _run_suite(
    database: sqlalchemy.Engine, settings: Settings, live: ServedGeneration, started_by: str
) -> Run | None:
    """Run all saved descriptions; None where none has marks."""
    stages = configured_stages(settings, database)
    engine = SearchEngine(database, OneGeneration(live), settings, stages)
    return run_and_keep(engine, started_by=started_by)


def _suite_totals(database: sqlalchemy.Engine, run: Run) -> dict[str, Any]:
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


def _counts(found: Survey) -> dict[str, Any]:
    """Return how many findings there are of each kind."""
    kinds = [each.kind for each in found.found]
    groups = {each.group for each in found.found if each.group is not None}
    return {
        "duplicates": len(groups),
        "categories": kinds.count("category"),
        "titles": kinds.count("title"),
        "seconds": found.seconds,
    }
