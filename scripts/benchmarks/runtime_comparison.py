"""Compares ways to run a model on two CPU threads: their rates, and how exact their vectors are."""

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from PIL import Image
from rich.console import Console
from rich.table import Table
from torch import Tensor

from scripts.benchmarks.benchmark_pictures import list_pictures
from scripts.benchmarks.picture_half import load_picture_half
from scripts.benchmarks.runtime_variants import THREADS, VARIANTS, Encode, build_variants

PICTURES = 64
BATCHES = (1, 32)
REFERENCE = next(iter(VARIANTS))


def measure_runtimes(
    model: str, *, pictures: Path | None, rounds: int, slow: bool = False
) -> dict[str, Any]:
    """Return for each variant its rates, their ratios to float32, and cosines to its vectors."""
    before = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    try:
        return _study(model, pictures, rounds, slow)
    finally:
        torch.set_num_threads(before)


def _study(model: str, pictures: Path | None, rounds: int, slow: bool) -> dict[str, Any]:
    half = load_picture_half(model, "cpu")
    with tempfile.TemporaryDirectory() as folder:
        files = list_pictures(pictures, Path(folder), PICTURES, 512)
        prepared = torch.stack([half.preprocess(Image.open(file)) for file in files])
    pixels = half.forward.preparation.normalised(prepared)
    built, missing = build_variants(half.plain, pixels[:2].clone(), slow=slow)
    rates = _rates(built, pixels, rounds)
    wanted = _encode_all(built[REFERENCE], pixels)
    rows = {name: _row(name, encode, pixels, wanted, rates) for name, encode in built.items()}
    return {
        "model": model,
        "pictures": len(pixels),
        "torch_threads": torch.get_num_threads(),
        "variants": rows,
        "missing": missing,
    }


Rates = dict[tuple[str, int], list[float]]


@torch.inference_mode()
def _rates(built: dict[str, Encode], pixels: Tensor, rounds: int) -> Rates:
    """Return pictures per second of each variant and batch size, by round."""
    rates: Rates = {}
    for _ in range(rounds):
        for size in BATCHES:
            for name, encode in built.items():
                x = pixels[:size].clone()
                encode(x)
                started, passes = time.perf_counter(), 0
                while passes < 2 or time.perf_counter() - started < 0.5:
                    encode(x)
                    passes += 1
                rate = passes * size / (time.perf_counter() - started)
                rates.setdefault((name, size), []).append(rate)
    return rates


@torch.inference_mode()
def _encode_all(encode: Encode, pixels: Tensor) -> Tensor:
    return torch.cat([encode(part.clone()).clone() for part in pixels.split(16)])


def _row(
    name: str, encode: Encode, pixels: Tensor, wanted: Tensor, rates: Rates
) -> dict[str, float]:
    cosines = F.cosine_similarity(_encode_all(encode, pixels), wanted)
    row = {"least_cosine": float(cosines.min()), "mean_cosine": float(cosines.mean())}
    for size in BATCHES:
        mine, reference = rates[name, size], rates[REFERENCE, size]
        row[f"per_second_at_{size}"] = statistics.median(mine)
        row[f"ratio_at_{size}"] = statistics.median(
            a / b for a, b in zip(mine, reference, strict=True)
        )
    return row


def table(found: dict[str, Any]) -> None:
    """Show the figures."""
    shown = Table(title=f"{found['model']}, {found['torch_threads']} threads")
    shown.add_column("variant")
    for size in BATCHES:
        shown.add_column(f"pictures/s at {size}", justify="right")
        shown.add_column("× float32", justify="right")
    shown.add_column("cosine, least", justify="right")
    shown.add_column("mean", justify="right")
    for name, row in found["variants"].items():
        cells = [
            cell
            for size in BATCHES
            for cell in (f"{row[f'per_second_at_{size}']:.1f}", f"{row[f'ratio_at_{size}']:.2f}")
        ]
        shown.add_row(name, *cells, f"{row['least_cosine']:.4f}", f"{row['mean_cosine']:.4f}")
    for name, reason in found["missing"].items():
        shown.add_row(name, reason)
    Console(width=120).print(shown)
