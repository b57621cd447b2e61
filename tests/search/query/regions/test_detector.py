"""The detector returns its model's boxes for photos of any shape, and refuses other models."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from search.encoder.local_features import EncodedPictures
from search.engine.search_engine import open_search_engine
from search.errors import ModelUnavailable, WrongSetting
from search.query.regions import EncoderRegions, SaliencyRegions, load_proposer
from search.query.regions.detector import DetectorRegions, load_detector
from search.query.regions.proposer import MAX_REGIONS, MIN_SCORE
from search.results import Query
from search.settings import Settings, load_settings
from tests.support.factories import make_picture
from tests.support.models.broken_models import broken
from tests.support.models.owlv2_models import write_owlv2

NOTHING = EncodedPictures(
    np.zeros((1, 4), np.float32),
    np.zeros((1, 0, 0), np.int8),
    np.zeros((1, 0), np.float32),
    np.zeros((1, 0, 0, 0), np.float32),
    0.0,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_owlv2(tmp_path_factory.mktemp("owlv2"))


@pytest.fixture(scope="module")
def detector(folder: Path) -> DetectorRegions:
    return load_detector(folder, "cpu")


@pytest.mark.parametrize("size", [(90, 90), (120, 40), (40, 120)])
def test_the_best_region_is_the_models_own(
    folder: Path, detector: DetectorRegions, size: tuple[int, int]
) -> None:
    """Compared with the model's own post-processing, with objectness in place of classes."""
    import torch
    from transformers import Owlv2ForObjectDetection, Owlv2ImageProcessorPil

    photo = make_picture(3, size)
    network = Owlv2ForObjectDetection.from_pretrained(folder).eval()
    prepare = Owlv2ImageProcessorPil.from_pretrained(folder)
    with torch.inference_mode():
        seen = network.image_guided_detection(
            **{f"{of}pixel_values": prepare(images=photo, return_tensors="pt")["pixel_values"]
               for of in ("", "query_")}
        )  # fmt: skip
        tokens = seen.image_embeds.flatten(1, 2)
        seen.logits = network.objectness_predictor(tokens)[..., None]
        seen.pred_boxes = seen.target_pred_boxes
    (expected,) = prepare.post_process_object_detection(
        seen, threshold=MIN_SCORE, target_sizes=[(photo.height, photo.width)]
    )
    sides = np.tile((photo.width, photo.height), 2)
    corners = np.clip(expected["boxes"].numpy() / sides, 0, 1)
    inside = (corners[:, 2] > corners[:, 0]) & (corners[:, 3] > corners[:, 1])
    scores = expected["scores"].numpy()[inside]
    best = corners[inside][int(scores.argmax())]

    regions = detector.propose(photo, NOTHING)

    assert 1 < len(regions) <= MAX_REGIONS
    assert [r.score for r in regions] == sorted((r.score for r in regions), reverse=True)
    box = regions[0].box
    assert regions[0].score == pytest.approx(float(scores.max()), abs=1e-3)
    assert (box.x, box.y, box.x + box.w, box.y + box.h) == pytest.approx(tuple(best), abs=2e-3)


def test_it_looks_at_the_photo(detector: DetectorRegions) -> None:
    first, second = (detector.propose(make_picture(seed, (80, 60)), NOTHING) for seed in (1, 2))

    assert first != second


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("config.json", None),
        ("config.json", b'{"model_type": "blip"}'),
        ("model.safetensors", None),
        ("model.safetensors", b"no weights"),
        ("preprocessor_config.json", None),
    ],
)
def test_what_is_no_detector_is_refused(
    folder: Path, tmp_path: Path, name: str, content: bytes | None
) -> None:
    with pytest.raises(ModelUnavailable, match=r"FINDALIKE_REGIONS=local-dir:.*owlv2-base"):
        load_proposer(f"local-dir:{broken(folder, tmp_path, name, content)}", "cpu")


def test_weights_that_lack_a_part_are_refused(folder: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    copy = broken(folder, tmp_path, "extra", b"")
    weights = load_file(copy / "model.safetensors")
    kept = {name: w for name, w in weights.items() if not name.startswith("objectness_head")}
    save_file(kept, copy / "model.safetensors", metadata={"format": "pt"})

    with pytest.raises(ModelUnavailable, match="lack 6 parts, such as objectness_head"):
        load_detector(copy, "cpu")


def test_a_setting_names_what_proposes(folder: Path) -> None:
    assert isinstance(load_proposer("encoder"), EncoderRegions)
    assert isinstance(load_proposer("saliency"), SaliencyRegions)
    assert isinstance(load_proposer(f"local-dir:{folder}", "cpu"), DetectorRegions)


def test_a_model_without_an_eye_for_regions_is_helped_by_saliency() -> None:
    photo = Image.new("RGB", (100, 100), "white")
    photo.paste("navy", (20, 30, 60, 70))

    regions = load_proposer("encoder").propose(photo, NOTHING)

    assert len(regions) == 1
    box = regions[0].box
    assert (box.x, box.y, box.w, box.h) == pytest.approx((0.2, 0.3, 0.4, 0.4), abs=0.06)


def test_the_engine_asks_the_detector_that_settings_name(
    shop_settings: Settings, folder: Path
) -> None:
    settings = shop_settings.model_copy(update={"regions": f"local-dir:{folder}"})
    photo = make_picture(3, (90, 60))
    engine = open_search_engine(settings)
    try:
        page = engine.search(Query(photo=photo))
    finally:
        engine.close()

    assert page.regions == load_detector(folder, "cpu").propose(photo, NOTHING)
    assert page.looked_at == page.regions[0].box


def test_a_wrong_setting_says_what_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINDALIKE_REGIONS", "magic")

    with pytest.raises(WrongSetting, match=r"FINDALIKE_REGIONS.*local-dir"):
        load_settings()
