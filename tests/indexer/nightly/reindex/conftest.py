"""Runs that encode in this process, with the small encoder."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

import indexer.nightly.reindex_run as reindex_module
from indexer.encode_jobs.encode_control import encode_all
from indexer.nightly.reindex_run import Reindex
from search.encoder import Encoder
from search.jobs.job_records import JobRecord
from search.settings import Settings, load_settings
from tests.support.shops.small_catalogue import Run, good_rows, write_catalogue


@pytest.fixture
def settings(
    settings: Settings, small_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """Settings with the small encoder, for commands and workers too."""
    monkeypatch.setenv("FINDALIKE_MODEL", f"local-dir:{small_checkpoint}")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    load_settings.cache_clear()
    return load_settings()


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch, small_encoder: Encoder) -> list[int]:
    """Encode in this process, so that no worker has to start; the list counts pictures."""
    counts: list[int] = []

    def encode_here(database: Engine, settings: Settings, **_: object) -> JobRecord:
        job = encode_all(database, settings, small_encoder)
        counts.append(job.report.get("encoded", 0))
        return job

    monkeypatch.setattr(reindex_module, "run_encoding", encode_here)
    return counts


@pytest.fixture
def run(settings: Settings, encoded: list[int]) -> Run:
    def call(*sources: Path, **changed: object) -> dict[str, Any]:
        changed_settings = settings.model_copy(update=changed)
        return Reindex(changed_settings, quiet=True).run([str(source) for source in sources])

    return call


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    return write_catalogue(tmp_path / "shop", good_rows())
