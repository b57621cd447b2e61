"""A new model's index is built beside the old one, waits, and goes live without a failed search."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, select

import indexer.nightly.reindex_run as reindex_module
from indexer.commands.reindex import reindex as reindex_command
from indexer.encode_jobs.encode_control import encode_all, start_encoding
from indexer.nightly.reindex_run import Reindex
from indexer.workers.celery_tasks import WorkerState
from search.commands.models import models
from search.database.connection import session_scope
from search.database.models import Embedding, GenerationRow, Product, ProductAttribute
from search.encoder import Encoder, load_encoder
from search.engine.search_engine import SearchEngine, open_search_engine
from search.errors import RehearsalRefused, UnknownGeneration
from search.index.generation_files import load_generation
from search.jobs.job_records import JobRecord
from search.publication.publishing import publish, rollback
from search.results import Query
from search.settings import Settings, load_settings
from tests.support.factories import make_picture, picture_bytes
from tests.support.models.small_encoder import write_checkpoint

N = 6
WITHIN_S = 60.0
Run = Callable[..., dict[str, Any]]


@pytest.fixture
def settings(
    settings: Settings, small_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """Settings with the small encoder; searchers check for new generations all the time."""
    monkeypatch.setenv("FINDALIKE_MODEL", f"local-dir:{small_checkpoint}")
    monkeypatch.setenv("FINDALIKE_REFRESH_S", "0.05")
    load_settings.cache_clear()
    return load_settings()


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """The checkpoint of another model."""
    return write_checkpoint(tmp_path / "new-model", seed=4)


@pytest.fixture
def changed(settings: Settings, checkpoint: Path) -> Settings:
    """Settings after FINDALIKE_MODEL changed."""
    return settings.model_copy(update={"model": f"local-dir:{checkpoint}"})


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    return write_catalogue(tmp_path / "shop", N)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Reindex, and encode in this process, so that no worker has to start."""

    def encode_here(database: Engine, settings: Settings, **_: object) -> JobRecord:
        return encode_all(database, settings, load_encoder(settings.model, "cpu"))

    monkeypatch.setattr(reindex_module, "run_encoding", encode_here)

    def call(settings: Settings, *sources: Path, **options: Any) -> dict[str, Any]:
        return Reindex(settings, quiet=True, **options).run([str(source) for source in sources])

    return call


def write_catalogue(folder: Path, n: int) -> Path:
    folder.mkdir(exist_ok=True)
    for i in range(n):
        (folder / f"{i}.png").write_bytes(picture_bytes(i))
    rows = [f"SKU-{i},Thing {i},{i}.png" for i in range(n)]
    path = folder / "catalogue.csv"
    path.write_text("\n".join(["sku,title,image", *rows]) + "\n", encoding="utf-8")
    return path


@dataclass(slots=True)
class Searchers:
    """Threads that search all the time, by photo and by text."""

    engine: SearchEngine
    tags: list[str] = field(default_factory=list)  # tags of the models that answered, in order
    failures: list[Exception] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> "Searchers":
        for query in (
            Query(text="thing", record=False),
            Query(photo=make_picture(2), record=False),
        ):
            self._threads.append(threading.Thread(target=self._search, args=(query,)))
            self._threads[-1].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(WITHIN_S)

    def _search(self, query: Query) -> None:
        while not self._over.is_set():
            try:
                page = self.engine.search(query)
                assert page.hits
                self.tags.append(page.model_tag)
            except Exception as error:
                self.failures.append(error)
                return

    def until(self, tag: str) -> None:
        """Wait until searches that begin now are answered with a model."""
        deadline = time.monotonic() + WITHIN_S
        before = len(self.tags)
        while tag not in self.tags[before:] and not self.failures:
            if time.monotonic() > deadline:
                pytest.fail(f"{tag} never answered")
            time.sleep(0.01)


@pytest.fixture
def open_engine() -> Iterator[Callable[[Settings], SearchEngine]]:
    """Open engines as web processes do, and close them at the end."""
    opened: list[SearchEngine] = []

    def call(settings: Settings) -> SearchEngine:
        opened.append(open_search_engine(settings))
        return opened[-1]

    yield call
    for engine in opened:
        engine.close()


def states(database: Engine) -> dict[int, tuple[str, str]]:
    """Return state and model of all generations, by number."""
    with session_scope(database) as session:
        rows = session.scalars(select(GenerationRow)).all()
        return {row.id: (row.state, row.model_tag) for row in rows}


def embedded(database: Engine) -> dict[str, int]:
    """Return how many pictures are encoded, by model."""
    with session_scope(database) as session:
        tags = list(session.scalars(select(Embedding.model_tag)))
    return {tag: tags.count(tag) for tag in tags}


def held(database: Engine, settings: Settings, number: int) -> set[str]:
    """Return the skus that a generation holds."""
    with session_scope(database) as session:
        directory = session.get_one(GenerationRow, number).directory
        skus = {product.id: product.sku for product in session.scalars(select(Product))}
    generation = load_generation(settings.root / "generations" / directory, number)
    return {skus[product] for product in generation.columns.product_id.tolist()}


def test_searches_go_on_while_a_new_model_is_built_goes_live_and_is_left_again(
    run: Run,
    settings: Settings,
    changed: Settings,
    catalogue: Path,
    database: Engine,
    open_engine: Callable[[Settings], SearchEngine],
) -> None:
    first = run(settings, catalogue)["generation"]
    old, new = (load_encoder(each.model, "cpu").tag for each in (settings, changed))
    write_catalogue(catalogue.parent, N + 1)
    with Searchers(open_engine(settings)) as searchers:
        report = run(changed)
        waiting = report["new_model"]["generation"]
        searchers.until(old)
        assert set(searchers.tags) == {old}

        assert publish(database, changed, waiting) == waiting
        searchers.until(new)
        assert rollback(database, changed) == report["generation"]
        searchers.until(old)

    assert searchers.failures == []
    # Meanwhile the old model's index was kept fresh, with the old model.
    assert first < report["generation"] < waiting
    assert held(database, settings, report["generation"]) == held(database, settings, waiting)
    assert len(held(database, settings, waiting)) == N + 1
    assert embedded(database) == {old: N + 1, new: N + 1}
    assert report["new_model"]["state"] == "waiting"
    assert report["new_model"]["model_tag"] == report["new_model"]["manifest"]["model_tag"] == new
    assert {"encode with the new model", "build with the new model"} < report["seconds"].keys()
    # A process that starts with the new FINDALIKE_MODEL still answers with the live model.
    assert open_engine(changed).search(Query(text="thing", record=False)).model_tag == old


def test_while_a_new_model_waits_every_run_renews_both(
    run: Run, settings: Settings, changed: Settings, catalogue: Path, database: Engine
) -> None:
    run(settings, catalogue)
    first = run(changed)
    assert (first["changed"], states(database)[first["new_model"]["generation"]][0]) == (
        False,
        "verified",
    )

    again = run(changed)
    assert again["new_model"]["generation"] == first["new_model"]["generation"]
    assert again["new_model"]["encode"]["encoded"] == 0

    write_catalogue(catalogue.parent, N + 2)
    more = run(changed)
    waiting = more["new_model"]["generation"]
    assert more["generation"] < waiting
    assert held(database, settings, waiting) == held(database, settings, more["generation"])
    kept = states(database)
    assert first["new_model"]["generation"] not in kept  # the newer one takes its place
    assert [number for number, (state, _) in kept.items() if state == "verified"] == [waiting]
    assert set(embedded(database).values()) == {N + 2}


def test_publishing_without_a_number_never_changes_the_model(
    run: Run, settings: Settings, changed: Settings, catalogue: Path, database: Engine
) -> None:
    run(settings, catalogue)
    waiting = run(changed)["new_model"]["generation"]

    with pytest.raises(UnknownGeneration, match=f"findalike publish {waiting}"):
        publish(database, changed)


def test_a_new_model_that_does_not_load_any_more_is_not_published(
    run: Run,
    settings: Settings,
    changed: Settings,
    catalogue: Path,
    checkpoint: Path,
    database: Engine,
) -> None:
    live = run(settings, catalogue)["generation"]
    waiting = run(changed)["new_model"]["generation"]
    (checkpoint / "open_clip_model.safetensors").write_bytes(b"no weights")

    with pytest.raises(RehearsalRefused, match=r"model: FINDALIKE_MODEL=.* can't be loaded"):
        publish(database, changed, waiting)

    assert states(database)[live][0] == "live"


def test_a_new_model_goes_live_at_once_if_so_told(
    run: Run, settings: Settings, changed: Settings, catalogue: Path, database: Engine
) -> None:
    """The waiting generation is published; changes of products follow."""
    run(settings, catalogue)
    waiting = run(changed)["new_model"]["generation"]

    report = run(changed, publish_new_model=True)

    assert report["generation"] == waiting
    assert states(database)[waiting][0] == "live"
    assert "new_model" not in report
    assert run(changed)["products"]["indexed"] == N
    with session_scope(database) as session:
        said_by = set(session.scalars(select(ProductAttribute.model_tag)))
    assert said_by <= {load_encoder(changed.model, "cpu").tag}


def test_weights_that_changed_under_the_same_name_are_a_new_model(
    run: Run, changed: Settings, catalogue: Path, checkpoint: Path, database: Engine
) -> None:
    """The old weights are gone, so only the new index is built; it waits."""
    live = run(changed, catalogue)["generation"]
    write_checkpoint(checkpoint, seed=5)
    write_catalogue(catalogue.parent, N + 1)

    report = run(changed)

    assert (report["changed"], report["generation"]) == (False, live)
    assert states(database)[live][0] == "live"
    assert len(held(database, changed, report["new_model"]["generation"])) == N + 1


def test_the_command_says_how_to_compare_and_how_to_swap(
    run: Run,
    settings: Settings,
    changed: Settings,
    catalogue: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run(settings, catalogue)
    monkeypatch.setenv("FINDALIKE_MODEL", changed.model)
    load_settings.cache_clear()

    result = CliRunner().invoke(reindex_command, [], catch_exceptions=False)

    assert result.exit_code == 0
    assert "is waiting; generation" in result.stdout
    assert "findalike compare" in result.stdout
    assert "findalike publish" in result.stdout


def test_workers_load_the_model_that_a_job_asks_for(
    settings: Settings, changed: Settings, database: Engine, tmp_path: Path
) -> None:
    """A worker keeps two models; the least recently used one goes first."""
    third = settings.model_copy(
        update={"model": f"local-dir:{write_checkpoint(tmp_path / 'third', seed=6)}"}
    )
    state = WorkerState(database, settings)
    found = []
    for each in (changed, settings, changed, third, settings):
        job_id = start_encoding(database, each)
        batches = state.batches(job_id)
        assert batches is not None
        found.append(batches)

    tags = [batches.encoder.tag for batches in found]
    assert tags == [
        load_encoder(s.model, "cpu").tag for s in (changed, settings, changed, third, settings)
    ]
    assert found[0] is found[2]
    assert found[4] is not found[1]  # dropped for the third


def test_a_worker_leaves_a_job_that_is_over_alone(settings: Settings, database: Engine) -> None:
    first = start_encoding(database, settings)
    start_encoding(database, settings.model_copy(update={"model": "local-dir:/nowhere"}))

    assert WorkerState(database, settings).batches(first) is None


def test_a_model_that_was_given_up_is_forgotten(
    run: Run,
    settings: Settings,
    changed: Settings,
    catalogue: Path,
    database: Engine,
    small_encoder: Encoder,
) -> None:
    live = run(settings, catalogue)["generation"]
    waiting = run(changed)["new_model"]
    invoked = CliRunner().invoke(models, ["prune"], catch_exceptions=False)  # FINDALIKE_MODEL: old

    assert invoked.stdout == f"Forgot {N} embeddings of {waiting['model_tag']}.\n"
    assert embedded(database) == {small_encoder.tag: N}
    assert set(states(database)) == {live}
    assert not (settings.root / "embeddings" / waiting["model_tag"]).exists()
    assert len(list((settings.root / "generations").iterdir())) == 1

    again = CliRunner().invoke(models, ["prune"], catch_exceptions=False)
    assert "still of use" in again.stdout


def test_a_model_to_go_back_to_is_kept(
    run: Run, settings: Settings, changed: Settings, catalogue: Path, database: Engine
) -> None:
    run(settings, catalogue)
    run(changed, publish_new_model=True)
    before = embedded(database)

    CliRunner().invoke(models, ["prune"], catch_exceptions=False)

    assert embedded(database) == before
    assert len(before) == 2
