"""Draws where two pictures agree: a warm, transparent overlay on one of them.

Cells that agree glow, from dark red over orange to pale yellow, and stand out more the more they
agree; the rest of the picture stays as it is. The scale is a straight way through Oklab (Ottosson
2020), cut into steps of equal length, so that equal differences of agreement look equal, and its
lightness only rises, so that it reads without colour vision and in grey.

Agreement is shown as it is, never stretched over its own range: a picture that has nothing of the
other stays cold.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image

from search.encoder.description_cache import Describer
from search.encoder.picture_preparation import WHOLE, Sides
from search.errors import NoLocalFeatures, UnknownPicture
from search.index.generation_files import Generation
from search.pictures.rendition_store import LONGEST_SIDE_PX
from search.query.cell_matching import Floats, cell_agreement_maps
from search.query.photo_regions import cells_of_photo

COLD, HOT = 0.3, 0.8
"""Agreement of a cell that shows nothing, and that glows fully. Cells of unlike pictures have a
cosine of about 0.3 too."""
OPAQUE = 0.7
"""Of the overlay where it glows fully; the picture is seen through it even there."""
STEPS = 256
ENDS = ((0.42, 0.15, 27.0), (0.62, 0.19, 42.0), (0.95, 0.12, 102.0))
"""Oklab lightness, chroma and hue (degrees) that the scale passes."""


def agreement_maps(
    generation: Generation, describer: Describer, photo: Image.Image, image_id: int
) -> tuple[Floats, Floats]:
    """Return where a photo and an indexed picture agree.

    Args:
        generation: Holds the picture's local features.
        describer: The model that built it, or what remembers its words.
        photo: Upright, RGB; only what is meant of it.
        image_id: The picture.

    Returns:
        (g, g) of the photo and (g, g) of the picture, 0 to 1; see
        `search.query.cell_matching.cell_agreement_maps`.

    Raises:
        UnknownPicture: the generation does not hold it.
        NoLocalFeatures: the generation has nothing to compare.
    """
    rows = np.flatnonzero(generation.columns.image_id == image_id)
    if len(rows) == 0:
        raise UnknownPicture(image_id)
    cells = cells_of_photo(describer.describe([photo]))
    if generation.patches.shape[1] == 0 or len(cells.patches) == 0:
        raise NoLocalFeatures(generation.manifest.model_tag)
    return cell_agreement_maps(cells, generation.patches[rows[0]])


def draw_heat(picture: Image.Image, agreement: Floats, visible: Sides = WHOLE) -> Image.Image:
    """Lay agreement over a picture.

    Args:
        picture: Upright, RGB.
        agreement: (g, g) of 0 to 1.
        visible: The part of the picture that its cells lie over; see `Encoder.visible`.

    Returns:
        RGB, at most 480 px a side.
    """
    shown = picture.convert("RGB")
    shown.thumbnail((LONGEST_SIDE_PX, LONGEST_SIDE_PX), Image.Resampling.LANCZOS)
    smooth = np.asarray(_spread(agreement, shown.size, visible))
    heat = np.clip((smooth - COLD) / (HOT - COLD), 0, 1)
    colours = warm_scale()[np.rint(heat * (STEPS - 1)).astype(np.intp)]
    share = (OPAQUE * heat)[..., None]
    mixed = (1 - share) * np.asarray(shown, dtype=np.float32) + share * colours
    return Image.fromarray(np.rint(mixed).astype(np.uint8))


def _spread(agreement: Floats, size: tuple[int, int], visible: Sides) -> Image.Image:
    """Return cells over a picture of a size, smoothly; 0 where the model did not look."""
    left, up, right, down = visible
    rows, columns = agreement.shape
    across, along = columns / (right - left), rows / (down - up)
    return Image.fromarray(np.asarray(agreement, dtype=np.float32)).transform(
        size,
        Image.Transform.AFFINE,
        (across / size[0], 0, -left * across, 0, along / size[1], -up * along),
        Image.Resampling.BICUBIC,
    )


@lru_cache(maxsize=1)
def warm_scale() -> npt.NDArray[np.uint8]:
    """Return (256, 3) sRGB, from cold to hot, in steps of equal length in Oklab."""
    corners = np.array(
        [
            (light, chroma * np.cos(np.radians(hue)), chroma * np.sin(np.radians(hue)))
            for light, chroma, hue in ENDS
        ]
    )
    way = np.concatenate(([0], np.cumsum(np.linalg.norm(np.diff(corners, axis=0), axis=1))))
    at = np.linspace(0, way[-1], STEPS)
    oklab = np.stack([np.interp(at, way, axis) for axis in corners.T], axis=1)
    return np.rint(255 * _srgb(oklab)).astype(np.uint8)


def _srgb(oklab: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return (n, 3) sRGB of 0 to 1 for Oklab colours; what a screen can't show is cut off."""
    roots = oklab @ np.array(
        [[1, 1, 1], [0.3963377774, -0.1055613458, -0.0894841775],
         [0.2158037573, -0.0638541728, -1.2914855480]]
    )  # fmt: skip
    linear = roots**3 @ np.array(
        [[4.0767416621, -1.2684380046, -0.0041960863],
         [-3.3077115913, 2.6097574011, -0.7034186147],
         [0.2309699292, -0.3413193965, 1.7076147010]]
    )  # fmt: skip
    linear = np.clip(linear, 0, 1)
    curved = 1.055 * linear ** (1 / 2.4) - 0.055
    return np.asarray(np.where(linear <= 0.0031308, 12.92 * linear, curved))
