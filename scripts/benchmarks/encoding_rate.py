"""Pictures encoded per second by the workers' pipeline, a plain loop, and the bare model."""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from rich.console import Console
from rich.table import Table

from indexer.encoding.picture_pipeline import Pipeline, decode_threads
from indexer.encoding.stage_times import STAGES
from indexer.pictures.encode_claims import Claim
from scripts.benchmarks.benchmark_pictures import list_pictures
from scripts.benchmarks.picture_half import PictureHalf, load_picture_half
from search.pictures.rendition_store import PictureStore
from search.settings import Settings

PLAIN_AT_MOST = 48  # a slow loop's rate is known after few pictures
BATCH_ON_CUDA = 1024


def measure_encoding(
    model: str, device: str, *, pictures: Path | None, count: int, side: int, rounds: int
) -> dict[str, Any]:
    """Return rates in pictures per second, their ratios, and milliseconds per picture by stage."""
    half = load_picture_half(model, device)
    with tempfile.TemporaryDirectory() as folder:
        workplace = Path(folder)
        files = list_pictures(pictures, workplace, count, side)
        size = _size(files[0])
        batch = BATCH_ON_CUDA if half.device.type == "cuda" else 64
        settings = Settings(home=workplace, batch_images=batch)
        pixels = _prepared(half, files)
        half.describe_pixels(pixels)  # the first call rewrites the tower and finds the batch size
        ready = half.forward.preparation.normalised(pixels.to(half.device))
        ready = ready.contiguous(memory_format=torch.channels_last)
        plain, whole, bare, stages = [], [], [], []
        for turn in range(rounds):
            plain.append(_rates(len(files[:PLAIN_AT_MOST]), lambda: _plain(half, files)))
            pipeline = Pipeline(half, PictureStore(workplace / f"renditions{turn}"), settings)
            whole.append(_rates(len(files), lambda: _run(pipeline, files, settings)))  # noqa: B023
            stages.append(pipeline.times.seconds())
            bare.append(_rates(len(files), lambda: _bare(half, ready)))
    return {
        "model": model,
        "device": str(half.device),
        "pictures": len(files),
        "size": list(size),
        "torch_threads": torch.get_num_threads(),
        "decode_threads": decode_threads(settings),
        "forward_batch": half.forward.batch.now,
        "per_second": {"plain": _first(plain), "pipeline": _first(whole), "bare": _first(bare)},
        "cpu_ms": {"plain": _second(plain), "pipeline": _second(whole), "bare": _second(bare)},
        "pipeline_to_plain": _ratio(whole, plain),
        "pipeline_to_bare": _ratio(whole, bare),
        "stage_ms": {
            stage: 1000 * statistics.median(times[stage] for times in stages) / len(files)
            for stage in STAGES
        },
    }


Measured = list[tuple[float, float]]
"""By round: pictures per second, and milliseconds of CPU time per picture."""


def _rates(pictures: int, work: Callable[[], None]) -> tuple[float, float]:
    """Return pictures per second, and milliseconds of this process's CPU time per picture."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    passed = time.perf_counter() - wall
    return pictures / passed, 1000 * (time.process_time() - cpu) / pictures


def _first(rounds: Measured) -> float:
    return statistics.median(rate for rate, _ in rounds)


def _second(rounds: Measured) -> float:
    return statistics.median(cpu for _, cpu in rounds)


def _ratio(upper: Measured, lower: Measured) -> float:
    """Return the median ratio of rates; taken within a round, it cancels what slows both."""
    return statistics.median(a[0] / b[0] for a, b in zip(upper, lower, strict=True))


def _size(file: Path) -> tuple[int, int]:
    with Image.open(file) as image:
        return image.size


def _prepared(half: PictureHalf, files: list[Path]) -> torch.Tensor:
    opened = (Image.open(file) for file in files)
    return torch.stack([half.preprocess(image) for image in opened])


@torch.inference_mode()
def _plain(half: PictureHalf, files: list[Path]) -> None:
    """Encode with Pillow, the model's transform and float32, one picture at a time."""
    for file in files[:PLAIN_AT_MOST]:
        with Image.open(file) as image:
            x = half.transform(image.convert("RGB"))[None].to(half.device)
        half.plain.encode_image(x).cpu()


def _run(pipeline: Pipeline, files: list[Path], settings: Settings) -> None:
    """Do everything that a worker does with pictures, in batches as large as its tasks."""
    claims = [Claim(i, str(file), "bench", str(i)) for i, file in enumerate(files)]
    for first in range(0, len(claims), settings.batch_images):
        pipeline.run(claims[first : first + settings.batch_images], lambda _: ())


def _bare(half: PictureHalf, pixels: torch.Tensor) -> None:
    """Encode normalised tensors that are on the device, in batches of the engine's size."""
    for part in pixels.split(half.forward.batch.now):
        vectors = half.forward.read(part)[0]
    vectors.cpu()


def table(found: dict[str, Any]) -> None:
    """Show the figures."""
    width, height = found["size"]
    shown = Table(
        title=f"{found['model']} on {found['device']}: {found['pictures']} pictures of about "
        f"{width} × {height} px, {found['torch_threads']} torch and {found['decode_threads']} "
        f"decoding threads, {found['forward_batch']} pictures per forward pass"
    )
    for column in ("way", "pictures/s", "CPU ms per picture", "pipeline is"):
        shown.add_column(column, justify="left" if column == "way" else "right")
    compared = {
        "pipeline": ("pipeline, from files", ""),
        "plain": ("plain loop", f"{found['pipeline_to_plain']:.2f} ×"),
        "bare": ("bare model", f"{found['pipeline_to_bare']:.0%}"),
    }
    for key, (name, ratio) in compared.items():
        rate, cpu = found["per_second"][key], found["cpu_ms"][key]
        shown.add_row(name, f"{rate:.1f}", f"{cpu:.1f}", ratio)
    stages = Table(title="Where time goes, added up over threads")
    stages.add_column("stage")
    stages.add_column("ms per picture", justify="right")
    for stage, ms in found["stage_ms"].items():
        stages.add_row(stage, f"{ms:.2f}")
    console = Console(width=100)
    console.print(shown)
    console.print(stages)
