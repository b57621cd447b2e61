"""Proposes the things in a shopper's photo, best first: what is meant is rarely the whole picture.

The embedded encoder says where things are in the pass that encodes the photo. For other models
there is classical saliency, or a detector of one's own (`FINDALIKE_REGIONS`).
"""

from pathlib import Path

from search.query.regions.proposer import WHOLE, EncoderRegions, RegionProposer, best_region
from search.query.regions.saliency import SaliencyRegions

__all__ = [
    "WHOLE",
    "EncoderRegions",
    "RegionProposer",
    "SaliencyRegions",
    "best_region",
    "load_proposer",
]


def load_proposer(name: str = "encoder", device: str = "auto") -> RegionProposer:
    """Return what `FINDALIKE_REGIONS` names.

    Args:
        name: `encoder`, `saliency`, or `local-dir:PATH` of an OWLv2 model.
        device: Where a detector runs, as for `search.encoder.load_encoder`.

    Raises:
        ModelUnavailable: the folder does not hold such a model, or there is no such device.
    """
    if name.startswith("local-dir:"):
        # transformers takes a second to import, which nobody else waits for.
        from search.query.regions.detector import load_detector

        return load_detector(Path(name.removeprefix("local-dir:")).expanduser(), device)
    return SaliencyRegions() if name == "saliency" else EncoderRegions(SaliencyRegions())
