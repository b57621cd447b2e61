"""Batch sizes: they halve when memory runs out, and grow while that raises the rate."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from search.encoder import OpenClipEncoder, load_encoder
from search.encoder.forward.picture_forward import BatchSize
from search.errors import DeviceOutOfMemory
from tests.support.models.small_encoder import write_checkpoint

N = 21


class Tight(nn.Module):
    """A tower on a device with room for a given number of pictures."""

    def __init__(self, tower: nn.Module, room: int) -> None:
        super().__init__()
        self.tower, self.room = tower, room
        self.seen: list[int] = []

    def forward(self, x: Tensor) -> Any:
        """Encode pictures."""
        self._check(x)
        return self.tower(x)

    def forward_intermediates(self, x: Tensor, **settings: object) -> Any:
        """Encode pictures with their maps."""
        self._check(x)
        return self.tower.forward_intermediates(x, **settings)

    def _check(self, x: Tensor) -> None:
        self.seen.append(len(x))
        if len(x) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("small"))


@pytest.fixture
def encoder(checkpoint: Path) -> OpenClipEncoder:
    return load_encoder(f"local-dir:{checkpoint}", "cpu")


@pytest.fixture
def pixels(encoder: OpenClipEncoder) -> Tensor:
    rng = np.random.default_rng(2)
    images = [
        Image.fromarray(rng.integers(0, 256, size=(40, 40, 3), dtype=np.uint8)) for _ in range(N)
    ]
    return torch.stack([encoder.preprocess(image) for image in images])


def tighten(encoder: OpenClipEncoder, room: int) -> Tight:
    encoder.pictures.model.visual = tight = Tight(encoder.pictures.model.visual, room)
    return tight


@pytest.mark.parametrize("room", [1, 3, 5, 16])
def test_batches_halve_until_they_fit(encoder: OpenClipEncoder, pixels: Tensor, room: int) -> None:
    wanted = encoder.describe_pixels(pixels).vectors
    tight = tighten(encoder, room)

    found = encoder.describe_pixels(pixels).vectors

    assert found.shape == wanted.shape
    assert np.einsum("nd,nd->n", found, wanted).min() > 0.995
    assert encoder.pictures.batch.now <= room
    tight.seen.clear()
    encoder.describe_pixels(pixels)
    assert max(tight.seen) <= room, "the size that works is remembered"


def test_a_picture_that_does_not_fit_is_an_error_that_says_what_to_do(
    encoder: OpenClipEncoder, pixels: Tensor
) -> None:
    encoder.describe_pixels(pixels[:1])
    tighten(encoder, 0)

    with pytest.raises(DeviceOutOfMemory, match=r"FINDALIKE_DEVICE.*FINDALIKE_MODEL"):
        encoder.describe_pixels(pixels)


def test_bytes_and_floats_give_the_same_vectors(encoder: OpenClipEncoder, pixels: Tensor) -> None:
    floats = encoder.pictures.preparation.normalised(pixels)

    assert pixels.dtype == torch.uint8
    of_bytes, of_floats = encoder.describe_pixels(pixels), encoder.describe_pixels(floats)
    assert np.array_equal(of_bytes.vectors, of_floats.vectors)
    assert np.array_equal(of_bytes.patches, of_floats.patches)


def run(batch: BatchSize, rates: dict[int, float]) -> int:
    """Run full batches at the given rate of each size until the size settles; return the size."""
    for _ in range(40):
        batch.succeeded(batch.now, batch.now / rates[batch.now])
    return batch.now


@pytest.mark.parametrize(
    ("rates", "chosen"),
    [
        ({32: 100, 64: 180, 128: 190, 256: 191}, 128),  # 128 is 5% faster, 256 is not
        ({32: 100, 64: 101}, 32),
        ({32: 100, 64: 90}, 32),
        ({32: 100, 64: 200, 128: 400, 256: 800}, 256),  # the largest allowed
    ],
)
def test_batches_grow_while_that_pays(rates: dict[int, float], chosen: int) -> None:
    assert run(BatchSize(32, 256), rates) == chosen


def test_a_first_slow_batch_does_not_count() -> None:
    """The first batch of a size is slow: it chooses kernels and allocates memory."""
    batch = BatchSize(32, 128)
    batch.succeeded(32, 60.0)
    assert batch.now == 32
    batch.succeeded(32, 0.1)
    assert batch.now == 64


def test_smaller_last_batches_tell_nothing() -> None:
    batch = BatchSize(32, 128)
    for _ in range(9):
        batch.succeeded(7, 0.1)
    assert batch.now == 32
    assert not batch.settled


def test_after_lack_of_memory_it_grows_no_more() -> None:
    batch = BatchSize(32, 1024)
    run_once = [batch.succeeded(32, 1.0) for _ in range(2)]
    assert batch.now == 64, run_once
    batch.failed(64)
    assert (batch.now, batch.settled) == (32, True)


@pytest.fixture
def cuda(checkpoint: Path) -> OpenClipEncoder:
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    return load_encoder(f"local-dir:{checkpoint}", "cuda")


@pytest.mark.gpu
def test_cuda_says_what_the_cpu_says(
    cuda: OpenClipEncoder, encoder: OpenClipEncoder, pixels: Tensor
) -> None:
    many = pixels.repeat(40, 1, 1, 1)

    found, wanted = cuda.describe_pixels(many).vectors, encoder.describe_pixels(many).vectors

    assert np.einsum("nd,nd->n", found, wanted).min() > 0.995
