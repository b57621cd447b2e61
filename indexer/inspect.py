"""After a generation went live: looks it over, and asks all saved descriptions of it.

Neither is part of publishing: what fails here is logged and told, and the generation stays live.
"""

from typing import Any

import sqlalchemy
import structlog

from indexer.sole_job import sole_job
from search.configured_stages import configured_stages
from search.db import session_scope
from search.encoder import Encoder, load_encoder
from search.engine import SearchEngine
from search.errors import ModelMismatch, NoGeneration
from search.generation import Generation, load_generation
from search.live import OneGeneration
from search.merchandising.health.findings import JOB, keep_findings
from search.merchandising.health.survey import Survey, survey
from search.merchandising.suite_runs import Run, latest_run, run_and_keep, run_before
from search.models import Generation as GenerationRow
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
        settings: State root and model.
        started_by: For the suite's run: the command.
        encoder: Of the settings' model, where the caller has it loaded.
        asked_already: Tell what the saved descriptions found when it was published.

    Returns:
        `{findings, suite}`; a part that failed is `{error}`, and `suite` is None where no saved
        description has marks.
    """
    report: dict[str, Any] = {}
    try:
        encoder = encoder or load_encoder(settings.model, settings.device)
        generation = live_generation(database, settings, encoder)
    except Exception as error:  # the generation is live, whatever goes wrong from here on
        log.exception("inspection_failed")
        return {"findings": {"error": str(error)}, "suite": {"error": str(error)}}
    try:
        report["findings"] = inspect(database, settings, generation, encoder)
    except Exception as error:
        log.exception("inspection_failed", generation=generation.id)
        report["findings"] = {"error": str(error)}
    try:
        run = kept_run(database, generation) if asked_already else None
        run = run or run_descriptions(database, settings, generation, encoder, started_by)
        report["suite"] = None if run is None else described(database, run)
    except Exception as error:
        log.exception("suite_failed", generation=generation.id)
        report["suite"] = {"error": str(error)}
    return report


def inspect(
    database: sqlalchemy.Engine, settings: Settings, generation: Generation, encoder: Encoder
) -> dict[str, Any]:
    """Look over a generation, as a job; return how much of each kind was found.

    Raises:
        AlreadyRunning: another inspection is at work.
    """
    with sole_job(database, JOB, steps=4) as job:
        begun: list[str] = []

        def tell(part: str) -> None:
            if begun:
                job.step()
            begun.append(part)

        found = survey(database, settings, generation, encoder, tell=tell)
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
    generation: Generation,
    encoder: Encoder,
    started_by: str,
) -> Run | None:
    """Ask all saved descriptions; None where none has marks."""
    stages = configured_stages(settings, database)
    engine = SearchEngine(database, OneGeneration(generation), encoder, settings, stages)
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
    database: sqlalchemy.Engine, settings: Settings, encoder: Encoder
) -> Generation:
    """Load the live generation.

    Raises:
        NoGeneration: nothing is published yet.
        ModelMismatch: another model built it.
        DamagedGeneration: its files can't be read.
    """
    with session_scope(database) as session:
        row = session.scalars(
            sqlalchemy.select(GenerationRow).where(GenerationRow.state == "live")
        ).one_or_none()
        if row is None:
            raise NoGeneration
        directory, number = settings.root / "generations" / row.directory, row.id
    generation = load_generation(directory, number)
    if generation.manifest.model_tag != encoder.tag:
        raise ModelMismatch(generation.manifest.model_tag, encoder.tag)
    return generation


def _summary(found: Survey) -> dict[str, Any]:
    kinds = [each.kind for each in found.found]
    groups = {each.group for each in found.found if each.group is not None}
    return {
        "duplicates": len(groups),
        "categories": kinds.count("category"),
        "titles": kinds.count("title"),
        "seconds": found.seconds,
    }
