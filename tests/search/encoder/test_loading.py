"""Models from folders, from the hub and from its cache; and the errors when one can't be loaded.

The hub is a real server on the loopback interface, or the cache that its client keeps.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from search.commands.doctor import doctor
from search.encoder import load_encoder
from search.encoder.model_sources import find_source
from search.errors import ModelUnavailable
from search.settings import load_settings
from tests.support.models.checkpoints import (
    CONFIG,
    VIT,
    WEIGHTS,
    edit_config,
    fill_cache,
    write_checkpoint,
    write_tokenizer,
)
from tests.support.servers.loopback_hub import LoopbackHub, point_client_at, serve

TEXTS = ["red mug", "table lamp"]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("hub") / "tiny")


@pytest.fixture(scope="module")
def siglip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint whose tokenizer is in another repository, as with SigLIP's fine-tunes."""
    folder = write_checkpoint(tmp_path_factory.mktemp("hub") / "siglip", "siglip")
    for file in folder.iterdir():
        if file.name not in (CONFIG, WEIGHTS):
            file.unlink()
    return folder


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tokenizer")
    write_tokenizer(folder)
    return folder


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def hub(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackHub]:
    """A hub that answers, and an empty cache."""
    hub = LoopbackHub()
    with serve(hub) as address:
        point_client_at(monkeypatch, address, cache)
        yield hub


@pytest.fixture
def offline(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """HF_HUB_OFFLINE=1 and an empty cache."""
    point_client_at(monkeypatch, "http://127.0.0.1:9", cache, offline=True)
    return cache


@pytest.fixture
def tiny_pair(monkeypatch: pytest.MonkeyPatch) -> str:
    """A pair that open_clip knows; its weights were trained with quick-GELU and their own means."""
    from open_clip import factory, pretrained

    weights = {
        "hf_hub": "findalike-tests/tiny/", "url": "", "quick_gelu": True, "mean": (0.1, 0.2, 0.3),
        "std": (0.5, 0.5, 0.5), "interpolation": "bilinear", "resize_mode": "squash",
    }  # fmt: skip
    monkeypatch.setitem(factory._MODEL_CONFIGS, "Tiny-ViT", VIT)
    monkeypatch.setitem(pretrained._PRETRAINED, "Tiny-ViT", {"shop": weights})
    return "Tiny-ViT/shop"


def refusal(model: str) -> str:
    with pytest.raises(ModelUnavailable) as refused:
        load_encoder(model, "cpu")
    return str(refused.value)


@pytest.mark.parametrize(
    ("model", "advice"),
    [
        ("ViT-B-33/openai", "Did you mean"),
        ("ViT-B-32/no_such_weights", "laion2b_s34b_b79k"),
        ("resnet", "local-dir:PATH"),
        ("resnet", "findalike models"),
        ("hf-hub:nowhere", "hf-hub:ORG/NAME"),
        ("local-dir:/no/such/folder", "open_clip_config.json"),
        ("", "ARCHITECTURE/WEIGHTS"),
    ],
)
def test_unknown_models_say_what_to_write(model: str, advice: str) -> None:
    assert advice in refusal(model)


@pytest.mark.parametrize("device", ["cuda:99", "tpu"])
def test_missing_device(device: str) -> None:
    with pytest.raises(ModelUnavailable, match="device"):
        load_encoder("embedded", device)


def test_checkpoint_without_weights(tiny: Path, tmp_path: Path) -> None:
    """With random weights, searches would succeed and find nonsense."""
    folder = shutil.copytree(tiny, tmp_path / "bare")
    (folder / WEIGHTS).unlink()

    assert "weights" in refusal(f"local-dir:{folder}")


@pytest.mark.parametrize("damage", [WEIGHTS, CONFIG])
def test_damaged_checkpoint(tiny: Path, tmp_path: Path, damage: str) -> None:
    folder = shutil.copytree(tiny, tmp_path / "damaged")
    (folder / damage).write_bytes((folder / damage).read_bytes()[:100])

    assert "can't be loaded" in refusal(f"local-dir:{folder}")


@pytest.mark.parametrize("content", ["[]", "{}", '{"model_cfg": {}, "findalike": 7}'])
def test_configuration_of_something_else(tiny: Path, tmp_path: Path, content: str) -> None:
    folder = shutil.copytree(tiny, tmp_path / "other")
    (folder / CONFIG).write_text(content)

    assert "can't be loaded" in refusal(f"local-dir:{folder}")


def test_folder_without_its_tokenizer(siglip: Path) -> None:
    assert "tokenizer" in refusal(f"local-dir:{siglip}")


def test_code_of_a_checkpoint_is_not_run(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "sly", "siglip")
    text_cfg = json.loads((folder / CONFIG).read_text())["model_cfg"]["text_cfg"]
    text_cfg["tokenizer_kwargs"]["trust_remote_code"] = True
    edit_config(folder, "model_cfg", text_cfg=text_cfg)

    assert "not allowed" in refusal(f"local-dir:{folder}")


def test_a_home_folder_may_be_written_short(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    shutil.copytree(tiny, tmp_path / "tiny")

    assert load_encoder("local-dir:~/tiny", "cpu").tag.startswith("tiny-")


def test_a_model_from_the_cache_without_a_network(tiny: Path, offline: Path) -> None:
    fill_cache(offline, "findalike-tests/tiny", tiny)

    found = load_encoder("hf-hub:findalike-tests/tiny", "cpu")

    local = load_encoder(f"local-dir:{tiny}", "cpu")
    assert found.tag == local.tag
    np.testing.assert_array_equal(found.encode_texts(TEXTS), local.encode_texts(TEXTS))


def test_a_tokenizer_of_another_repository(siglip: Path, tokenizer: Path, offline: Path) -> None:
    fill_cache(offline, "findalike-tests/siglip", siglip)
    fill_cache(offline, "findalike-tests/siglip-tokenizer", tokenizer)

    encoder = load_encoder("hf-hub:findalike-tests/siglip", "cpu")

    assert encoder.encode_texts(TEXTS).shape == (2, 64)


def test_a_missing_tokenizer_is_named(siglip: Path, offline: Path) -> None:
    fill_cache(offline, "findalike-tests/siglip", siglip)

    said = refusal("hf-hub:findalike-tests/siglip")

    assert "lacks its tokenizer, findalike-tests/siglip-tokenizer." in said
    assert str(offline) in said
    assert "HF_HUB_OFFLINE" in said


def test_what_is_cached_asks_no_hub(tiny: Path, cache: Path, hub: LoopbackHub) -> None:
    """So starting needs no network, and a model can't change under an index."""
    fill_cache(cache, "findalike-tests/tiny", tiny)

    load_encoder("hf-hub:findalike-tests/tiny", "cpu")

    assert hub.asked == []


def test_what_is_missing_is_fetched_once(siglip: Path, tokenizer: Path, hub: LoopbackHub) -> None:
    hub.files = {
        "findalike-tests/siglip": siglip,
        "findalike-tests/siglip-tokenizer": tokenizer,
    }
    first = load_encoder("hf-hub:findalike-tests/siglip", "cpu")
    fetched = [line for line in hub.asked if line.startswith("GET") and "/resolve/" in line]
    assert any(WEIGHTS in line for line in fetched)
    hub.asked.clear()

    again = load_encoder("hf-hub:findalike-tests/siglip", "cpu")

    assert again.tag == first.tag
    assert hub.asked == []


@pytest.mark.parametrize("model", ["hf-hub:findalike-tests/none", "ViT-B-32/laion2b_s34b_b79k"])
def test_offline_names_the_cache_and_the_switch(model: str, offline: Path) -> None:
    said = refusal(model)

    assert str(offline) in said
    assert "HF_HUB_OFFLINE" in said
    assert "FINDALIKE_MODEL=embedded" in said


@pytest.mark.parametrize("model", ["hf-hub:findalike-tests/none", "ViT-B-16-SigLIP/webli"])
def test_a_hub_that_refuses_connections(
    model: str, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
    point_client_at(monkeypatch, address, cache)

    said = refusal(model)

    for part in (str(cache), address, "does not answer", "HF_HUB_OFFLINE=1", "HTTPS_PROXY"):
        assert part in said


def test_a_hub_that_hangs(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub accepts connections but never answers; the client's many retries are cut short."""
    monkeypatch.setattr("search.encoder.hub_files._PATIENCE_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        point_client_at(monkeypatch, f"http://127.0.0.1:{server.getsockname()[1]}", cache)
        started = time.monotonic()

        said = refusal("hf-hub:findalike-tests/none")

        assert time.monotonic() - started < 60
    assert "does not answer" in said
    assert "HF_HUB_OFFLINE=1" in said


@pytest.mark.parametrize(
    ("refused", "advice"),
    [
        ((404, "RepoNotFound"), "Check the name"),
        ((401, ""), "HF_TOKEN"),
        ((403, "GatedRepo"), "accept"),
        ((418, ""), "418"),
    ],
)
def test_a_hub_that_gives_nothing_out(
    refused: tuple[int, str], advice: str, hub: LoopbackHub
) -> None:
    hub.refusal = refused

    said = refusal("hf-hub:findalike-tests/none")

    assert advice in said
    assert "findalike-tests/none" in said


def test_a_download_that_fails(tiny: Path, hub: LoopbackHub) -> None:
    hub.files = {"findalike-tests/tiny": tiny}
    hub.refusal, hub.refused = (418, ""), ("GET",)

    said = refusal("hf-hub:findalike-tests/tiny")

    assert "fetching it failed" in said
    assert "HF_HUB_OFFLINE=1" in said


def test_a_repository_that_holds_no_open_clip_model(hub: LoopbackHub, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("a model for transformers")
    hub.files = {"findalike-tests/other": tmp_path}

    said = refusal("hf-hub:findalike-tests/other")

    assert "findalike-tests/other" in said
    assert "findalike models" in said


def test_damaged_files_of_the_cache(tiny: Path, offline: Path, tmp_path: Path) -> None:
    broken = shutil.copytree(tiny, tmp_path / "broken")
    (broken / WEIGHTS).write_bytes(b"half of it")
    fill_cache(offline, "findalike-tests/tiny", broken)

    said = refusal("hf-hub:findalike-tests/tiny")

    assert "can't be loaded" in said
    assert str(offline) in said


def test_a_pair_is_prepared_as_its_weights_were_trained(
    tiny: Path, tiny_pair: str, offline: Path
) -> None:
    """Quick-GELU, means and resizing go with the weights, not with the architecture's name."""
    fill_cache(offline, "findalike-tests/tiny", tiny)

    encoder = load_encoder(tiny_pair, "cpu")

    import open_clip

    plain = open_clip.create_model_from_pretrained(
        f"local-dir:{tiny}", return_transform=False, quick_gelu=True
    ).eval()
    tokens = open_clip.get_tokenizer("Tiny-ViT")(["a photo of red mug"])
    expected = plain.encode_text(tokens, normalize=True).detach().numpy()
    np.testing.assert_allclose(encoder.encode_texts(["red mug"]), expected, atol=1e-4)
    preparation = encoder._model.visual.preprocess_cfg
    assert preparation["mean"] == (0.1, 0.2, 0.3)
    assert preparation["interpolation"] == "bilinear"
    assert preparation["resize_mode"] == "squash"
    assert preparation["size"] == (32, 32)


def test_weights_named_by_open_clip(tiny: Path, tiny_pair: str, offline: Path) -> None:
    """Some pairs name the file; a safetensors copy is preferred."""
    from open_clip import pretrained

    named = pretrained._PRETRAINED["Tiny-ViT"]["shop"] | {"hf_hub": "findalike-tests/tiny/shop.pt"}
    pretrained._PRETRAINED["Tiny-ViT"]["shop"] = named
    files = offline.parent / "files"
    files.mkdir()
    shutil.copy(tiny / WEIGHTS, files / "shop.safetensors")
    fill_cache(offline, "findalike-tests/tiny", files)

    source = find_source(tiny_pair)

    assert source.weights is not None
    assert source.weights.name == "shop.safetensors"
    assert source.model_cfg["quick_gelu"] is True


@pytest.mark.usefixtures("settings")
def test_the_command_line_says_it_in_one_sentence(cache: Path) -> None:
    """Output of the hub's client or open_clip must not bury it, so a real process is tested."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
    environment = {
        "FINDALIKE_MODEL": "hf-hub:findalike-tests/none", "HF_HUB_OFFLINE": "0",
        "HF_ENDPOINT": address, "HF_HUB_CACHE": str(cache),
    }  # fmt: skip

    done = subprocess.run(
        [Path(sys.executable).with_name("findalike"), "encode"],
        env=os.environ | environment, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip

    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("Error: open_clip_model.safetensors of findalike-tests/none")
    assert done.stderr.count("\n") == 1, "one line"
    assert address in done.stderr
    assert str(cache) in done.stderr


@pytest.mark.usefixtures("settings")
def test_the_doctor_says_it_too(offline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINDALIKE_MODEL", "hf-hub:findalike-tests/none")
    load_settings.cache_clear()

    result = CliRunner().invoke(doctor, ["--json"])

    assert result.exit_code == 1
    model = next(check for check in json.loads(result.stdout)["checks"] if check["name"] == "model")
    assert model["state"] == "failed"
    assert str(offline) in model["found"]
