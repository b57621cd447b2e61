"""The re-ranking stages that an operator's settings ask for, ready to run."""

from collections.abc import Mapping, Sequence

import sqlalchemy
from PIL import Image
from sqlalchemy import select

from search.db import session_scope
from search.models import ProductImage
from search.pictures import PictureStore
from search.settings import Settings
from search.stages import STAGES, Stage
from search.stages.cross_encoding import NAME, CrossEncoding, before


class Renditions:
    """Opens the stored renditions of product pictures.

    Args:
        database: Says what a picture's content is.
        pictures: Holds renditions by content.
    """

    def __init__(self, database: sqlalchemy.Engine, pictures: PictureStore) -> None:
        self._database, self._pictures = database, pictures

    def __call__(self, image_ids: Sequence[int]) -> list[Image.Image | None]:
        """Return upright RGB pictures; None where there is no rendition."""
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
        with Image.open(path) as picture:
            return picture.convert("RGB")


def configured_stages(settings: Settings, database: sqlalchemy.Engine) -> Mapping[str, Stage]:
    """Return the stages to run, in order; a cross-encoder is among them if one is set.

    Raises:
        ModelUnavailable: FINDALIKE_CROSS_ENCODER names no such model.
    """
    if settings.cross_encoder is None:
        return STAGES
    from search.encoder.cross_encoder import load_cross_encoder

    matcher = load_cross_encoder(settings.cross_encoder.expanduser(), settings.device)
    renditions = Renditions(database, PictureStore(settings.root))
    return before(STAGES, "rules", **{NAME: CrossEncoding(matcher, renditions)})
