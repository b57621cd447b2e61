"""Pictures to encode, and their stored embeddings."""

from pathlib import Path

from sqlalchemy import Engine, func, select

from search.database.connection import session_scope
from search.database.models import Embedding, ProductImage, Quarantine
from search.settings import Settings
from tests.support.factories import picture_bytes


def pictures(n: int, start: int = 0) -> list[bytes]:
    return [picture_bytes(seed) for seed in range(start, start + n)]


def states(database: Engine) -> dict[str, int]:
    with session_scope(database) as session:
        query = select(ProductImage.state, func.count()).group_by(ProductImage.state)
        return {row[0]: row[1] for row in session.execute(query)}


def count_rows(database: Engine, table: type[Embedding] | type[Quarantine]) -> int:
    with session_scope(database) as session:
        return session.scalars(select(func.count()).select_from(table)).one()


def shard_files(settings: Settings) -> list[Path]:
    return sorted((settings.root / "embeddings").rglob("*.safetensors"))
