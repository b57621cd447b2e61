"""A picture host, and encoding of the pictures that it sends."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Engine

from indexer.encode_jobs.encode_control import encode_all
from search.database.connection import session_scope
from search.encoder import Encoder
from search.jobs.job_records import JobRecord
from search.settings import Settings
from tests.support.factories import make_image, make_product
from tests.support.servers.picture_host import PictureHost, serve_pictures
from tests.support.shops.spooled_pictures import QUICK, Add


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings with small batches; every run asks the hosts."""
    changed = {"batch_images": 8, "recheck_hours": 0.0, "fetch_timeout_s": 2.0}
    return settings.model_copy(update=changed | {"max_image_bytes": 200_000})


@pytest.fixture
def host() -> Iterator[PictureHost]:
    with serve_pictures() as running:
        yield running


@pytest.fixture
def add(database: Engine) -> Add:
    """Return a function that adds one product for each address of a picture."""

    def add_pictures(*addresses: str, **fields: Any) -> list[int]:
        with session_scope(database) as session:
            unseen = {"state": "pending", "sha256": None, "fingerprint": None}
            return [
                make_image(session, make_product(session), address=address, **unseen | fields).id
                for address in addresses
            ]

    return add_pictures


@pytest.fixture
def encode(
    database: Engine, settings: Settings, small_encoder: Encoder
) -> Callable[..., JobRecord]:
    def run(**changed: object) -> JobRecord:
        own = settings.model_copy(update=changed)
        return encode_all(database, own, small_encoder, patience=QUICK)

    return run
