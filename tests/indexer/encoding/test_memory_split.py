"""A model that runs out of memory takes smaller batches; if no picture fits, it raises an error."""

import numpy as np
import pytest
import torch

from indexer.encoding.memory_split import WithinMemory
from search.encoder import OpenClipEncoder, load_encoder
from search.encoder.local_features import EncodedPictures
from tests.support.models.small_encoder import write_checkpoint


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> OpenClipEncoder:
    return load_encoder(f"local-dir:{write_checkpoint(tmp_path_factory.mktemp('small'))}", "cpu")


class _Cramped:
    """A model on a device with room for a given number of pictures at once."""

    def __init__(self, encoder: OpenClipEncoder, room: int, error: Exception) -> None:
        self._encoder, self._room, self._error = encoder, room, error
        self.asked: list[int] = []
        self.side_px = encoder.side_px
        self.preprocess = encoder.preprocess

    def describe_pixels(self, pixels: torch.Tensor) -> EncodedPictures:
        self.asked.append(len(pixels))
        if len(pixels) > self._room:
            raise self._error
        return self._encoder.describe_pixels(pixels)


def pixels_of(small: OpenClipEncoder, n: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(7)
    return torch.rand(n, 3, small.side_px, small.side_px, generator=generator)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory."),
        MemoryError(),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to"),
    ],
)
def test_fewer_pictures_go_in_at_once(small: OpenClipEncoder, error: Exception) -> None:
    pixels = pixels_of(small, 11)
    cramped = _Cramped(small, 3, error)
    within = WithinMemory(cramped)

    parts = within.describe_pixels(pixels)

    vectors = np.concatenate([part.vectors for part in parts])
    np.testing.assert_allclose(vectors, small.describe_pixels(pixels).vectors, atol=1e-5)
    assert within.at_most == 2  # 11, 5, 2

    cramped.asked.clear()
    within.describe_pixels(pixels)
    assert cramped.asked == [2, 2, 2, 2, 2, 1], "what fits is known now"


def test_no_room_for_one_is_the_callers_to_know(small: OpenClipEncoder) -> None:
    error = torch.OutOfMemoryError("CUDA out of memory.")
    with pytest.raises(torch.OutOfMemoryError):
        WithinMemory(_Cramped(small, 0, error)).describe_pixels(pixels_of(small, 4))


def test_other_errors_are_not_taken_for_it(small: OpenClipEncoder) -> None:
    cramped = _Cramped(small, 0, RuntimeError("shapes do not match"))
    with pytest.raises(RuntimeError, match="shapes"):
        WithinMemory(cramped).describe_pixels(pixels_of(small, 4))
    assert cramped.asked == [4]
