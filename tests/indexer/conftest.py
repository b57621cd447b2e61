"""What tests of the indexer share."""

from pathlib import Path

import pytest

from search.encoder import Encoder, load_encoder
from tests.indexer.small_encoder import write_checkpoint


@pytest.fixture(scope="session")
def small_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real model of 32 dimensions with random weights."""
    return write_checkpoint(tmp_path_factory.mktemp("checkpoint"))


@pytest.fixture(scope="session")
def small_encoder(small_checkpoint: Path) -> Encoder:
    """That model, loaded once."""
    return load_encoder(f"local-dir:{small_checkpoint}", "cpu")
