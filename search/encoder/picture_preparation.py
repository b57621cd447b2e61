"""Turns a picture into a model's input, by the model's own transform in two halves.

open_clip's transforms resize and crop a picture, then turn its bytes into normalised floats. The
first half runs in decoding threads, a picture at a time. The second is arithmetic for a whole batch
on the model's device, which needs to be sent a quarter of the bytes. A transform of another form is
not split, but run as it is.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

if TYPE_CHECKING:
    import torch

Sides = tuple[float, float, float, float]
"""Left, upper, right and lower side, as fractions of a picture; outside 0 to 1 where padded."""
WHOLE: Sides = (0.0, 0.0, 1.0, 1.0)

_RAMP_PX = 256
_TO_FLOATS = ("ToTensor", "MaybeToTensor")


class Preparation:
    """Prepares pictures for one model.

    Args:
        transform: The model's own transform from open_clip: a picture to (3, H, W) float32.
    """

    def __init__(self, transform: Callable[[Image.Image], "torch.Tensor"]) -> None:
        import torch

        self._torch, self.transform = torch, transform
        steps: list[Any] = list(getattr(transform, "transforms", []))
        self._shape: list[Any] | None = None
        if [type(step).__name__ for step in steps[-1:]] == ["Normalize"] and (
            type(steps[-2]).__name__ in _TO_FLOATS
        ):
            self._shape = steps[:-2]
            self._mean = torch.tensor(steps[-1].mean, dtype=torch.float32)[:, None, None]
            self._std = torch.tensor(steps[-1].std, dtype=torch.float32)[:, None, None]
        blank = self(Image.new("RGB", (64, 64)))
        self.side_px = (int(blank.shape[1]), int(blank.shape[2]))

    def __call__(self, image: Image.Image) -> "torch.Tensor":
        """Return (3, H, W): uint8 where the transform could be split, else float32."""
        if image.mode != "RGB":
            image = image.convert("RGB")
        if self._shape is None:
            return self.transform(image)
        for step in self._shape:
            image = step(image)
        # A copy, since the array would share the picture's memory, read-only.
        return self._torch.from_numpy(np.array(image)).permute(2, 0, 1)

    def visible(self, size: tuple[int, int]) -> Sides:
        """Return the part of a picture of this size that the model sees: it may crop or pad.

        This is measured with a picture whose colours encode the place of each pixel. A transform
        that is not split can't be measured, and the whole is returned.
        """
        if self._shape is None:
            return WHOLE
        width, height = (max(16, round(_RAMP_PX * side / max(size))) for side in size)
        ramps = np.zeros((height, width, 3), np.float32)
        ramps[..., 0] = 255 * (np.arange(width) + 0.5) / width
        ramps[..., 1] = 255 * (np.arange(height)[:, None] + 0.5) / height
        ramps[..., 2] = 255
        prepared = self(Image.fromarray(np.rint(ramps).astype(np.uint8))).numpy() / 255
        inside = prepared[2] > 0.99
        x, y = (_ends(prepared[channel], inside, axis) for channel, axis in ((0, 0), (1, 1)))
        return (x[0], y[0], x[1], y[1])

    def normalised(self, pixels: "torch.Tensor") -> "torch.Tensor":
        """Return prepared pictures (n, 3, H, W) as normalised float32, on their device."""
        if pixels.dtype != self._torch.uint8:
            return pixels.float()
        mean, std = self._mean.to(pixels.device), self._std.to(pixels.device)
        return pixels.float().div_(255).sub_(mean).div_(std)


def _ends(
    where: npt.NDArray[np.floating], inside: npt.NDArray[np.bool_], axis: int
) -> tuple[float, float]:
    """Return the fractions at both ends of the input, by a line through what is inside."""
    along = np.asarray(inside.any(axis=axis))
    places = (np.flatnonzero(along) + 0.5) / len(along)
    shares = (where * inside).sum(axis=axis)[along] / inside.sum(axis=axis)[along]
    slope, start = np.polyfit(places, shares, 1)
    return round(float(start), 2), round(float(start + slope), 2)
