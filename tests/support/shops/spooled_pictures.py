"""Pictures on a host, and the files in the spool."""

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Engine, select

from indexer.fetching.circuit_breaker import Patience
from indexer.pictures.spool import Spool
from search.database.connection import session_scope
from search.database.models import ProductImage
from search.settings import Settings
from tests.support.factories import picture_bytes
from tests.support.servers.picture_host import PictureHost

QUICK = Patience(failures=5, pause_s=0.2, trials=2)
Add = Callable[..., list[int]]


def image(database: Engine, image_id: int) -> ProductImage:
    with session_scope(database) as session:
        return session.get_one(ProductImage, image_id)


def states(database: Engine) -> list[str]:
    with session_scope(database) as session:
        return list(session.scalars(select(ProductImage.state).order_by(ProductImage.id)))


def spooled(settings: Settings) -> list[Path]:
    return [path for path in Spool(settings.root).root.rglob("*") if path.is_file()]


def put(host: PictureHost, n: int, start: int = 0) -> list[str]:
    return [host.put(f"{seed}.png", picture_bytes(seed)) for seed in range(start, start + n)]
