"""What tests of real workers share: pictures to encode, waiting, and checking the result."""

import time

import pytest
from sqlalchemy import Engine, func, select

from indexer.encode_jobs.encode_control import follow
from indexer.pictures.encode_job_row import batches_in_work
from search.database.connection import session_scope
from search.database.models import Embedding, ProductImage
from search.jobs.job_records import JobRecord
from search.jobs.workers import worker_connections
from search.settings import Settings
from tests.support.factories import make_image, make_product

WITHIN_S = 110.0


def add_pictures(database: Engine, addresses: list[str]) -> None:
    with session_scope(database) as session:
        for address in addresses:
            product = make_product(session)
            make_image(session, product, address=address, state="pending", sha256=None)


def in_work(database: Engine) -> int:
    with session_scope(database) as session:
        return batches_in_work(session)


def connected(database: Engine) -> set[int]:
    with session_scope(database) as session:
        return {worker.pid for worker in worker_connections(session)}


def finish(database: Engine, job_id: int, settings: Settings) -> JobRecord:
    """Follow a job to its end."""
    deadline = time.monotonic() + WITHIN_S
    for job in follow(database, job_id, settings):
        if time.monotonic() > deadline:
            pytest.fail(f"the job is not over: {job}")
    return job


def assert_encoded_once(database: Engine, settings: Settings, n: int) -> None:
    """Check that each picture has one embedding, and each recorded shard row belongs to one."""
    with session_scope(database) as session:
        joined = select(func.count(ProductImage.id)).join(
            Embedding, Embedding.sha256 == ProductImage.sha256
        )
        assert session.scalars(joined.where(ProductImage.state == "ready")).one() == n
        assert session.scalars(select(func.count()).select_from(Embedding)).one() == n
        shards = session.scalars(select(Embedding.shard).distinct()).all()
    files = {path.name for path in (settings.root / "embeddings").rglob("*.safetensors")}
    assert files >= set(shards)
