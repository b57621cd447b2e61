"""Views for operators: status, jobs, generations. They start and publish nothing."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from search.database.connection import session_scope
from search.database.models import JOB_STATES
from search.errors import JobFailed, UnknownEntry
from search.jobs.job_records import list_jobs, read_job
from search.operation.generation_list import list_generations
from search.operation.shop_status import read_status
from web.api.blueprint import blueprint
from web.api.documentation.openapi_document import operation
from web.api.list_paging import ListFields, ListView, position, with_links
from web.api.response_models import RecordView
from web.state import state

NUMBER = {"job_id": "The job's number."}
Counts = dict[str, int]
State = Annotated[str, Field(json_schema_extra={"enum": ["", *JOB_STATES]})]


class JobView(RecordView):
    """A long piece of work, and how far it is."""

    id: int = Field(examples=[12])
    kind: str = Field(description="ingest, encode, build, publish, reindex", examples=["encode"])
    state: str = Field(description="running, done or failed", examples=["running"])
    total: int = Field(description="Steps; 0 while nobody has counted.", examples=[1200])
    done: int = Field(description="Steps that ended well.", examples=[800])
    failed: int = Field(description="Steps that ended in a recorded refusal.", examples=[3])
    error: str | None = Field(description="Why the job as a whole failed.")
    report: dict[str, Any] = Field(description="What it found; differs by kind.")
    started_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    elapsed_s: float = Field(description="From start to end, or to now.", examples=[41.5])


class JobsView(ListView):
    """A page of jobs, newest first."""

    jobs: list[JobView]


class GenerationView(RecordView):
    """An index, published or on its way to be."""

    id: int = Field(examples=[4])
    state: str = Field(description="building, verified, live, retired, failed", examples=["live"])
    model_tag: str = Field(description="Of the encoder that made it.")
    created_at: datetime
    published_at: datetime | None = Field(description="Null: never, or rolled back from.")
    manifest: dict[str, Any] = Field(description="What it holds and what was measured.")


class GenerationsView(ListView):
    """A page of generations, newest first."""

    generations: list[GenerationView]


class LiveView(RecordView):
    """The published generation."""

    id: int = Field(examples=[4])
    model_tag: str
    published_at: datetime | None
    manifest: dict[str, Any]


class WorkerView(RecordView):
    """A living worker."""

    hostname: str = Field(examples=["gpu-1"])
    pid: int = Field(examples=[4711])
    connected_at: datetime
    queues: tuple[str, ...] = Field(examples=[("fetch", "encode")])


class DiskView(RecordView):
    """Bytes below FINDALIKE_HOME by its folders, and what is left on that disk."""

    used_bytes: Counts = Field(examples=[{"embeddings": 1048576, "generations": 2097152}])
    free_bytes: int = Field(examples=[107374182400])


class WaitingView(RecordView):
    """Changes of single products that are not settled yet."""

    count: int = Field(examples=[3])
    oldest_at: datetime | None = Field(description="Null: nothing waits.")


class StatusView(RecordView):
    """Everything at one moment."""

    postgres_version: str = Field(examples=["18.0"])
    schema_revision: str | None = Field(examples=["0007"])
    live: LiveView | None
    products: int = Field(description="In the catalogue now.", examples=[1200])
    retired_products: int = Field(description="Were in it once.", examples=[7])
    images: Counts = Field(description="By state.", examples=[{"encoded": 2400, "failed": 3}])
    embeddings: Counts = Field(description="By model tag.")
    quarantine: Counts = Field(description="By reason.", examples=[{"truncated": 2}])
    jobs: list[JobView] = Field(description="The latest, newest first.")
    workers: list[WorkerView]
    changes: WaitingView
    queued_tasks: int | None = Field(description="Null: the broker does not answer.")
    queues: Counts | None = Field(
        description="Tasks that wait, by queue.",
        examples=[{"products": 0, "fetch": 0, "encode": 3, "build": 0}],
    )
    disk: DiskView


class JobFields(ListFields):
    """Which jobs to list."""

    kind: str = Field(default="", max_length=40, description="Only of this kind.")
    state: State = Field(default="", description="Only in this state.")


@blueprint.get("/status")
@operation("status", StatusView, tag="operation", scope="operate")
def status() -> StatusView:
    """Return the catalogue, the live index, jobs, workers and disk at a glance."""
    return StatusView.model_validate(read_status(state().engine.database, state().settings))


@blueprint.get("/jobs")
@operation("jobs", JobsView, tag="operation", scope="operate", headers=("Link",))
def jobs(query: JobFields) -> tuple[JobsView, int, dict[str, str]]:
    """List jobs, newest first."""
    with session_scope(state().engine.database) as session:
        found, total = list_jobs(
            session, kind=query.kind, state=query.state, limit=query.k, offset=query.offset
        )
    shown = [JobView.model_validate(job) for job in found]
    return with_links(JobsView(jobs=shown, **position(query, total)), query)


@blueprint.get("/jobs/<int:job_id>")
@operation("job", JobView, 404, tag="operation", scope="operate", path=NUMBER)
def job(job_id: int) -> JobView:
    """Return how far one job is."""
    with session_scope(state().engine.database) as session:
        try:
            return JobView.model_validate(read_job(session, job_id))
        except JobFailed as error:
            raise UnknownEntry("job", job_id, "`GET /api/v1/jobs` lists them.") from error


@blueprint.get("/generations")
@operation("generations", GenerationsView, tag="operation", scope="operate", headers=("Link",))
def generations(query: ListFields) -> tuple[GenerationsView, int, dict[str, str]]:
    """List generations, newest first, with their manifests."""
    with session_scope(state().engine.database) as session:
        found, total = list_generations(session, limit=query.k, offset=query.offset)
    shown = [GenerationView.model_validate(one) for one in found]
    return with_links(GenerationsView(generations=shown, **position(query, total)), query)
