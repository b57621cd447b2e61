"""How far the fetching of an encode job is, what is left, and which hosts were given up.

All of it is in the job's report: under `fetch` for readers, under `fetching` while the job runs.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

from indexer.pictures.encode_claims import count
from indexer.pictures.fetch_claims import HOST, apart_from, count_by_host, due, needed
from search.database.models import Job
from search.http.picture_fetch import is_passing
from search.jobs.job_records import add_tally, advance
from search.settings import Settings

FETCH = "fetch"
FETCHING = "fetching"
EMPTY: dict[str, Any] = {
    "asked": 0,
    "not_modified": 0,  # the host said so
    "unchanged": 0,  # the host sent it, and it is the same
    "changed": 0,
    "new": 0,
    "refused": {},  # by reason
    "kept": {},  # by reason: usable pictures that their hosts refuse now
    "put_off": {},  # by host
    "bytes": 0,
    "seconds": 0.0,  # of all fetching workers together
}


def initial_report(settings: Settings) -> dict[str, Any]:
    """Return what the report of a new job says of fetching."""
    before = datetime.now(UTC) - timedelta(hours=settings.recheck_hours)
    return {FETCH: EMPTY, FETCHING: {"recheck_before": before.isoformat()}}


def recheck_before(job: Job) -> datetime:
    """Return the time of a job: hosts that were last asked before it are asked again."""
    return datetime.fromisoformat((job.report or {})[FETCHING]["recheck_before"])


def asked_so_far(report: Mapping[str, Any]) -> int:
    """Return how many pictures hosts were asked for, from a job's report."""
    return int(report.get(FETCH, EMPTY)["asked"])


def hosts_given_up(job: Job) -> dict[str, str]:
    """Return the hosts that a job asks no more, each with the reason of its last failure."""
    given_up: dict[str, str] = (job.report or {}).get(FETCHING, {}).get("given_up", {})
    return given_up


def note(job: Job, **noted: Any) -> None:  # noqa: ANN401  (JSON)
    """Note facts that matter only while a job runs; its row must be locked."""
    report = dict(job.report or {})
    job.report = report | {FETCHING: report.get(FETCHING, {}) | noted}


def noted(job: Job, name: str) -> bool:
    """Return whether a fact was noted of a job."""
    return bool((job.report or {}).get(FETCHING, {}).get(name))


def add_to_job(
    session: Session,
    job_id: int,
    tally: Mapping[str, int],
    *,
    seconds: float,
    given_up: Mapping[str, str],
    changed: int,
) -> None:
    """Count a batch, in its transaction. Call it last: it locks the job's row until the commit.

    A refused picture is a step of the job that is over.

    Args:
        session: The transaction of the batch.
        job_id: A running job.
        tally: Numbers of the report; `refused.timeout` counts below `refused`.
        seconds: How long the batch took.
        given_up: Hosts that are not asked any more, each with the reason.
        changed: Usable pictures that are to be encoded again: new steps of the job.
    """
    refused = {name.partition(".")[2]: n for name, n in tally.items() if name.startswith("refused")}
    failed = {f"failed.{reason}": n for reason, n in refused.items()}
    advance(session, job_id, failed=sum(refused.values()), tally=failed)
    job = session.get_one(Job, job_id)
    report = dict(job.report or {})
    counted = add_tally(EMPTY | report.get(FETCH, {}), tally)
    counted["seconds"] = round(counted["seconds"] + seconds, 2)
    job.report = report | {FETCH: counted}
    job.total += changed
    if given_up:
        note(job, given_up=hosts_given_up(job) | dict(given_up))
    session.flush()


def left_to_fetch(session: Session, job: Job) -> int:
    """Count the pictures that hosts are still to be asked for, claimed or not."""
    return sum(count(session, apart_from(wanted, hosts_given_up(job))) for wanted in _wanted(job))


def put_off(session: Session, job: Job) -> dict[str, int]:
    """Count by host the pictures of hosts that this job gave up."""
    hosts = hosts_given_up(job)
    found: Counter[str] = Counter()
    for wanted in _wanted(job) if hosts else ():
        found.update(count_by_host(session, wanted.where(HOST.in_(sorted(hosts)))))
    return dict(found)


def _wanted(job: Job) -> list[Select[int]]:
    tag: str | None = (job.report or {}).get("model_tag")
    return [needed(tag)] if tag is None else [needed(tag), due(tag, recheck_before(job))]


def nobody_answered(job: Job) -> bool:
    """Return whether several hosts were given up and none answered: then the network is at fault.

    A single host may fail by itself: its pictures are put off, and the rest goes on.
    """
    fetched = (job.report or {}).get(FETCH, EMPTY)
    answers = sum(fetched[name] for name in ("not_modified", "unchanged", "changed", "new"))
    answers += sum(
        n
        for kind in ("refused", "kept")
        for reason, n in fetched[kind].items()
        if not is_passing(reason)
    )
    unreachable = all(why in ("timeout", "unreachable") for why in hosts_given_up(job).values())
    return len(hosts_given_up(job)) > 1 and unreachable and not answers


def end_fetching(session: Session, job: Job) -> dict[str, Any]:
    """Return the final `fetch` of the report; remove what mattered only while the job ran."""
    report = dict(job.report or {})
    final = EMPTY | report.get(FETCH, {}) | {"put_off": put_off(session, job)}
    job.report = {name: value for name, value in report.items() if name != FETCHING}
    session.flush()
    return {FETCH: final}


def fetched_ahead(session: Session, job: Job) -> int:
    """Count the pictures that are fetched and wait to be encoded."""
    tag: str | None = (job.report or {}).get("model_tag")
    wanted = needed(tag, fetched=True)
    return count(session, wanted)
