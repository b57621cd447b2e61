"""Machines fail in every stage of the nightly run: no search fails, and the next run repairs all.

`--large` runs them with a shop of a thousand products.
"""

from collections.abc import Iterator

import psutil
import pytest
from sqlalchemy import select

from indexer.nightly.reindex_run import Reindex
from indexer.queue.worker_supervisor import WorkerGroup
from scripts.soaking.soaked_shop import SoakedShop
from search.database.connection import open_database, session_scope
from search.database.models import Embedding, GenerationRow
from search.engine.search_engine import open_search_engine
from search.index.embedding_store import EmbeddingStore
from search.index.generation_files import INDEX
from search.index.manifest_files import MANIFEST
from search.jobs.job_records import list_jobs
from search.settings import Settings
from tests.support.models.small_encoder import write_checkpoint
from tests.support.shops.shop_in_service import Service, flip_a_byte, limited, searching

pytestmark = pytest.mark.timeout(900)
UNDISTURBED_EVERY = 4


@pytest.fixture(scope="module")
def service(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[Service]:
    """An indexed shop with a running worker and searching shoppers."""
    products = 1000 if pytestconfig.getoption("large") else 24
    folder = tmp_path_factory.mktemp("faults")
    settings = Settings(
        home=folder / "home",
        model=f"local-dir:{write_checkpoint(folder / 'small')}",
        device="cpu",
        batch_images=8,
        refresh_s=0.2,
    )
    shop = SoakedShop(folder / "shop", products, seed=9)
    database = open_database(settings)
    with WorkerGroup(settings, ["cpu"], log_file=folder / "worker.log"):
        Reindex(settings, quiet=True).run([str(shop.catalogue)])
        with searching(lambda: open_search_engine(settings)) as shoppers:
            yield Service(settings, shop, database, shoppers)
    assert shoppers.searches > 0
    assert shoppers.failures == []
    database.dispose()


@pytest.fixture(autouse=True)
def a_new_day(service: Service) -> None:
    service.shop.pass_a_day()


def test_killed_in_each_stage(service: Service, pytestconfig: pytest.Config) -> None:
    with session_scope(service.database) as session:
        done = [
            next(iter(list_jobs(session, kind=kind, state="done", limit=1)[0]))
            for kind in ("reindex", "build")
        ]
    run_stages, build_stages = (list(job.report["seconds"]) for job in done)
    assert len(run_stages) > 4
    assert len(build_stages) > 4
    some = build_stages if pytestconfig.getoption("large") else build_stages[1::3]
    stages = run_stages + some
    for number, stage in enumerate(stages, 1):
        run = service.reindex()
        if service.wait_for(stage, run):
            service.kill(run)
        assert run.exitcode in (0, -9)
        service.check_now()
        service.shop.pass_a_day()
        if number % UNDISTURBED_EVERY == 0:
            service.run_undisturbed()
    service.run_undisturbed()


def test_the_worker_is_killed_while_it_encodes(service: Service) -> None:
    run = service.reindex()
    assert service.wait_for("encode", run)
    service.worker().kill()
    run.join()
    assert run.exitcode == 0
    service.run_undisturbed()


def test_two_runs_at_once_are_one(service: Service) -> None:
    runs = [service.reindex() for _ in range(2)]
    for run in runs:
        run.join()
    assert sorted(run.exitcode or 0 for run in runs) in ([0, 1], [0, 0])
    service.run_undisturbed()


@pytest.mark.parametrize("stage", ["ingest", "encode", "build"])
def test_the_database_is_killed(service: Service, stage: str) -> None:
    run = service.reindex()
    assert service.wait_for(stage, run)
    service.kill_database()
    run.join()
    assert run.exitcode in (0, 1)
    service.run_undisturbed()


def test_the_disk_is_full_while_a_shard_is_written(service: Service) -> None:
    with limited(service.worker(), psutil.RLIMIT_FSIZE, 512):
        run = service.reindex()
        run.join()
    assert run.exitcode == 1
    service.check_now()
    service.run_undisturbed()


def test_the_disk_is_full_while_a_generation_is_written(service: Service) -> None:
    run = service.reindex(fsize=2_000)
    run.join()
    assert run.exitcode == 1
    service.check_now()
    service.run_undisturbed()


def test_a_byte_of_a_shard_flips(service: Service) -> None:
    with session_scope(service.database) as session:
        tag, name = session.execute(select(Embedding.model_tag, Embedding.shard).limit(1)).one()
    flip_a_byte(EmbeddingStore(service.settings.root).root / tag / name)
    service.run_undisturbed()


@pytest.mark.parametrize("file", [INDEX, MANIFEST])
def test_a_byte_of_the_live_generation_flips(service: Service, file: str) -> None:
    service.run_undisturbed()
    with session_scope(service.database) as session:
        live = session.scalars(select(GenerationRow).where(GenerationRow.state == "live")).one()
    flip_a_byte(service.settings.root / "generations" / live.directory / file)

    assert service.run_undisturbed()["changed"], (
        "a damaged index is made anew, though nothing else changed"
    )
