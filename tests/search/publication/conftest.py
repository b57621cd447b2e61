"""Fixtures: generations to publish."""

import pytest
from sqlalchemy import Engine

from indexer.building.build_generation import build_generation
from search.encoder import Encoder
from search.settings import Settings
from tests.support.live_states import Build
from tests.support.shops.encoded_shop import fill_shop


@pytest.fixture
def build(database: Engine, settings: Settings, small_encoder: Encoder) -> Build:
    """Build a generation of a shop of twenty products."""
    fill_shop(database, settings, small_encoder.tag, 20)
    return lambda: build_generation(database, settings, small_encoder)
