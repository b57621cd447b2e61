"""The cross-encoder scores as its model does, and refuses other models."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from search.encoder.cross_encoder import CrossEncoder, load_cross_encoder
from search.errors import ModelUnavailable
from tests.support.factories import make_picture
from tests.support.models.blip_models import write_blip
from tests.support.models.broken_models import broken

PICTURES = [make_picture(seed, (40 + 7 * seed, 50)) for seed in range(5)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_blip(tmp_path_factory.mktemp("blip"))


@pytest.fixture(scope="module")
def model(folder: Path) -> CrossEncoder:
    return load_cross_encoder(folder, "cpu")


def test_it_says_what_the_model_itself_says(folder: Path, model: CrossEncoder) -> None:
    import torch
    from transformers import AutoTokenizer, BlipForImageTextRetrieval, BlipImageProcessorPil

    network = BlipForImageTextRetrieval.from_pretrained(folder)
    words = AutoTokenizer.from_pretrained(folder)("a red armchair", return_tensors="pt")
    prepare = BlipImageProcessorPil.from_pretrained(folder)
    expected = []
    for picture in PICTURES:
        pixels = prepare(images=picture, return_tensors="pt")["pixel_values"]
        with torch.inference_mode():
            answer = network(
                input_ids=words["input_ids"],
                attention_mask=words["attention_mask"],
                pixel_values=pixels,
            )
        expected.append(float(answer.itm_score.softmax(-1)[0, 1]))

    found = model.match("a red armchair", PICTURES)

    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert np.ptp(found) > 1e-3
    assert abs(model.match("blue ceramic mug", PICTURES) - found).max() > 1e-3


def test_no_picture_and_long_or_empty_texts(model: CrossEncoder) -> None:
    assert model.match("a mug", []).shape == (0,)
    for text in ("", "mug " * 500, "مصباح 🛋"):
        found = model.match(text, PICTURES[:2])
        assert np.isfinite(found).all()
        assert ((found >= 0) & (found <= 1)).all()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("config.json", None),
        ("config.json", b"{"),
        ("model.safetensors", None),
        ("model.safetensors", b"no weights"),
        ("preprocessor_config.json", None),
        ("tokenizer.json", b"{}"),
    ],
)
def test_a_folder_that_is_no_whole_model_is_refused(
    folder: Path, tmp_path: Path, name: str, content: bytes | None
) -> None:
    with pytest.raises(ModelUnavailable, match="FINDALIKE_CROSS_ENCODER"):
        load_cross_encoder(broken(folder, tmp_path, name, content), "cpu")


def test_weights_without_the_matching_head_are_refused(folder: Path, tmp_path: Path) -> None:
    """transformers would fill in random numbers."""
    from safetensors.torch import load_file, save

    weights = load_file(folder / "model.safetensors")
    headless = {name: value for name, value in weights.items() if "itm_head" not in name}
    copy = broken(folder, tmp_path, "model.safetensors", save(headless, {"format": "pt"}))
    with pytest.raises(ModelUnavailable, match="itm_head"):
        load_cross_encoder(copy, "cpu")


def test_another_kind_of_model_is_refused(folder: Path, tmp_path: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    other = json.dumps(config | {"model_type": "bert", "architectures": ["BertModel"]}).encode()
    with pytest.raises(ModelUnavailable):
        load_cross_encoder(broken(folder, tmp_path, "config.json", other), "cpu")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="there is no config"):
        load_cross_encoder(tmp_path / "nowhere", "cpu")


def test_it_does_not_change_the_pictures(model: CrossEncoder) -> None:
    picture = Image.new("RGB", (33, 60), "red")
    model.match("mug", [picture])
    assert picture.size == (33, 60)
