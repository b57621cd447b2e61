"""Proposes the things in a shopper's photo, best first: shoppers rarely mean the whole picture.

The embedded encoder finds things in the same pass that encodes the photo. Other models use
classical saliency, or a detector that the operator names (`FINDALIKE_REGIONS`).
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
    """Return the proposer that `FINDALIKE_REGIONS` names.

    Args:
        name: `encoder`, `saliency`, or `local-dir:PATH` of an OWLv2 model.
        device: Where a detector runs, as for `search.encoder.load_encoder`.

    Raises:
        ModelUnavailable: the folder does not hold such a model, or there is no such device.
    """
    if name.startswith("local-dir:"):
        # Only who names a detector waits the second that transformers takes to import.
        from search.query.regions.detector import load_detector

        return load_detector(Path(name.removeprefix("local-dir:")).expanduser(), device)
    return SaliencyRegions() if name == "saliency" else EncoderRegions(SaliencyRegions())
