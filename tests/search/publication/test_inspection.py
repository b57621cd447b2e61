"""The inspection after publishing: its checks and queries; it never undoes the publication."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image
from sqlalchemy import Engine, delete, select

import search.publication.inspection as inspect_module
from indexer.building.build_generation import build_generation
from indexer.encode_jobs.encode_control import encode_all
from indexer.ingest.ingest_run import ingest
from search.commands.inspect import inspect as inspect_command
from search.commands.publish import publish as publish_command
from search.database.connection import session_scope
from search.database.models import GenerationRow, SuiteRun
from search.encoder import Encoder
from search.merchandising.health.finding_store import inspected, list_groups
from search.merchandising.saved_descriptions import add_saved, mark
from search.publication.inspection import inspect_live
from search.publication.publishing import publish
from search.settings import Settings, load_settings
from tests.support.factories import picture_bytes


@pytest.fixture
def settings(
    settings: Settings, small_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """Settings with the small encoder, for commands too."""
    monkeypatch.setenv("FINDALIKE_MODEL", f"local-dir:{small_checkpoint}")
    load_settings.cache_clear()
    return load_settings()


@pytest.fixture
def built(database: Engine, settings: Settings, small_encoder: Encoder, tmp_path: Path) -> int:
    """A built generation of eight products; two share a picture, saved in two files."""
    rows = ["sku,title,image"]
    for i in range(8):
        (tmp_path / f"{i}.png").write_bytes(picture_bytes(i % 7))
        rows.append(f"SKU-{i},Thing {i},{i}.png")
    with Image.open(tmp_path / "7.png") as picture:
        picture.convert("RGB").save(tmp_path / "7.png", compress_level=1)
    (tmp_path / "catalogue.csv").write_text("\n".join(rows), encoding="utf-8")
    ingest(database, tmp_path / "catalogue.csv", settings)
    encode_all(database, settings, small_encoder)
    return build_generation(database, settings, small_encoder)


def test_a_new_generation_is_looked_over_and_asked(
    database: Engine, settings: Settings, small_encoder: Encoder, built: int
) -> None:
    publish(database, settings, built)
    with session_scope(database) as session:
        assert inspected(session) is None
        saved = add_saved(session, "thing 3", actor="mia")
        mark(session, saved, "SKU-3", True, actor="mia")

    report = inspect_live(database, settings, started_by="reindex", encoder=small_encoder)

    assert report["findings"]["duplicates"] == 1
    assert report["suite"]["found"] == 1
    with session_scope(database) as session:
        assert inspected(session) == built
        [group] = list_groups(session, built, limit=None)
        assert [each.sku for each in group] == ["SKU-0", "SKU-7"]
        [run] = session.scalars(select(SuiteRun)).all()
        assert (run.generation_id, run.started_by) == (built, "reindex")


def test_the_command_publish_looks_it_over(database: Engine, built: int) -> None:
    done = CliRunner().invoke(publish_command, ["--json"])
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert (report["generation"], report["findings"]["generation"]) == (built, built)
    assert report["suite"] is None, "no description is marked"
    told = CliRunner().invoke(inspect_command, [])
    assert told.exit_code == 0
    assert "1 groups of near-duplicates" in told.stdout


def test_a_failure_leaves_the_generation_live(
    database: Engine,
    settings: Settings,
    small_encoder: Encoder,
    built: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publish(database, settings, built)
    (settings.root / "pictures").rename(settings.root / "moved")  # nothing to compare

    def fails(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(inspect_module, "keep_findings", fails)
    report = inspect_live(database, settings, started_by="publish", encoder=small_encoder)

    assert report["findings"] == {"error": "no space left"}
    assert report["suite"] is None
    with session_scope(database) as session:
        assert session.scalars(select(GenerationRow.state)).all() == ["live"]
        assert inspected(session) is None


def test_without_a_generation_the_command_says_so(settings: Settings, database: Engine) -> None:
    with session_scope(database) as session:
        session.execute(delete(GenerationRow))
    failed = CliRunner().invoke(inspect_command, ["--json"])
    assert failed.exit_code == 1
    assert "error" in json.loads(failed.stdout)["findings"]
