"""The local heads learn, and their trained weights are written."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from safetensors.torch import load_file

from scripts.train_local_heads import train
from scripts.training.image_tower.lessons import Subject
from scripts.training.local_heads.local_sets import Search, Sizes, Things
from scripts.training.local_heads.patch_head import (
    PatchHead,
    max_sim,
    reciprocal_ranks,
    train_patches,
)
from scripts.training.local_heads.region_head import (
    RegionHead,
    Targets,
    overlap,
    share_found,
    targets,
    train_regions,
)
from scripts.training.local_heads.tower_maps import Shown
from scripts.training.pictures.development_sets import LabelledPicture
from scripts.training.pictures.scenes import draw_scenes, listed_scenes
from scripts.training.write_checkpoint import write_local_heads
from search.encoder.embedded.local_heads import (
    CELL_CHANNELS,
    REGION_CHANNELS,
    REGION_GRID,
    SHAPES,
    WEIGHTS,
    patches_of,
    regions_of,
)
from tests.conftest import SHARED

PRODUCTS = 24


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Use one thread, so that sums are the same each time."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def shown(signs: torch.Tensor, noise: float, seed: int) -> Shown:
    """Return pictures of products: four of 49 cells hold the product's sign, the rest is noise.

    All vectors are equal.
    """
    dice = torch.Generator().manual_seed(seed)
    cells = torch.randn(len(signs), 49, CELL_CHANNELS, generator=dice)
    places = torch.stack([torch.randperm(49, generator=dice)[:4] for _ in signs])
    for row, place in enumerate(places):
        cells[row, place] = signs[row] + noise * cells[row, place]
    vectors = torch.full((len(signs), 4), 0.5)
    return Shown(vectors, cells.half(), tuple(f"sku {i}" for i in range(len(signs))))


@pytest.fixture(scope="module")
def search() -> Search:
    """A search whose products differ in few of many channels, like prints."""
    signs = torch.zeros(PRODUCTS, CELL_CHANNELS)
    signs[:, :60] = torch.randn(PRODUCTS, 60, generator=torch.Generator().manual_seed(3))
    return Search.of(shown(signs, 0.7, 1), shown(signs, 0.7, 2))


def test_a_photo_may_have_several_right_answers(search: Search) -> None:
    photos = Shown(search.photos.vectors[:1], search.photos.cells[:1], ("sku 1|sku 3",))

    assert Search.of(photos, search.gallery).right[0].nonzero().flatten().tolist() == [1, 3]


def test_max_sim_is_the_weighed_mean_of_best_matches() -> None:
    rng = np.random.default_rng(0)
    q, c = rng.normal(size=(2, 3, 5)), rng.normal(size=(4, 6, 5))
    w = rng.random((2, 3))
    wanted = [[sum(w[i] * (q[i] @ c[j].T).max(axis=1)) for j in range(4)] for i in range(2)]

    found = max_sim(*(torch.from_numpy(x) for x in (q, w, c)))

    np.testing.assert_allclose(found.numpy(), wanted)


def test_patches_learn_what_tells_products_apart(search: Search) -> None:
    views = (search.photos, search.gallery)
    untaught = PatchHead(search.gallery.cells.flatten(0, 1))

    taught = train_patches({"shop": search}, views, steps=40, seed=1)

    assert reciprocal_ranks(taught, search)[1] > reciprocal_ranks(untaught, search)[1] + 0.2


def test_folded_patches_say_what_standardised_ones_do(search: Search) -> None:
    cells = 3 * search.gallery.cells.float() + 5
    head = PatchHead(cells.flatten(0, 1))

    said = patches_of(cells, head.folded())

    standard = (cells - head.mean) * head.scale
    plain = torch.nn.functional.normalize(standard @ head.project.T, dim=-1)
    torch.testing.assert_close(said[..., :-1], plain, atol=1e-4, rtol=1e-3)


def spots(count: int, seed: int) -> Things:
    """Return maps of one box each, whose cells encode the distances to its sides."""
    dice = np.random.default_rng(seed)
    maps = dice.normal(size=(count, REGION_CHANNELS, REGION_GRID, REGION_GRID)) * 0.3
    boxes = []
    for picture in maps:
        left, up = dice.integers(0, 7, size=2)
        right, down = left + dice.integers(4, 8), up + dice.integers(4, 8)
        sides = np.array([left, up, right, down], np.float32) / REGION_GRID
        boxes.append(np.append(sides, np.float32(1))[None])
        there, distances = targets(boxes[-1])
        picture[:40] += 3 * there
        picture[40:80] += 8 * np.repeat(distances, 10, axis=0)
    return Things(torch.from_numpy(maps).half(), boxes)


def test_regions_are_found_where_things_are() -> None:
    untaught, others = RegionHead(spots(20, 1).maps), spots(30, 2)

    taught = train_regions({"spots": spots(60, 1)}, steps=40, seed=1)

    assert share_found(taught, others) > max(0.7, share_found(untaught, others))


def test_targets_are_distances_from_the_middle_of_a_box() -> None:
    box = np.array([[0.2, 0.1, 0.6, 0.7, 0.8]], np.float32)

    there, sides = targets(box)

    row, column = 5, 5  # middle at 0.393
    assert there[row, column] == np.float32(0.8)
    at = 5.5 / REGION_GRID
    np.testing.assert_allclose(
        sides[:, row, column], [at - 0.2, at - 0.1, 0.6 - at, 0.7 - at], rtol=1e-5
    )
    assert there[0, 0] == 0


def test_a_mirrored_picture_has_mirrored_targets() -> None:
    box = np.array([[0.2, 0.1, 0.6, 0.7, 0.8]], np.float32)
    mirrored = np.array([[0.4, 0.1, 0.8, 0.7, 0.8]], np.float32)

    found = Targets.of([box]).of_rows(torch.tensor([0]), mirrored=True)

    wanted = Targets.of([mirrored])
    torch.testing.assert_close(found.there, wanted.there)
    torch.testing.assert_close(found.sides, wanted.sides, atol=1e-5, rtol=0)


def test_overlap_falls_with_distance() -> None:
    box = torch.tensor([[1.0, 1.0, 1.0, 1.0]])
    wider = torch.tensor([[1.0, 1.0, 3.0, 1.0]])

    assert float(overlap(box, box)) == pytest.approx(1)
    assert float(overlap(box, wider)) == pytest.approx(0.5)


def test_scenes_know_where_their_things_are(tmp_path: Path) -> None:
    """On a dark ground, the bright pixels are inside the boxes."""
    disc = Image.new("RGB", (200, 200), "white")
    ImageDraw.Draw(disc).ellipse((40, 60, 160, 140), fill=(250, 40, 40))
    disc.save(tmp_path / "disc.png")
    studio = [LabelledPicture(tmp_path / "disc.png", Subject("disc", frozenset(), ()))]
    dark = [Image.new("RGB", (64, 64), (10, 10, 30))]

    draw_scenes(tmp_path / "a", studio, dark, count=12, seed=4)
    draw_scenes(tmp_path / "b", studio, dark, count=12, seed=4)

    scenes, again = (listed_scenes(tmp_path / name) for name in ("a", "b"))
    assert len(scenes) == 12
    for scene, same in zip(scenes, again, strict=True):
        assert scene.path.read_bytes() == same.path.read_bytes()
        red = np.asarray(Image.open(scene.path).convert("RGB"), np.int16)
        red = (red[..., 0] - red[..., 1] > 90) & (red[..., 0] - red[..., 2] > 90)
        for left, up, right, down, score in scene.boxes:
            part = np.zeros_like(red)
            part[int(up * 320) : int(down * 320), int(left * 320) : int(right * 320)] = True
            assert score == 1
            assert red[part].mean() > 0.3 or red.mean() == 0


def test_wrong_tensors_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="local heads are"):
        write_local_heads(tmp_path, {"patch_bias": torch.zeros(3)})


@pytest.mark.shared
def test_the_script_trains_and_writes_both_heads(tmp_path: Path) -> None:
    """On very little data; a second run finds everything in the cache."""
    pytest.importorskip("onnxruntime")
    if not (SHARED / "teachers").is_dir():
        pytest.skip("the teachers are not there")
    out = tmp_path / "out"
    out.mkdir()
    checkpoint = WEIGHTS.with_name("open_clip_model.safetensors")
    (out / checkpoint.name).symlink_to(checkpoint)
    sizes = Sizes(shops={5: 4}, products=6, scenes=4, boxed=(5,), every=300)

    def run() -> dict[str, torch.Tensor]:
        train(
            data=SHARED / "data", teachers=SHARED / "teachers", cache=tmp_path / "cache", out=out,
            seed=1, steps=2, sizes=sizes,
        )  # fmt: skip
        return load_file(out / WEIGHTS.name)

    written = run()
    made = {p: p.stat().st_mtime_ns for p in (tmp_path / "cache").rglob("*.npy")}
    again = run()

    assert {name: tuple(tensor.shape) for name, tensor in written.items()} == dict(SHAPES)
    assert all(tensor.isfinite().all() for tensor in written.values())
    assert all(torch.equal(written[name], again[name]) for name in SHAPES)
    assert made == {p: p.stat().st_mtime_ns for p in (tmp_path / "cache").rglob("*.npy")}
    regions = regions_of(
        torch.zeros(1, REGION_CHANNELS, 14, 14), {k: v.float() for k, v in written.items()}
    )
    assert (regions[:, 1:] > 0).all()
