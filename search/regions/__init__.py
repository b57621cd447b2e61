"""Proposes the things in a shopper's photo, best first: what is meant is rarely the whole picture.

The embedded encoder says where things are in the pass that encodes the photo. For other models
there is classical saliency, or a detector of one's own (`FINDALIKE_REGIONS`).
"""

from search.regions.proposer import WHOLE, EncoderRegions, RegionProposer, best_region
from search.regions.saliency import SaliencyRegions

__all__ = ["WHOLE", "EncoderRegions", "RegionProposer", "SaliencyRegions", "best_region"]
