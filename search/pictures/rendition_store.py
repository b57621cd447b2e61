"""The pictures that pages show: JPEG renditions, named by the content they come from.

JPEG, because writing WebP takes ten times as long, as much as a third of all encoding.

Refuses any name that is not a SHA-256 in hex, so no request can reach outside the folder.
"""

import re
from io import BytesIO
from pathlib import Path

from PIL import Image

from search.files.atomic_files import write_whole

LONGEST_SIDE_PX = 480
QUALITY = 82
_SHA256 = re.compile(r"[0-9a-f]{64}")


class PictureStore:
    """Renditions below `<root>/pictures/`, written once and never changed."""

    def __init__(self, root: Path) -> None:
        self._root = root / "pictures"

    def put(self, sha256: str, image: Image.Image) -> None:
        """Write the rendition of a picture, unless it is there.

        Args:
            sha256: Hex digest of the original file's bytes.
            image: The decoded original, upright RGB; it is not changed.

        Raises:
            ValueError: sha256 is no such digest.
            OSError: the disk refuses.
        """
        target = self._place(sha256)
        if target is None:
            raise ValueError(f"{sha256!r} is not a SHA-256 in lower-case hex")
        if self.path(sha256) is not None:
            return
        rendition = _reduced(image)
        # Into memory first: where a disk is nearly full, Pillow takes half a file for a whole one.
        content = BytesIO()
        rendition.save(content, "JPEG", quality=QUALITY, exif=b"")
        target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(target, content.getbuffer())

    def path(self, sha256: str) -> Path | None:
        """Return where the rendition is, or None where there is none."""
        target = self._place(sha256)
        return target if target is not None and target.is_file() else None

    def _place(self, sha256: str) -> Path | None:
        """Return where the rendition belongs; 256 folders keep listings short."""
        if not _SHA256.fullmatch(sha256):
            return None
        return self._root / sha256[:2] / f"{sha256}.jpg"


def _reduced(image: Image.Image) -> Image.Image:
    """Return the picture within the bound; Hamming looks like bicubic here, for half the time."""
    longest = max(image.size)
    if longest <= LONGEST_SIDE_PX:
        return image
    width, height = (max(1, round(side * LONGEST_SIDE_PX / longest)) for side in image.size)
    return image.resize((width, height), Image.Resampling.HAMMING, reducing_gap=2.0)
