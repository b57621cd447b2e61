"""Finds a model's configuration, weights and prompts, for every form of FINDALIKE_MODEL.

Nothing is guessed: an unknown name, a folder without a checkpoint or a repository without weights
raises `ModelUnavailable`. Nothing is loaded here.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from search.encoder.hub_files import fetch, fetch_tokenizer
from search.encoder.known_models import EMBEDDED_CHECKPOINT, default_templates
from search.encoder.text_windows import check_templates
from search.errors import ModelUnavailable

CONFIG = "open_clip_config.json"


@dataclass(frozen=True, slots=True)
class Source:
    """A model on this machine's disk."""

    model: str  # as FINDALIKE_MODEL says it
    name: str  # as open_clip wants it: `local-dir:FOLDER`, or the name of an architecture
    model_cfg: dict[str, Any]  # with quick-GELU where the weights were trained with it
    templates: tuple[str, ...]
    tokenizer: Path | None  # folder of its files; None: CLIP's own, which is part of open_clip
    weights: Path | None = None  # for an architecture; None: they lie in the folder
    preparation: dict[str, Any] = field(default_factory=dict)  # of pictures; for an architecture

    @property
    def local(self) -> bool:
        """Whether all files come from a local folder, not from the hub."""
        return _is_local(self.model)


def find_source(model: str) -> Source:
    """Find a model, fetching from the hub what the cache lacks.

    Raises:
        ModelUnavailable: no such model, no usable checkpoint, or an unreachable hub.
    """
    if model == "embedded":
        return _folder_source(model, EMBEDDED_CHECKPOINT)
    if model.startswith("local-dir:"):
        return _folder_source(model, Path(model.removeprefix("local-dir:")).expanduser())
    if model.startswith("hf-hub:"):
        return _repository_source(model)
    return _pair_source(model)


def _folder_source(model: str, folder: Path) -> Source:
    file = folder / CONFIG
    if not file.is_file():
        raise ModelUnavailable(
            f"{folder} holds no open_clip checkpoint: {CONFIG} is missing. "
            "FINDALIKE_MODEL=local-dir:PATH needs a folder with that file and the weights."
        )
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
        model_cfg = config["model_cfg"]
        own = config.get("findalike", {}).get("text_templates")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelUnavailable(
            f"The checkpoint of {model} can't be loaded: {file} is no configuration that open_clip "
            f"could read ({error!r})."
        ) from error
    templates = default_templates(model) if own is None else check_templates(own)
    return Source(
        model, f"local-dir:{folder}", model_cfg, templates, _tokenizer(model, model_cfg, folder)
    )


def _repository_source(model: str) -> Source:
    repository = model.removeprefix("hf-hub:")
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
        raise ModelUnavailable(f"{model!r} is not of the form hf-hub:ORG/NAME.")
    from open_clip.constants import HF_SAFE_WEIGHTS_NAME, HF_WEIGHTS_NAME

    # The weights come first. If the cache holds an older configuration without weights, the
    # configuration is fetched again with them.
    fetch(repository, HF_SAFE_WEIGHTS_NAME, HF_WEIGHTS_NAME)
    return _folder_source(model, fetch(repository, CONFIG).parent)


def _pair_source(model: str) -> Source:
    import open_clip

    architecture, _, tag = model.rpartition("/")
    known = open_clip.list_models()
    if architecture not in known:
        raise ModelUnavailable(
            f"FINDALIKE_MODEL={model} is not known. Use embedded, local-dir:PATH, hf-hub:ORG/NAME, "
            "or an open_clip pair ARCHITECTURE/WEIGHTS such as ViT-B-32/laion2b_s34b_b79k"
            f"{_alternatives(architecture or model, known)} `findalike models` lists some."
        )
    tags = open_clip.list_pretrained_tags_by_model(architecture)
    if tag not in tags:
        raise ModelUnavailable(
            f"open_clip knows no weights {tag!r} of {architecture}; "
            f"it knows {', '.join(tags) or 'none'}."
        )
    trained = open_clip.get_pretrained_cfg(architecture, tag)
    model_cfg = dict(open_clip.get_model_config(architecture))
    # Many weights were trained with quick-GELU, though the architecture's name does not say so.
    # open_clip itself would only warn, and compute other vectors.
    if trained.get("quick_gelu"):
        model_cfg["quick_gelu"] = True
    return Source(
        model,
        architecture,
        model_cfg,
        default_templates(model),
        _tokenizer(model, model_cfg),
        _pair_weights(trained["hf_hub"]),
        {
            f"image_{key}": trained[key]
            for key in ("mean", "std", "interpolation", "resize_mode")
            if key in trained
        },
    )


def _tokenizer(model: str, model_cfg: dict[str, Any], folder: Path | None = None) -> Path | None:
    """Find the tokenizer that a configuration names; SigLIP's is often in another repository."""
    name = (model_cfg.get("text_cfg") or {}).get("hf_tokenizer_name")
    if not name:
        return None
    if folder is not None and _is_local(model):
        return folder
    try:
        return fetch_tokenizer(name)
    except ModelUnavailable as error:
        raise ModelUnavailable(f"{model} lacks its tokenizer, {name}. {error}") from error


def _is_local(model: str) -> bool:
    return model == "embedded" or model.startswith("local-dir:")


def _pair_weights(place: str) -> Path:
    """Fetch the weights of a pair; `place` is `ORG/NAME/`, with or without a file name."""
    from open_clip.constants import HF_SAFE_WEIGHTS_NAME, HF_WEIGHTS_NAME

    repository, _, name = place.rpartition("/")
    if not name:
        return fetch(repository, HF_SAFE_WEIGHTS_NAME, HF_WEIGHTS_NAME)
    return fetch(repository, str(Path(name).with_suffix(".safetensors")), name)


def _alternatives(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, list(known), n=3)
    return f". Did you mean {' or '.join(close)}?" if close else "."
