"""Splitting a model's transform in two does not change the model's input."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from search.encoder.picture_preparation import Preparation
from search.encoder.torchvision_ops import declare_missing_operators


def picture(size: tuple[int, int], mode: str = "RGB") -> Image.Image:
    rng = np.random.default_rng(size[0])
    small = Image.fromarray(rng.integers(0, 256, size=(9, 7, 3), dtype=np.uint8))
    return small.resize(size, Image.Resampling.BICUBIC).convert(mode)


def transform(**settings: Any) -> Callable[[Image.Image], torch.Tensor]:
    declare_missing_operators()
    from open_clip.transform import PreprocessCfg, image_transform_v2

    made: Callable[[Image.Image], torch.Tensor] = image_transform_v2(
        PreprocessCfg(**settings), is_train=False
    )
    return made


@pytest.mark.parametrize("resize_mode", ["shortest", "longest", "squash"])
@pytest.mark.parametrize("side", [32, (32, 48)], ids=str)
@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
def test_both_halves_together_are_the_transform(
    resize_mode: str, side: Any, interpolation: str
) -> None:
    whole = transform(size=side, resize_mode=resize_mode, interpolation=interpolation)
    halves = Preparation(whole)
    for image in (picture((90, 61)), picture((20, 200)), picture((64, 64), "RGBA")):
        prepared = halves(image)

        assert prepared.dtype == torch.uint8
        wanted = whole(image.convert("RGB"))
        torch.testing.assert_close(halves.normalised(prepared[None])[0], wanted)
    assert halves.side_px == tuple(wanted.shape[1:])


def test_a_transform_of_another_shape_is_run_whole() -> None:
    def whole(image: Image.Image) -> torch.Tensor:
        values = np.asarray(image.resize((8, 8)), dtype=np.float32)
        return torch.from_numpy(values.copy()).permute(2, 0, 1) / 100

    halves = Preparation(whole)
    prepared = halves(picture((30, 30), "L"))

    assert prepared.dtype == torch.float32
    assert torch.equal(
        halves.normalised(prepared[None])[0], whole(picture((30, 30), "L").convert("RGB"))
    )


@pytest.mark.parametrize(
    ("resize_mode", "size", "visible"),
    [
        ("squash", (200, 100), (0, 0, 1, 1)),
        ("shortest", (200, 100), (0.25, 0, 0.75, 1)),
        ("shortest", (300, 900), (0, 1 / 3, 1, 2 / 3)),
        ("longest", (200, 100), (0, -0.5, 1, 1.5)),
        ("longest", (1000, 1000), (0, 0, 1, 1)),
    ],
)
def test_what_the_model_sees_of_a_picture(
    resize_mode: str, size: tuple[int, int], visible: tuple[float, ...]
) -> None:
    prepare = Preparation(transform(size=64, resize_mode=resize_mode))

    assert prepare.visible(size) == pytest.approx(visible, abs=0.03)


def test_of_a_transform_of_another_shape_the_whole_is_taken() -> None:
    prepare = Preparation(lambda image: torch.zeros(3, 8, 8))

    assert prepare.visible((200, 100)) == (0, 0, 1, 1)
