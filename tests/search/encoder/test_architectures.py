"""Checkpoints of several architectures, end to end, compared with direct calls of open_clip."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from search.encoder import OpenClipEncoder, load_encoder
from tests.support.models.checkpoints import ARCHITECTURES, SENTENCES, VIT, write_checkpoint


def noise(seed: int, size: tuple[int, int]) -> Image.Image:
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, size=(6, 6, 3), dtype=np.uint8))
    return small.resize(size, Image.Resampling.BICUBIC)


PICTURES = [noise(1, (90, 70)), noise(2, (64, 64)), noise(3, (40, 130))]


@pytest.fixture(scope="module", params=sorted(ARCHITECTURES))
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp(request.param), request.param)


@pytest.fixture(scope="module")
def encoder(folder: Path) -> OpenClipEncoder:
    return load_encoder(f"local-dir:{folder}", "cpu")


@pytest.fixture(scope="module")
def reference(folder: Path) -> tuple[Any, Any, Any]:
    """Return the model, its picture transform and its tokenizer, from open_clip itself."""
    import open_clip

    name = f"local-dir:{folder}"
    model, prepare = open_clip.create_model_from_pretrained(name)
    return model.eval(), prepare, open_clip.get_tokenizer(name)


def unit(vectors: torch.Tensor) -> Any:
    return torch.nn.functional.normalize(vectors.detach(), dim=1).numpy()


@pytest.fixture(scope="module", autouse=True)
def _exact() -> Iterator[None]:
    """Use float32: these tests compare numbers; the rounding of bfloat16 is tested elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("search.encoder.forward.cpu_fusion.native_bfloat16", lambda: False)
        yield


def test_pictures_equal_open_clip(
    encoder: OpenClipEncoder, reference: tuple[Any, Any, Any]
) -> None:
    model, prepare, _ = reference

    found = encoder.encode_images(PICTURES)

    expected = unit(model.encode_image(torch.stack([prepare(picture) for picture in PICTURES])))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_texts_equal_open_clip(encoder: OpenClipEncoder, reference: tuple[Any, Any, Any]) -> None:
    """Cleaning, lower-casing, special tokens, padding and context are the model's own."""
    model, _, tokenizer = reference
    texts = ["Red Mug!", "a LAMP, with shade", "", SENTENCES[0][:20]]

    found = encoder.encode_texts(texts)

    expected = unit(model.encode_text(tokenizer(texts)))
    np.testing.assert_allclose(found, expected, atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert abs(found[0] @ found[1]) < 0.9999, "different texts, different vectors"


def test_the_context_is_the_models_own(folder: Path, encoder: OpenClipEncoder) -> None:
    tokens = encoder._texts.tokens(["red mug"])

    context = ARCHITECTURES[folder.name.rstrip("0123456789")]["text_cfg"]["context_length"]
    assert tokens.shape == (1, context)


def test_quick_gelu_is_heard(tmp_path: Path) -> None:
    """The same weights under another activation are another model."""
    plain = load_encoder(f"local-dir:{write_checkpoint(tmp_path / 'a', 'vit')}", "cpu")
    quick = load_encoder(f"local-dir:{write_checkpoint(tmp_path / 'b', 'quick-vit')}", "cpu")

    apart = plain.encode_images(PICTURES) - quick.encode_images(PICTURES)

    assert np.abs(apart).max() > 1e-4
    assert plain.tag.split("-")[-1] != quick.tag.split("-")[-1]


def test_punctuation_and_case_are_siglips(tmp_path: Path) -> None:
    encoder = load_encoder(f"local-dir:{write_checkpoint(tmp_path / 's', 'siglip')}", "cpu")

    shouted, plain, other = encoder.encode_texts(["RED, velvet: ARMCHAIR!", "red velvet armchair",
                                                  "table lamp"])  # fmt: skip

    np.testing.assert_allclose(shouted, plain, atol=1e-6)
    assert np.abs(other - plain).max() > 1e-3


def test_all_architectures_have_tags_of_their_own(tmp_path: Path) -> None:
    tags = {
        load_encoder(f"local-dir:{write_checkpoint(tmp_path / name / 'same', name)}", "cpu").tag
        for name in ARCHITECTURES
    }

    assert len(tags) == len(ARCHITECTURES)
    assert all(tag.startswith("same-") for tag in tags)


def test_the_small_vit_is_what_it_says(tmp_path: Path) -> None:
    encoder = load_encoder(f"local-dir:{write_checkpoint(tmp_path / 'v')}", "cpu")

    assert encoder.dim == VIT["embed_dim"]
    assert encoder.encode_images([]).shape == (0, encoder.dim)
    assert encoder.encode_texts([]).shape == (0, encoder.dim)
