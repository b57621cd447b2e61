"""Models known to work, what each is recommended for, and the prompts its texts are put into.

Vector length, input size and context are read from open_clip's own configuration files, so they
can't become wrong. open_clip itself is not imported, so a list of models does not wait for torch.
No model is loaded here; `search.encoder.loading` does that.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

Domain = Literal["fashion", "home", "grocery", "general"]

EMBEDDED_CHECKPOINT = Path(__file__).parent / "checkpoints" / "embedded"

BARE = ("{}",)
"""The text without a prompt: for models trained on product titles and phrases."""

PHOTO = ("a photo of {}",)
"""For models trained on captions of the web, where a lone phrase is rare. Such a prompt gained 1.3
points on ImageNet (Radford et al. 2021, arXiv:2103.00020, section 3.1.4); SigLIP's model cards use
the same words. There is no article, since a query may bring its own."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of a model, as its configuration says."""

    dim: int  # d, length of a vector
    image_px: int  # side of the square that pictures are scaled to
    context_tokens: int  # longest text that is encoded in one window, special tokens included


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model that is known to work here."""

    name: str  # what FINDALIKE_MODEL takes
    architecture: str  # open_clip's name of its configuration; empty for the embedded model
    download_mb: int  # float32 weights on the hub; 0: inside the package
    licence: str
    good_for: tuple[Domain, ...]
    reason: str
    templates: tuple[str, ...] = PHOTO

    @property
    def shape(self) -> Shape:
        """Vector length, input size and context, from the model's configuration."""
        return architecture_shape(self.architecture)


# Licences and file sizes as the model cards and file lists on huggingface.co, or copies of them,
# say them; read the card of a model before selling with it.
# laion/CLIP-ViT-B-32-laion2B-s34B-b79K, laion/CLIP-ViT-B-16-DataComp.XL-s13B-b90K,
# laion/CLIP-ViT-L-14-DataComp.XL-s13B-b90K, laion/CLIP-convnext_base_w-laion2B-s13B-b82K-augreg,
# laion/CLIP-convnext_large_d_320.laion2B-s29B-b131K-ft-soup: mit.
# timm/ViT-B-16-SigLIP, timm/ViT-L-16-SigLIP-256, timm/ViT-SO400M-14-SigLIP-384: apache-2.0.
# SigLIP 2 as a family (timm/ViT-B-16-SigLIP2-512, google/siglip2-so400m-patch16-256): apache-2.0.
# apple/MobileCLIP-S2-OpenCLIP: apple-amlr, Apple's licence for machine learning research.
# Marqo/marqo-fashionSigLIP, Marqo/marqo-fashionCLIP, Marqo/marqo-ecommerce-embeddings-B and -L:
# apache-2.0; their cards say what they were tuned from (the architecture given here), on what
# (titles, categories, colours, materials, keywords: so no prompt), and how they compare.
KNOWN_MODELS: tuple[KnownModel, ...] = (
    KnownModel(
        "embedded", "", 0, "Apache-2.0", ("general",),
        "Comes with the package: no download, quick on a CPU. To try things, for tests, and where "
        "no hub is reachable.",
        BARE,
    ),
    KnownModel(
        "hf-hub:Marqo/marqo-ecommerce-embeddings-B", "ViT-B-16-SigLIP", 813, "Apache-2.0",
        ("home", "grocery", "general"),
        "Tuned on products of all kinds, titles and attributes included: the first to try for a "
        "mixed catalogue.",
        BARE,
    ),
    KnownModel(
        "hf-hub:Marqo/marqo-ecommerce-embeddings-L", "ViT-L-16-SigLIP-256", 2609, "Apache-2.0",
        ("home", "grocery", "general"),
        "The larger one of the same; wants a GPU.",
        BARE,
    ),
    KnownModel(
        "hf-hub:Marqo/marqo-fashionSigLIP", "ViT-B-16-SigLIP", 813, "Apache-2.0", ("fashion",),
        "Tuned on a million fashion products with colours, styles and materials.",
        BARE,
    ),
    KnownModel(
        "hf-hub:Marqo/marqo-fashionCLIP", "ViT-B-16", 599, "Apache-2.0", ("fashion",),
        "The same training on a CLIP: shorter vectors, so a smaller index.",
        BARE,
    ),
    KnownModel(
        "ViT-B-16-SigLIP2-256/webli", "ViT-B-16-SigLIP2-256", 1501, "Apache-2.0",
        ("home", "grocery", "general"),
        "Trained on captions in many languages.",
    ),
    KnownModel(
        "ViT-B-16-SigLIP/webli", "ViT-B-16-SigLIP", 813, "Apache-2.0", ("home", "general"),
        "Strong for its size on English text.",
    ),
    KnownModel(
        "ViT-L-16-SigLIP-256/webli", "ViT-L-16-SigLIP-256", 2609, "Apache-2.0",
        ("home", "general"),
        "More exact than the base size; wants a GPU.",
    ),
    KnownModel(
        "ViT-SO400M-14-SigLIP-384/webli", "ViT-SO400M-14-SigLIP-384", 3512, "Apache-2.0",
        ("grocery", "general"),
        "At 384 px small print on packages stays legible; wants a large GPU.",
    ),
    KnownModel(
        "ViT-B-32/laion2b_s34b_b79k", "ViT-B-32", 605, "MIT", ("general",),
        "The quickest of the large-scale models: 50 patches a picture.",
    ),
    KnownModel(
        "ViT-B-16/datacomp_xl_s13b_b90k", "ViT-B-16", 599, "MIT", ("general",),
        "Trained on captions filtered for quality, which shows against others of its size.",
    ),
    KnownModel(
        "ViT-L-14/datacomp_xl_s13b_b90k", "ViT-L-14", 1710, "MIT", ("home", "general"),
        "As ViT-B-16, larger and more exact; wants a GPU.",
    ),
    KnownModel(
        "convnext_base_w/laion2b_s13b_b82k_augreg", "convnext_base_w", 718, "MIT",
        ("home", "general"),
        "A convolutional tower, quick on GPUs; sees texture and pattern at 256 px.",
    ),
    KnownModel(
        "convnext_large_d_320/laion2b_s29b_b131k_ft_soup", "convnext_large_d_320", 1407, "MIT",
        ("home", "general"),
        "The same at 320 px for fine texture; wants a GPU.",
    ),
    KnownModel(
        "MobileCLIP-S2/datacompdr", "MobileCLIP-S2", 397, "Apple AMLR", ("general",),
        "Quick on a CPU. Its licence is for research only: read it before selling with it.",
    ),
)  # fmt: skip


def find_known(model: str) -> KnownModel | None:
    """Return the entry of a model setting, if there is one."""
    return next((known for known in KNOWN_MODELS if known.name == model), None)


def default_templates(model: str) -> tuple[str, ...]:
    """Return the prompts for a model whose checkpoint has none of its own.

    open_clip's pairs were trained on captions of the web. Nobody knows what an unlisted checkpoint
    was trained on, so its texts get no prompt.
    """
    known = find_known(model)
    if known is not None:
        return known.templates
    return BARE if model == "embedded" or ":" in model else PHOTO


@cache
def architecture_shape(architecture: str) -> Shape:
    """Read a model's sizes from its configuration.

    Args:
        architecture: open_clip's name of it; empty for the embedded model.
    """
    config = _read_config(architecture)
    return Shape(
        dim=int(config["embed_dim"]),
        image_px=int(config["vision_cfg"]["image_size"]),
        # 77 is open_clip's default, CLIP's own.
        context_tokens=int(config["text_cfg"].get("context_length", 77)),
    )


def _read_config(architecture: str) -> dict[str, Any]:
    if not architecture:
        file = EMBEDDED_CHECKPOINT / "open_clip_config.json"
        return dict(json.loads(file.read_text(encoding="utf-8"))["model_cfg"])
    spec = find_spec("open_clip")  # finds the package without running it
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("open_clip is not installed", name="open_clip")
    file = Path(spec.origin).parent / "model_configs" / f"{architecture}.json"
    return dict(json.loads(file.read_text(encoding="utf-8")))
