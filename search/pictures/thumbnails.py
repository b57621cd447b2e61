"""Small WebP pictures for pages, made from a rendition when first asked for, then stored.

A thumbnail's name holds the content hash of its picture, so a stored one is never stale, and two
processes that make the same one write the same. Sizes that pages do not use are refused, so that
nobody can fill the disk.
"""

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import structlog
from PIL import Image

from search.files.atomic_files import write_whole
from search.pictures.rendition_store import LONGEST_SIDE_PX, PictureStore

log = structlog.get_logger()

SIDES = (96, 240, LONGEST_SIDE_PX)
"""Longest sides in pixels: a swatch or a shelf, a card, a card on a phone's dense screen."""
QUALITY = 78
_NAME = re.compile(r"([0-9a-f]{64})-[0-9]+\.webp")


class ThumbnailStore:
    """Thumbnails below `<root>/thumbnails/`, of the pictures below the same root."""

    def __init__(self, root: Path) -> None:
        self._root, self._pictures = root / "thumbnails", PictureStore(root)

    def path(self, sha256: str, side: int) -> Path | None:
        """Return the file of a thumbnail, which is made if it is missing.

        Args:
            sha256: Hex digest of the original file's bytes.
            side: The longest, one of `SIDES`; smaller pictures keep their size.

        Returns:
            None where there is no such side, or no rendition that can be read.
        """
        rendition = self._pictures.path(sha256)
        if side not in SIDES or rendition is None:
            return None
        target = self._root / sha256[:2] / f"{sha256}-{side}.webp"
        if not target.is_file():
            try:
                with Image.open(rendition, formats=("JPEG",)) as picture:
                    picture.draft("RGB", (side, side))
                    picture.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=3.0)
                    content = BytesIO()
                    picture.save(content, "WEBP", quality=QUALITY, method=4)
                target.parent.mkdir(parents=True, exist_ok=True)
                write_whole(target, content.getbuffer())
            except (OSError, SyntaxError) as error:
                log.warning("thumbnail_failed", sha256=sha256, side=side, error=str(error))
                return None
        return target

    def folders(self) -> Iterator[dict[Path, str]]:
        """Yield the thumbnails of a folder at a time, each with the hash of its picture."""
        for folder in sorted(self._root.glob("[0-9a-f][0-9a-f]")):
            names = ((path, _NAME.fullmatch(path.name)) for path in folder.iterdir())
            yield {path: match[1] for path, match in names if match}
