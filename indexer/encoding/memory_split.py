"""Runs a model on as many pictures at once as memory allows.

A shared device, or a model that takes pictures at their own size, may leave less memory than a
batch needs. Then half as many pictures are tried, down to one. The number that fitted is kept for
the next time. Where not even one picture fits, the error is raised: the machine is too small for
the model.
"""

import gc
from typing import TYPE_CHECKING

import structlog

from search.encoder import PictureEncoder
from search.encoder.local_features import EncodedPictures

if TYPE_CHECKING:
    import torch

CPU_MEMORY_ERRORS = ("can't allocate memory", "not enough memory")
"""What torch says where a CPU's memory is short, in a plain RuntimeError."""

log = structlog.get_logger()


class WithinMemory:
    """A model, and how many pictures at once fit its memory. Owned by one thread.

    Args:
        encoder: The model.
    """

    def __init__(self, encoder: PictureEncoder) -> None:
        self._encoder = encoder
        self.at_most: int | None = None  # pictures at once; None: any number fitted so far

    def describe_pixels(self, pixels: "torch.Tensor") -> list[EncodedPictures]:
        """Describe prepared pictures, in order, in as few parts as memory allows.

        Args:
            pixels: (n, 3, h, w), as `PictureEncoder.preprocess` makes them.

        Raises:
            MemoryError, RuntimeError, torch.OutOfMemoryError: there is no room for one picture.
        """
        if self.at_most is not None and len(pixels) > self.at_most:
            return [
                described
                for part in pixels.split(self.at_most)
                for described in self.describe_pixels(part)
            ]
        try:
            return [self._encoder.describe_pixels(pixels)]
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error) or len(pixels) == 1:
                raise
            log.warning("encoder_out_of_memory", pictures=len(pixels), error=str(error))
        # Not in the handler: its traceback would hold the tensors that have to go.
        self.at_most = len(pixels) // 2
        _free_cached()
        return self.describe_pixels(pixels)


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that memory, of the machine or a device, is too small."""
    import torch

    return isinstance(error, MemoryError | torch.OutOfMemoryError) or any(
        said in str(error) for said in CPU_MEMORY_ERRORS
    )


def _free_cached() -> None:
    """Free the memory that torch caches on a device, for this process and for others."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
