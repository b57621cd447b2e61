"""Opens the stored renditions of product pictures by the pictures' ids."""

from collections.abc import Sequence

import sqlalchemy
import structlog
from PIL import Image
from sqlalchemy import select

from search.database.connection import session_scope
from search.database.models import ProductImage
from search.pictures.rendition_store import PictureStore

log = structlog.get_logger()


class Renditions:
    """Opens the stored renditions of product pictures.

    Args:
        database: Knows the content hash of each picture.
        pictures: Holds renditions by content hash.
    """

    def __init__(self, database: sqlalchemy.Engine, pictures: PictureStore) -> None:
        self._database, self._pictures = database, pictures

    def __call__(self, image_ids: Sequence[int]) -> list[Image.Image | None]:
        """Return upright RGB pictures; None where there is no rendition, or a damaged one."""
        statement = select(ProductImage.id, ProductImage.sha256).where(
            ProductImage.id.in_(image_ids), ProductImage.sha256.is_not(None)
        )
        with session_scope(self._database) as session:
            contents = {row.id: row.sha256 for row in session.execute(statement)}
        return [self._open(contents.get(image_id)) for image_id in image_ids]

    def _open(self, sha256: str | None) -> Image.Image | None:
        path = self._pictures.path(sha256) if sha256 is not None else None
        if path is None:
            return None
        try:
            with Image.open(path) as picture:
                return picture.convert("RGB")
        except OSError as error:  # a damaged file must not end the whole work
            log.warning("rendition_damaged", file=path.name, error=str(error))
            return None
