"""A small encoder in small batches, and pictures for it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine

from search.database.connection import session_scope
from search.encoder import OpenClipEncoder, load_encoder
from search.settings import Settings
from tests.support.factories import make_image, make_product
from tests.support.models.small_encoder import write_checkpoint


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def small(checkpoint: Path) -> OpenClipEncoder:
    return load_encoder(f"local-dir:{checkpoint}", "cpu")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"batch_images": 8})


@pytest.fixture
def add(database: Engine, tmp_path: Path) -> Callable[..., list[int]]:
    """Return a function that adds one product for each given file content."""

    def add_pictures(*contents: bytes | None, **fields: object) -> list[int]:
        ids = []
        with session_scope(database) as session:
            for content in contents:
                product = make_product(session, **fields)
                path = tmp_path / f"{product.sku}.picture"
                if content is not None:
                    path.write_bytes(content)
                image = make_image(
                    session, product, address=str(path), state="pending", sha256=None
                )
                ids.append(image.id)
        return ids

    return add_pictures
