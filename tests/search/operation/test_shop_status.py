"""`findalike status` and `findalike doctor` report the true state of a home."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from pydantic import SecretStr
from sqlalchemy import Engine, text

from search.commands.doctor import doctor
from search.commands.status import status
from search.database import schema
from search.database.connection import open_database, session_scope
from search.database.models import Embedding, GenerationRow, Quarantine
from search.encoder import Encoder, OpenClipEncoder
from search.index.generation_files import VECTORS
from search.jobs.job_records import advance, fail, start_job
from search.jobs.job_stages import begin_stage, measure_stage
from search.jobs.workers import worker_application_name
from search.operation import doctor_checks
from search.operation.disk_use import disk_use
from search.operation.doctor_checks import DoctorCheck, run_checks
from search.operation.readable_units import ago, counts, size, span
from search.operation.shop_status import read_status
from search.settings import Settings, load_settings
from tests.support.factories import make_image, make_product
from tests.support.shops.changing_shop import ChangingShop
from tests.support.written_generations import flip_byte


@pytest.fixture
def shop(database: Engine) -> Engine:
    """A small catalogue with something in every state."""
    with session_scope(database) as session:
        mug, lamp = make_product(session), make_product(session)
        make_product(session, retired_at=datetime.now(UTC))
        image = make_image(session, mug)
        make_image(session, mug, state="failed", sha256=None, error="cut off")
        make_image(session, lamp, state="pending", sha256=None)
        session.add(Embedding(sha256=image.sha256, model_tag="m-1", shard="s", row=0))
        for reason in ("truncated", "truncated", "missing"):
            session.add(Quarantine(kind="image", source="c", reason=reason, detail="Send it."))
        job = start_job(session, "encode", total=4)
        advance(session, job, done=2, failed=1)
        fail(session, start_job(session, "build"), "the disk is full")
        session.add(
            GenerationRow(
                state="live", model_tag="m-1", directory="g1", published_at=datetime.now(UTC),
                manifest={"vectors": 1, "factory": "Flat", "recall_at_10": 1.0, "files": {}},
            )
        )  # fmt: skip
    return database


def test_status_counts_what_is_there(shop: Engine, settings: Settings) -> None:
    """Each number is counted by itself."""
    (settings.root / "pictures").mkdir(parents=True)
    (settings.root / "pictures" / "a.jpg").write_bytes(b"x" * 1234)
    worker = open_database(settings, application_name=worker_application_name("box", 42))
    with worker.connect():
        found = read_status(shop, settings)
    worker.dispose()

    assert (found.products, found.retired_products) == (2, 1)
    assert found.images == {"failed": 1, "pending": 1, "ready": 1}
    assert found.embeddings == {"m-1": 1}
    assert found.quarantine == {"truncated": 2, "missing": 1}
    assert [(job.kind, job.state) for job in found.jobs] == [
        ("build", "failed"),
        ("encode", "running"),
    ]
    assert (found.jobs[1].processed, found.jobs[1].total) == (3, 4)
    assert found.live is not None
    assert found.live.manifest["factory"] == "Flat"
    assert [(view.hostname, view.pid) for view in found.workers] == [("box", 42)]
    assert found.queued_tasks == 0
    assert found.disk.used_bytes == {"pictures": 1234}
    assert found.disk.free_bytes > 0
    assert [job.kind for job in found.running] == ["encode"]
    assert (found.last_reindex, found.schedule) == (None, None)
    assert found.schema_revision == schema.newest_revision()


def test_queue_length_is_what_kombu_has_not_delivered(shop: Engine, settings: Settings) -> None:
    """Delivered messages stay in its table as invisible rows."""
    with shop.begin() as connection:
        connection.execute(text("CREATE TABLE kombu_queue (id int, name text)"))
        connection.execute(text("CREATE TABLE kombu_message (visible bool, queue_id int)"))
        connection.execute(
            text("INSERT INTO kombu_queue VALUES (1, 'findalike.encode'), (2, 'findalike.build')")
        )
        connection.execute(
            text("INSERT INTO kombu_message VALUES (true, 1), (true, 1), (false, 1), (true, 2)")
        )
    found = read_status(shop, settings)
    assert found.queues == {"products": 0, "fetch": 0, "encode": 2, "build": 1}
    assert found.queued_tasks == 3


def test_silent_broker_is_no_number(shop: Engine, settings: Settings) -> None:
    """The rest of the status is shown anyway."""
    nowhere = settings.model_copy(
        update={"broker_url": SecretStr("amqp://guest:guest@127.0.0.1:1//")}
    )
    found = read_status(shop, nowhere)
    assert found.queued_tasks is None
    assert found.products == 2


def test_status_of_an_empty_home(database: Engine, settings: Settings) -> None:
    """It says that nothing is there, and how to begin."""
    found = read_status(database, settings)
    assert (found.products, found.live, found.jobs, found.workers) == (0, None, [], [])
    shown = CliRunner().invoke(status, [])
    assert shown.exit_code == 0
    assert "findalike reindex" in shown.stdout


def test_status_as_table_and_as_json(shop: Engine) -> None:
    """People and programs get the same facts."""
    shown = CliRunner().invoke(status, [], env={"COLUMNS": "160"}).stdout
    for fact in ("2, and 1 retired", "2 truncated, 1 missing", "3 of 4 (75 %)", "factory Flat"):
        assert fact in shown
    assert "the disk is full" in shown
    assert "encode 1: 3 of 4" in shown
    assert "no worker takes them. Start `findalike worker`." in shown
    assert "none: set FINDALIKE_SCHEDULE" in shown

    found = json.loads(CliRunner().invoke(status, ["--json"]).stdout)
    assert found["products"] == 2
    assert found["live"]["manifest"]["recall_at_10"] == 1.0
    assert found["jobs"][1]["failed"] == 1
    assert [concern["subject"] for concern in found["concerns"]] == ["workers"]


def test_status_says_how_far_a_stage_is(database: Engine) -> None:
    with session_scope(database) as session:
        job_id = start_job(session, "reindex", 5)
        begin_stage(session, job_id, "encode")
        measure_stage(session, job_id, 50, 200, unit="pictures")

    printed = " ".join(CliRunner().invoke(status, [], env={"COLUMNS": "160"}).output.split())
    assert f"reindex {job_id}: 0 of 5, encode, 50 of 200 pictures" in printed
    answer = json.loads(CliRunner().invoke(status, ["--json"]).output)
    progress = answer["running"][0]["progress"]
    assert (progress["done"], progress["total"], progress["share"]) == (50, 200, 0.25)


def test_status_tells_of_the_last_night_and_the_next(
    shop: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINDALIKE_SCHEDULE", "30 2 * * *")
    monkeypatch.setenv("FINDALIKE_TIMEZONE", "Europe/Lisbon")
    load_settings.cache_clear()
    with session_scope(shop) as session:
        fail(session, start_job(session, "reindex"), "the catalogue is gone")
        start_job(session, "reindex")
    shown = CliRunner().invoke(status, [], env={"COLUMNS": "200"}).stdout
    assert "The last reindex failed, 0 s ago: the catalogue is gone" in shown
    assert "30 2 * * * (Europe/Lisbon), next 20" in shown
    assert "`findalike schedule` does not run" in shown
    found = json.loads(CliRunner().invoke(status, ["--json"]).stdout)
    assert found["last_reindex"]["error"] == "the catalogue is gone"
    assert found["schedule"]["attended"] is False


def test_disk_use_of_a_home_that_is_not_there(tmp_path: Path) -> None:
    """It shows the free space of the disk where the home would be."""
    found = disk_use(tmp_path / "not" / "yet")
    assert found.used_bytes == {}
    assert found.free_bytes > 0


@pytest.mark.parametrize(
    ("number", "written"),
    [(0, "0 B"), (1500, "2 kB"), (2_000_000, "2 MB"), (3 * 10**12, "3000.0 GB")],
)
def test_sizes_are_for_people(number: int, written: str) -> None:
    assert size(number) == written


def test_moments_and_counts_are_for_people() -> None:
    now = datetime.now(UTC)
    assert ago(None) == "never"
    assert ago(now) == "0 s ago"
    assert ago(now - timedelta(minutes=5)) == "5 min ago"
    assert ago(now - timedelta(days=3)) == "3 d ago"
    assert counts({"ready": 1200, "failed": 3}) == "1,200 ready, 3 failed"
    assert counts({}) == "none"


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0, "0 s"), (0.42, "0.4 s"), (59.6, "1 min"), (75, "1 min 15 s"), (7500, "2 h 5 min"),
     (90_061, "1 d 1 h"), (86_400 + 120, "1 d")],
)  # fmt: skip
def test_spans_are_for_people(seconds: float, written: str) -> None:
    assert span(seconds) == written


@pytest.fixture
def loaded_model(encoder: OpenClipEncoder, monkeypatch: pytest.MonkeyPatch) -> OpenClipEncoder:
    """Use a loaded model, so that these tests do not load it again."""
    monkeypatch.setattr("search.encoder.load_encoder", lambda _model, _device: encoder)
    return encoder


def examine() -> dict[str, DoctorCheck]:
    """Run all checks; return the outcomes by name."""
    return {check.name: check for check in run_checks()}


@pytest.mark.usefixtures("database", "loaded_model")
def test_doctor_finds_a_fresh_home_well() -> None:
    """Having no index yet is no problem."""
    outcome = examine()
    assert {check.state for check in outcome.values()} == {"ok"}
    assert "none published yet" in outcome["live index"].found
    assert "torch 2" in outcome["libraries"].found


@pytest.mark.usefixtures("loaded_model")
def test_doctor_says_what_to_do_about_a_silent_database(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It shows one failure, its remedy, and the checks that were skipped because of it."""
    monkeypatch.setenv("FINDALIKE_HOME", str(tmp_path))
    monkeypatch.setenv("FINDALIKE_DATABASE_URL", "postgresql://shop:s3cret@127.0.0.1:1/none")
    load_settings.cache_clear()
    shown = CliRunner().invoke(doctor, ["--json"])
    assert shown.exit_code == 1
    assert "s3cret" not in shown.stdout
    states = {check["name"]: check["state"] for check in json.loads(shown.stdout)["checks"]}
    assert states["database"] == states["broker"] == "failed"
    assert states["schema"] == states["live index"] == "skipped"
    assert states["model"] == "ok"


@pytest.mark.usefixtures("loaded_model")
def test_doctor_asks_for_migrations(
    empty_database_url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An external database is not migrated without being asked."""
    monkeypatch.setenv("FINDALIKE_DATABASE_URL", empty_database_url)
    load_settings.cache_clear()
    outcome = examine()
    assert outcome["database"].state == "ok"
    assert outcome["schema"].remedy == "Run `findalike migrate`."


@pytest.mark.usefixtures("loaded_model")
def test_doctor_finds_a_damaged_index(shop: Engine, settings: Settings) -> None:
    """The files of the live generation are gone."""
    outcome = examine()
    assert outcome["live index"].state == "failed"
    assert "findalike rollback" in outcome["live index"].remedy


def test_doctor_finds_a_damaged_delta(
    database: Engine, settings: Settings, small_encoder: Encoder
) -> None:
    """The delta over the live generation is read completely, too."""
    shop = ChangingShop(database, settings, small_encoder)
    shop.fill(20)
    shop.publish()
    shop.fill(1, first=20)
    shop.writer.write()
    well = doctor_checks.check_live_index(database, settings, [])
    flip_byte(shop.deltas / str(shop.pointed()) / VECTORS)
    ill = doctor_checks.check_live_index(database, settings, [])

    assert well.state == "ok"
    assert "those of its delta" in well.found
    assert (ill.state, "findalike watch" in ill.remedy) == ("failed", True)


def test_doctor_finds_a_home_and_disk_that_will_not_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both messages say where the problem is and what to do."""
    (tmp_path / "home").write_text("a file")
    found = doctor_checks.check_home(tmp_path / "home")
    assert found.state == "failed"
    assert "FINDALIKE_HOME" in found.remedy
    monkeypatch.setattr(doctor_checks, "LEAST_FREE_BYTES", 10**18)
    assert doctor_checks.check_disk(tmp_path).state == "failed"


def test_doctor_names_a_silent_broker() -> None:
    """The message does not contain its password."""
    settings = Settings(broker_url="amqp://guest:s3cret@127.0.0.1:1//")
    found = doctor_checks.check_broker(settings, reachable=True)
    assert found.state == "failed"
    assert "FINDALIKE_BROKER_URL" in found.remedy
    assert "s3cret" not in found.found


def test_doctor_names_a_model_that_does_not_load(tmp_path: Path) -> None:
    """The encoder's own sentence is shown."""
    settings = Settings(model=f"local-dir:{tmp_path}", device="cpu")
    found = doctor_checks.guarded(
        "model", lambda: doctor_checks.check_model(settings.model, settings, [])
    )
    assert found.state == "failed"
    assert "open_clip_config.json" in found.found


def test_doctor_shows_settings_without_secrets() -> None:
    settings = Settings(home=Path("~/.findalike"), device="cpu", secret_key="s3cret-" * 3)
    assert doctor_checks.check_settings(settings).found == (
        "FINDALIKE_DEVICE=cpu, FINDALIKE_SECRET_KEY=(set)"
    )


def test_doctor_outlives_what_it_did_not_expect() -> None:
    def break_down() -> DoctorCheck:
        raise KeyError("surprise")

    found = doctor_checks.guarded("odd", break_down)
    assert (found.state, found.found) == ("failed", "KeyError: 'surprise'")
