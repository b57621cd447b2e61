"""`findalike models` agrees with open_clip."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from search.commands.models import models
from search.encoder import EMBEDDED_CHECKPOINT
from search.encoder.known_models import (
    BARE,
    KNOWN_MODELS,
    PHOTO,
    KnownModel,
    architecture_shape,
    default_templates,
)
from search.encoder.text_windows import check_templates
from search.encoder.torchvision_ops import declare_missing_operators
from search.settings import load_settings

OTHERS = [known for known in KNOWN_MODELS if known.architecture]
PAIRS = [known for known in OTHERS if ":" not in known.name]


@pytest.fixture(autouse=True, scope="module")
def operators() -> None:
    declare_missing_operators()


@pytest.mark.parametrize("known", PAIRS, ids=lambda known: known.name)
def test_pairs_are_open_clips(known: KnownModel) -> None:
    import open_clip

    architecture, _, weights = known.name.partition("/")

    assert (architecture, weights) in open_clip.list_pretrained()
    assert known.architecture == architecture
    assert not open_clip.get_pretrained_cfg(architecture, weights).get("quick_gelu")


@pytest.mark.parametrize("known", OTHERS, ids=lambda known: known.name)
def test_sizes_are_open_clips(known: KnownModel) -> None:
    """Models are built without memory for weights; each weight is four bytes of the download."""
    import open_clip
    import torch

    with torch.device("meta"):
        network = open_clip.create_model(
            known.architecture, load_weights=False, pretrained_text=False, device="meta"
        )
    numbers = sum(tensor.numel() for tensor in network.state_dict().values())

    assert round(numbers * 4 / 1e6) == pytest.approx(known.download_mb, abs=1)
    shape = known.shape
    size = network.visual.image_size
    assert (size if isinstance(size, int) else size[0]) == shape.image_px
    assert open_clip.get_model_config(known.architecture)["embed_dim"] == shape.dim
    assert shape.context_tokens == network.context_length


def test_the_embedded_model_says_its_own_sizes() -> None:
    config = json.loads((EMBEDDED_CHECKPOINT / "open_clip_config.json").read_text())["model_cfg"]

    shape = architecture_shape("")

    assert shape.dim == config["embed_dim"]
    assert shape.context_tokens == config["text_cfg"]["context_length"]


def test_each_kind_of_shop_has_a_model() -> None:
    assert {kind for known in KNOWN_MODELS for kind in known.good_for} == {
        "fashion", "home", "grocery", "general",
    }  # fmt: skip
    assert len({known.name for known in KNOWN_MODELS}) == len(KNOWN_MODELS)
    assert all(check_templates(known.templates) for known in KNOWN_MODELS)


@pytest.mark.parametrize(
    ("model", "templates"),
    [
        ("embedded", BARE),
        ("ViT-B-16-SigLIP2-256/webli", PHOTO),
        ("RN50/openai", PHOTO),
        ("hf-hub:Marqo/marqo-fashionSigLIP", BARE),
        ("hf-hub:somebody/something", BARE),
        ("local-dir:/models/ours", BARE),
    ],
)
def test_prompts_fit_what_a_model_was_trained_on(model: str, templates: tuple[str, ...]) -> None:
    assert default_templates(model) == templates


def test_the_list_as_json() -> None:
    result = CliRunner().invoke(models, ["--json"])

    found = json.loads(result.output)
    assert found["configured"] == "embedded"
    assert [model["name"] for model in found["models"]] == [known.name for known in KNOWN_MODELS]
    assert [model["name"] for model in found["models"] if model["configured"]] == ["embedded"]
    assert all(
        {"dim", "download_mb", "image_px", "licence", "good_for", "reason"} <= model.keys()
        for model in found["models"]
    )


def test_the_table_keeps_names_whole_on_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("FINDALIKE_MODEL", "ViT-L-14/datacomp_xl_s13b_b90k")
    load_settings.cache_clear()

    lines = CliRunner().invoke(models).output.splitlines()

    for known in KNOWN_MODELS:
        row = next(line for line in lines if known.name in line.split())
        assert str(known.shape.dim) in row
        assert known.licence in row
        assert row.startswith("→") == (known.name == "ViT-L-14/datacomp_xl_s13b_b90k")


def test_a_model_that_is_not_listed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINDALIKE_MODEL", "local-dir:/models/ours")
    load_settings.cache_clear()

    result = CliRunner().invoke(models)

    assert result.exit_code == 0
    assert "FINDALIKE_MODEL=local-dir:/models/ours is not in this list." in result.output


def test_listing_waits_for_no_torch() -> None:
    program = (
        "import sys\n"
        "from search.commands.models import models\n"
        "models(['--json'], standalone_mode=False)\n"
        "sys.exit(sum(name in sys.modules for name in ('torch', 'open_clip', 'timm')))\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 0, done.stderr
