"""The pipeline turns files into vectors or refusals, in order, and decodes while the model runs."""

import threading
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from indexer.encoding.picture_pipeline import Pipeline, decode_threads
from indexer.encoding.stage_times import STAGES
from indexer.pictures.encode_claims import Claim
from indexer.pictures.outcomes import RefusedPicture, UsablePicture
from search.encoder import OpenClipEncoder, load_encoder
from search.encoder.local_features import EncodedPictures
from search.pictures.rendition_store import PictureStore
from search.settings import Settings
from tests.support.factories import picture_bytes
from tests.support.models.small_encoder import write_checkpoint


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> OpenClipEncoder:
    return load_encoder(f"local-dir:{write_checkpoint(tmp_path_factory.mktemp('small'))}", "cpu")


@pytest.fixture
def own(tmp_path: Path) -> Settings:
    """Settings for groups of 8 pictures."""
    return Settings(home=tmp_path / "home", batch_images=16)


def claims(folder: Path, contents: Sequence[bytes]) -> list[Claim]:
    found = []
    for i, content in enumerate(contents):
        path = folder / f"{i}.picture"
        path.write_bytes(content)
        found.append(Claim(i, str(path), "shop", f"S-{i}"))
    return found


def nothing(_: Collection[str]) -> Collection[str]:
    return ()


def test_outcomes_keep_the_order(small: OpenClipEncoder, own: Settings, tmp_path: Path) -> None:
    contents = [picture_bytes(i) if i % 5 else b"no picture" for i in range(30)]
    asked = claims(tmp_path, contents)
    pipeline = Pipeline(small, PictureStore(own.root), own)

    found = pipeline.run(asked, nothing)

    assert [outcome.claim for outcome in found.outcomes] == asked
    assert [isinstance(outcome, RefusedPicture) for outcome in found.outcomes] == [
        i % 5 == 0 for i in range(30)
    ]
    seen = [outcome for outcome in found.outcomes if isinstance(outcome, UsablePicture)]
    assert found.vectors.keys() == {outcome.sha256 for outcome in seen}
    images = [Image.open(outcome.claim.address).convert("RGB") for outcome in seen]
    wanted = small.encode_images(images)
    rows = np.stack([found.vectors[outcome.sha256] for outcome in seen])
    assert np.einsum("nd,nd->n", rows, wanted).min() > 0.999


def test_every_usable_picture_has_its_colours(
    small: OpenClipEncoder, own: Settings, tmp_path: Path
) -> None:
    red = tmp_path / "red.png"
    image = Image.new("RGB", (200, 200), "white")
    image.paste((206, 30, 40), (40, 40, 160, 160))
    image.save(red)
    again = [Claim(1, str(red), "shop", "A"), Claim(2, str(red), "shop", "B")]

    found = Pipeline(small, PictureStore(own.root), own).run(again, nothing)

    for outcome in found.outcomes:
        assert isinstance(outcome, UsablePicture)
        assert max(outcome.colours, key=lambda name: outcome.colours[name]) == "red"


def test_what_comes_twice_or_is_known_is_not_encoded(
    small: OpenClipEncoder, own: Settings, tmp_path: Path
) -> None:
    """Not even while the model still encodes the first of two."""
    asked = claims(tmp_path, [picture_bytes(i % 10) for i in range(40)])
    counting = _Counting(small)
    first = Pipeline(counting, PictureStore(own.root), own).run(asked, nothing)
    known = sorted(first.vectors)[:4]

    again = Pipeline(counting, PictureStore(own.root), own).run(
        asked, lambda digests: [sha for sha in known if sha in digests]
    )

    assert len(first.vectors) == 10
    assert len(again.vectors) == 6
    assert counting.pictures == 16
    assert len(again.outcomes) == 40


class _Counting:
    """An encoder that counts its pictures, and that a test can block."""

    def __init__(self, encoder: OpenClipEncoder) -> None:
        self._encoder = encoder
        self.side_px = encoder.side_px
        self.pictures = self.prepared = 0
        self.go = threading.Event()
        self.go.set()
        self._lock = threading.Lock()

    def preprocess(self, image: Image.Image) -> torch.Tensor:
        with self._lock:
            self.prepared += 1
            if self.prepared >= 24:  # more than two groups
                self.go.set()
        return self._encoder.preprocess(image)

    def describe_pixels(self, pixels: torch.Tensor) -> EncodedPictures:
        assert self.go.wait(30), "nothing was prepared while the model ran"
        self.pictures += len(pixels)
        return self._encoder.describe_pixels(pixels)


def test_pictures_are_prepared_while_the_model_runs(
    small: OpenClipEncoder, own: Settings, tmp_path: Path
) -> None:
    """The model waits for pictures of later groups; without overlap they would never come."""
    held = _Counting(small)
    held.go.clear()

    found = Pipeline(held, PictureStore(own.root), own).run(
        claims(tmp_path, [picture_bytes(i) for i in range(32)]), nothing
    )

    assert len(found.vectors) == 32


class _Broken(_Counting):
    def describe_pixels(self, pixels: torch.Tensor) -> EncodedPictures:
        raise RuntimeError(f"no vectors for {len(pixels)} pictures")


def test_the_models_failure_is_not_lost(
    small: OpenClipEncoder, own: Settings, tmp_path: Path
) -> None:
    asked = claims(tmp_path, [picture_bytes(i) for i in range(20)])

    with pytest.raises(RuntimeError, match="no vectors for 8 pictures"):
        Pipeline(_Broken(small), PictureStore(own.root), own).run(asked, nothing)


def test_times_are_kept_by_stage(small: OpenClipEncoder, own: Settings, tmp_path: Path) -> None:
    pipeline = Pipeline(small, PictureStore(own.root), own)

    pipeline.run(claims(tmp_path, [picture_bytes(i) for i in range(10)]), nothing)

    seconds = pipeline.times.seconds()
    assert tuple(seconds) == STAGES
    assert all(value > 0 for value in seconds.values())


def test_large_pictures_leave_a_rendition_and_their_own_size(
    small: OpenClipEncoder, own: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "large.jpg"
    Image.effect_noise((2400, 1800), 60).convert("RGB").save(path)
    store = PictureStore(own.root)

    found = Pipeline(small, store, own).run([Claim(1, str(path), "shop", "S-1")], nothing)

    (seen,) = found.outcomes
    assert isinstance(seen, UsablePicture)
    assert (seen.width_px, seen.height_px) == (2400, 1800)
    rendition = store.path(seen.sha256)
    assert rendition is not None
    with Image.open(rendition) as image:
        assert image.size == (480, 360)


def test_threads_are_those_of_the_settings(own: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 16)

    assert decode_threads(own) == 16
    assert decode_threads(own, workers=4) == 4
    assert decode_threads(own, workers=16) == 2
    assert decode_threads(own.model_copy(update={"decode_threads": 3}), workers=4) == 3
