"""Compares ways to find the meant thing in a photo by the hits of judged photos."""

import tempfile
from pathlib import Path

from PIL import Image
from rich.console import Console
from rich.table import Table

from indexer.nightly.evaluation_run import evaluate_catalogue
from scripts.training.local_heads.localizer import Localizer
from search.encoder.local_features import EncodedPictures
from search.evaluation.judged_queries import load_judged
from search.query.regions import EncoderRegions, RegionProposer, SaliencyRegions
from search.query.regions.proposer import strongest
from search.results import Region
from search.settings import load_settings

COLUMNS = ("recall_at_1", "recall_at_5", "recall_at_10", "mrr")
Found = dict[str, dict[str, float]]
"""Way to find regions -> measures of the re-ranked hits."""


class NoRegions:
    """Takes every photo as a whole."""

    def propose(self, photo: Image.Image, described: EncodedPictures) -> tuple[Region, ...]:
        """Return nothing; see `RegionProposer.propose`."""
        return ()


class LocalizerRegions:
    """Finds regions with the detector that the region head learned from.

    Args:
        teachers: Folder of `object_localizer.onnx`.
    """

    def __init__(self, teachers: Path) -> None:
        self._localizer = Localizer(teachers)

    def propose(self, photo: Image.Image, described: EncodedPictures) -> tuple[Region, ...]:
        """Return the detector's boxes; see `RegionProposer.propose`."""
        boxes = self._localizer.boxes(photo)
        return strongest(boxes[:, :4], boxes[:, 4])


def measure_regions(
    catalogue: Path, photos: Path, *, split: str | None, teachers: Path | None
) -> Found:
    """Index a catalogue once and search it with judged photos in each way.

    Args:
        catalogue: Anything that `findalike ingest` reads.
        photos: File of judged photos.
        split: Search only with photos of this split.
        teachers: Folder of the detector; None leaves the detector out.
    """
    judged = load_judged(photos, split=split)
    ways: dict[str, RegionProposer] = {
        "whole photo": NoRegions(),
        "region head": EncoderRegions(SaliencyRegions()),
        "saliency": SaliencyRegions(),
    }
    if teachers is not None:
        ways["localizer"] = LocalizerRegions(teachers)
    found: Found = {}
    with tempfile.TemporaryDirectory(prefix="findalike-") as home:
        settings = load_settings().model_copy(update={"home": Path(home)})
        for name, proposer in ways.items():
            report = evaluate_catalogue(catalogue, judged, settings, proposer=proposer)
            measured = report["queries"]["photo"]
            found.setdefault("exact", {c: measured["exact"][c] for c in COLUMNS})
            found[name] = {column: measured["reranked"][column] for column in COLUMNS}
    return found


def table(found: Found) -> None:
    """Print the measures."""
    shown = Table("photo taken as", *COLUMNS)
    for name, measured in found.items():
        shown.add_row(name, *(f"{measured[column]:.3f}" for column in COLUMNS))
    Console().print(shown)
