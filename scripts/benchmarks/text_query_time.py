"""The time of encoding one text: the embedded encoder compared with a ViT-B/32's text tower."""

import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from search.encoder import load_encoder

TEXTS = (
    "red striped mug",
    "oak dining chair with armrests",
    "navy wool coat, double breasted",
    "round mirror",
    "running shoes with a white sole for wet trails",
    "green velvet three seat sofa",
    "floral summer dress",
    "brass table lamp with a linen shade",
)


def measure_texts(rounds: int) -> dict[str, Any]:
    """Return milliseconds per text of both encoders, tokenizing included, and their ratio."""
    embedded = load_encoder("embedded", "cpu")
    import open_clip  # works once the encoder has prepared torchvision

    torch.manual_seed(0)
    tower = open_clip.create_model("ViT-B-32").eval()
    tokens = open_clip.get_tokenizer("ViT-B-32")

    def ours(text: str) -> None:
        embedded.encode_texts([text])

    @torch.inference_mode()
    def theirs(text: str) -> None:
        tower.encode_text(tokens([text]))

    for encode in (ours, theirs):
        encode(TEXTS[0])
    turns = [(_ms(ours), _ms(theirs)) for _ in range(max(rounds, 1))]
    return {
        "torch_threads": torch.get_num_threads(),
        "embedded_ms": statistics.median(a for a, _ in turns),
        "vit_b_32_ms": statistics.median(b for _, b in turns),
        "embedded_to_vit_b_32": statistics.median(a / b for a, b in turns),
    }


def _ms(encode: Callable[[str], None]) -> float:
    """Return the median milliseconds of a text."""
    passed = []
    for text in TEXTS:
        started = time.perf_counter()
        encode(text)
        passed.append(1000 * (time.perf_counter() - started))
    return statistics.median(passed)


def table(found: dict[str, Any]) -> None:
    """Show the figures."""
    shown = Table(title=f"One text, {found['torch_threads']} threads")
    shown.add_column("encoder")
    shown.add_column("ms", justify="right")
    shown.add_row("embedded", f"{found['embedded_ms']:.2f}")
    shown.add_row("ViT-B/32, random weights", f"{found['vit_b_32_ms']:.2f}")
    shown.add_row("embedded is", f"{found['embedded_to_vit_b_32']:.3f} ×")
    Console().print(shown)
