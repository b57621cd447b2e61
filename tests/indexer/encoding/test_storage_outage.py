"""An unmounted share is distinguished from missing pictures."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from indexer.encode_jobs.encode_control import encode_all
from indexer.encoding.storage_outage import PicturesAway
from search.database.connection import session_scope
from search.database.models import Job, ProductImage, Quarantine
from search.encoder import Encoder
from search.settings import Settings
from tests.support.factories import make_image, make_product, picture_bytes


@pytest.fixture
def share(tmp_path: Path) -> Path:
    folder = tmp_path / "share"
    folder.mkdir()
    return folder


@pytest.fixture
def add(database: Engine, share: Path) -> Callable[..., None]:
    """Return a function that adds pictures to the catalogue, and to the share if it is mounted."""

    def add_pictures(*seeds: int, missing: bool = False) -> None:
        with session_scope(database) as session:
            for seed in seeds:
                path = share / f"{seed}.png"
                if not missing:
                    path.write_bytes(picture_bytes(seed))
                product = make_product(session)
                make_image(session, product, address=str(path), state="pending", sha256=None)

    return add_pictures


def states(database: Engine) -> dict[str, int]:
    with session_scope(database) as session:
        query = select(ProductImage.state, func.count()).group_by(ProductImage.state)
        return {row[0]: row[1] for row in session.execute(query)}


def test_an_unmounted_share_fails_the_job(
    add: Callable[..., None],
    share: Path,
    database: Engine,
    settings: Settings,
    small_encoder: Encoder,
) -> None:
    """Two new pictures are missing, and so are yesterday's."""
    add(*range(4))
    encode_all(database, settings, small_encoder)
    share.rename(share.with_name("elsewhere"))
    add(7, 8, missing=True)

    with pytest.raises(PicturesAway, match="mount"):
        encode_all(database, settings, small_encoder)

    assert states(database) == {"ready": 4, "pending": 2}
    with session_scope(database) as session:
        job = session.scalars(select(Job).order_by(Job.id.desc())).first()
        assert job is not None
        assert job.state == "failed"
        assert "2 of 2 picture files" in (job.error or "")
        assert session.scalars(select(Quarantine)).all() == []
    share.with_name("elsewhere").rename(share)
    add(7, 8)
    assert encode_all(database, settings, small_encoder).failed == 0


def test_pictures_that_are_missing_by_themselves_are_refused(
    add: Callable[..., None], database: Engine, settings: Settings, small_encoder: Encoder
) -> None:
    """However many are missing: the other pictures are still there."""
    add(*range(4))
    encode_all(database, settings, small_encoder)
    add(*range(10, 30), missing=True)

    job = encode_all(database, settings, small_encoder)

    assert (job.state, job.failed) == ("done", 20)
    assert states(database) == {"ready": 4, "failed": 20}


def test_a_first_catalogue_without_any_picture_fails_the_job(
    add: Callable[..., None], database: Engine, settings: Settings, small_encoder: Encoder
) -> None:
    add(*range(20), missing=True)

    with pytest.raises(PicturesAway):
        encode_all(database, settings, small_encoder)

    assert states(database) == {"pending": 20}


def test_a_few_missing_pictures_of_a_first_catalogue_are_refused(
    add: Callable[..., None], database: Engine, settings: Settings, small_encoder: Encoder
) -> None:
    add(1, 2, missing=True)

    job = encode_all(database, settings, small_encoder)

    assert (job.state, job.failed) == ("done", 2)
