"""The tag changes with everything that changes vectors, and with nothing else."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from search.encoder import OpenClipEncoder, load_encoder
from search.encoder.model_tag import short_name
from tests.support.models.checkpoints import WEIGHTS, edit_config, write_checkpoint


def tag(folder: Path) -> str:
    return load_encoder(f"local-dir:{folder}", "cpu").tag


@pytest.fixture(scope="module")
def vit(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = write_checkpoint(tmp_path_factory.mktemp("vit") / "model")
    return folder, tag(folder)


@pytest.fixture(scope="module")
def siglip(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = write_checkpoint(tmp_path_factory.mktemp("siglip") / "model", "siglip")
    return folder, tag(folder)


def _weights(folder: Path) -> None:
    weights = load_file(folder / WEIGHTS)
    weights["visual.proj"][0, 0] += 0.25
    save_file(weights, folder / WEIGHTS)


def _tokenizer(change: Callable[[dict[str, object]], None]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        file = folder / "tokenizer.json"
        settings = json.loads(file.read_text())
        change(settings)
        file.write_text(json.dumps(settings))

    return apply


def _tower(section: str, **changes: object) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        file = folder / "open_clip_config.json"
        config = json.loads(file.read_text())
        config["model_cfg"][section].update(changes)
        file.write_text(json.dumps(config))

    return apply


def _section(name: str, **changes: object) -> Callable[[Path], None]:
    return lambda folder: edit_config(folder, name, **changes)


def _lower(settings: dict[str, object]) -> None:
    settings["normalizer"] = {"type": "Lowercase"}


def _swap_two_words(settings: dict[str, object]) -> None:
    vocabulary = settings["model"]["vocab"]  # type: ignore[index]
    vocabulary[10], vocabulary[11] = vocabulary[11], vocabulary[10]


@pytest.mark.parametrize(
    "change",
    [
        _weights,
        _section("preprocess_cfg", resize_mode="squash"),
        _section("preprocess_cfg", mean=[0.5, 0.5, 0.5]),
        _section("preprocess_cfg", interpolation="bilinear"),
        _section("model_cfg", quick_gelu=True),
        _tower("vision_cfg", head_width=32),  # two heads become one: the weights still fit
        _tower("vision_cfg", pool_type="avg"),
        _tower("text_cfg", no_causal_mask=True),
        _tower("text_cfg", tokenizer_kwargs={"clean": "whitespace"}),
        _section("findalike", text_templates=["a photo of {}"]),
    ],
    ids=[
        "weights", "resize", "mean", "interpolation", "quick-GELU", "heads", "pooling", "mask",
        "case", "prompts",
    ],
)  # fmt: skip
def test_what_changes_vectors_changes_the_tag(
    vit: tuple[Path, str], tmp_path: Path, change: Callable[[Path], None]
) -> None:
    changed = shutil.copytree(vit[0], tmp_path / "model")
    change(changed)

    assert tag(changed) != vit[1]


@pytest.mark.parametrize(
    "change",
    [
        _tokenizer(_lower),
        _tokenizer(_swap_two_words),
        _tower("text_cfg", tokenizer_kwargs={"clean": "whitespace"}),
        _tower("text_cfg", tokenizer_kwargs={"clean": "canonicalize", "padding_side": "left"}),
    ],
    ids=["normalizer", "vocabulary", "cleaning", "padding"],
)
def test_the_tokenizer_is_part_of_the_tag(
    siglip: tuple[Path, str], tmp_path: Path, change: Callable[[Path], None]
) -> None:
    changed = shutil.copytree(siglip[0], tmp_path / "model")
    change(changed)

    assert tag(changed) != siglip[1]


@pytest.mark.parametrize(
    "change",
    [
        lambda _folder: None,  # only another folder
        _section("model_cfg", quick_gelu=False),
        _tower("vision_cfg", mlp_ratio=4.0, patch_dropout=0.5),
        _tower("text_cfg", context_length=77, heads=2),
        _section("findalike", text_templates=["{}"]),
        _section("description", author="the shop"),
    ],
    ids=["place", "quick-GELU", "picture tower", "text tower", "prompts", "remarks"],
)
def test_what_changes_no_vector_keeps_the_tag(
    vit: tuple[Path, str], tmp_path: Path, change: Callable[[Path], None]
) -> None:
    same = shutil.copytree(vit[0], tmp_path / "elsewhere" / "model")
    change(same)

    assert tag(same) == vit[1]


def test_a_tokenizer_at_another_place_is_the_same(siglip: tuple[Path, str], tmp_path: Path) -> None:
    assert tag(shutil.copytree(siglip[0], tmp_path / "elsewhere" / "model")) == siglip[1]


def test_the_folder_names_the_tag(vit: tuple[Path, str], tmp_path: Path) -> None:
    renamed = tag(shutil.copytree(vit[0], tmp_path / "fashion"))

    assert renamed == vit[1].replace("model-", "fashion-")


def test_another_process_finds_the_same_tags(
    vit: tuple[Path, str], siglip: tuple[Path, str]
) -> None:
    program = (
        "import sys\n"
        "from search.encoder import load_encoder\n"
        "print(*[load_encoder(f'local-dir:{p}', 'cpu').tag for p in sys.argv[1:]], sep='\\n')\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, vit[0], siglip[0]],
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip

    assert done.stdout.split()[-2:] == [vit[1], siglip[1]], done.stderr


def test_a_tag_can_name_a_folder(encoder: OpenClipEncoder) -> None:
    name, _, digits = encoder.tag.rpartition("-")

    assert name == "embedded"
    assert len(digits) == 12
    assert int(digits, 16) >= 0


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("embedded", "embedded"),
        ("ViT-B-32/laion2b_s34b_b79k", "ViT-B-32-laion2b_s34b_b79k"),
        ("hf-hub:Marqo/marqo-fashionSigLIP", "marqo-fashionSigLIP"),
        ("local-dir:/models/our shoes!", "our-shoes"),
        ("local-dir:/", "model"),
    ],
)
def test_short_names(model: str, name: str) -> None:
    assert short_name(model) == name
