"""The embedded encoder's local heads: their output, and that they are part of the model tag."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from search.encoder import load_encoder
from search.encoder.embedded import local_heads
from search.encoder.embedded.local_heads import SHAPES, WEIGHTS, LocalHeads, cells, region_maps
from search.encoder.forward.cpu_fusion import native_bfloat16, probe_pictures, rewrite
from search.encoder.local_features import PATCH_DIM

if TYPE_CHECKING:
    from search.encoder.open_clip_encoder import OpenClipEncoder

CHANNELS = (16, 24, 48, 88, 120, 208, 352)


def maps_of(n: int, seed: int = 0) -> tuple[list[torch.Tensor], torch.Tensor]:
    """Return maps as the backbone's stages produce them, and colours."""
    dice = torch.Generator().manual_seed(seed)
    sides = (112, 56, 28, 14, 14, 7, 7)
    maps = [
        torch.randn(n, channels, side, side, generator=dice)
        for channels, side in zip(CHANNELS, sides, strict=True)
    ]
    return maps, torch.randn(n, 28, 28, 3, generator=dice)


def photo(seed: int) -> Image.Image:
    """Return a smooth picture with a square of another colour in it."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 255, (5, 5, 3), dtype=np.uint8)
    picture = Image.fromarray(small).resize((240, 240), Image.Resampling.BICUBIC)
    picture.paste(tuple(rng.integers(0, 255, 3).tolist()), (60, 90, 160, 190))
    return picture


def test_heads_say_cells_and_regions() -> None:
    maps, lab = maps_of(2)

    patches, regions = LocalHeads()(maps, lab)

    assert patches.shape == (2, PATCH_DIM + 1, 7, 7)
    assert regions.shape == (2, 5, 14, 14)
    torch.testing.assert_close(patches[:, :PATCH_DIM].norm(dim=1), torch.ones(2, 7, 7))
    assert (patches[:, PATCH_DIM] > 0).all()
    assert (regions[:, 1:] > 0).all()


def test_a_picture_says_the_same_alone_and_in_company() -> None:
    maps, lab = maps_of(3)
    heads = LocalHeads()

    together = heads(maps, lab)
    alone = heads([m[1:2] for m in maps], lab[1:2])

    for whole, part in zip(together, alone, strict=True):
        torch.testing.assert_close(whole[1:2], part, atol=1e-4, rtol=1e-4)


def test_cells_are_means_and_deviations_of_their_part_of_the_picture() -> None:
    maps, lab = maps_of(1)

    found = cells(maps, lab)[0, 2, 3]

    part = maps[2][0, :, 8:12, 12:16].flatten(1)
    start = 352 + 120
    torch.testing.assert_close(found[start : start + 48], part.mean(1), atol=1e-5, rtol=1e-4)
    start += 48 + 24
    deviation = part.std(1, correction=0)
    torch.testing.assert_close(found[start : start + 48], deviation, atol=1e-4, rtol=1e-4)


def test_region_maps_lay_coarse_cells_over_fine_ones() -> None:
    maps, _ = maps_of(1)

    found = region_maps(maps)[0]

    assert torch.equal(found[:120], maps[4][0])
    assert torch.equal(found[120:, 4, 9], maps[6][0, :, 2, 4])


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_other_local_heads_make_another_tag(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index holds the output of the heads, so it must not be searched with others."""
    weights = load_file(WEIGHTS)
    other = tmp_path / WEIGHTS.name
    save_file(weights | {name: weights[name] + 0.25}, other)
    before = load_encoder("embedded", "cpu").tag

    monkeypatch.setattr(local_heads, "WEIGHTS", other)

    assert load_encoder("embedded", "cpu").tag != before


def test_the_same_picture_is_described_alike_each_time() -> None:
    first, second = (load_encoder("embedded", "cpu").describe([photo(1)]) for _ in range(2))

    assert np.array_equal(first.patches, second.patches)
    assert np.array_equal(first.weights, second.weights)
    assert np.array_equal(first.regions, second.regions)
    assert first.patches.shape == (1, 49, PATCH_DIM)
    assert first.weights.sum() == pytest.approx(1, abs=1e-5)
    assert first.share > 0


def test_the_tower_rewritten_for_a_cpu_says_nearly_the_same_cells() -> None:
    encoder: OpenClipEncoder = load_encoder("embedded", "cpu")  # type: ignore[assignment]
    pixels = torch.stack([encoder.preprocess(photo(seed)) for seed in range(4)])
    x = encoder.pictures.preparation.normalised(pixels)
    tower = encoder.pictures.model.visual
    dtype = torch.bfloat16 if native_bfloat16() else torch.float32
    rewritten = rewrite(tower, probe_pictures((224, 224)), dtype)
    assert rewritten is not None

    with torch.inference_mode():
        plain, fast = (
            t.forward_intermediates(x, indices=1)["image_intermediates"] for t in (tower, rewritten)
        )

    agreed = (plain[0][:, :PATCH_DIM] * fast[0][:, :PATCH_DIM].float()).sum(dim=1)
    assert agreed.mean() > 0.995
    assert agreed.min() > 0.95
    heavy = [maps[0][:, PATCH_DIM].float().flatten(1) for maps in (plain, fast)]
    assert torch.nn.functional.cosine_similarity(*heavy).min() > 0.99
    there = [maps[1][:, 0].float().sigmoid() for maps in (plain, fast)]
    assert (there[0] - there[1]).abs().max() < 0.1
