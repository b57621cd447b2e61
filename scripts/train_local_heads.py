"""Trains the embedded encoder's local heads: patch descriptors, and regions that hold things.

    pip install -e '.[train]'
    python scripts/train_local_heads.py --data ../shared/data --teachers ../shared/teachers

It runs after `scripts/train_encoder.py`, on the image tower of the checkpoint, which it does not
change. Drawn shops, scenes and the tower's features of every picture are kept under --cache: an
interrupted run continues where it stopped, and a second run only trains. It learns from `train`
splits, and from shops drawn with seeds that are not used for evaluation.
"""

import sys
from pathlib import Path

import structlog
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from search.encoder.torchvision_ops import declare_missing_operators

declare_missing_operators()

from scripts.training.local_heads.local_sets import SIZES, LocalSets, Sizes
from scripts.training.local_heads.patch_head import reciprocal_ranks, train_patches
from scripts.training.local_heads.region_head import share_found, train_regions
from scripts.training.local_heads.tower_maps import load_tower
from scripts.training.options import training_options
from scripts.training.write_checkpoint import write_local_heads

log = structlog.get_logger()


def main() -> None:
    """Run all stages."""
    parser = training_options(__doc__)
    parser.add_argument("--steps", type=int, default=1500, help="for each head")
    arguments = vars(parser.parse_args())
    torch.set_num_threads(arguments.pop("threads"))
    train(**arguments)


def train(
    *,
    data: Path,
    teachers: Path,
    cache: Path,
    out: Path,
    seed: int,
    steps: int,
    sizes: Sizes = SIZES,
) -> None:
    """Train both heads on features of the tower in `out`, and write them beside it."""
    sets = LocalSets(data, teachers, cache, load_tower(out), sizes, seed)
    held_out, things = sets.judged()
    regions = train_regions(sets.things(), steps=steps, seed=seed)
    log.info("regions_judged", first_is_best_box=round(share_found(regions, things), 3))
    patches = train_patches(sets.searches(), sets.views(), steps=steps, seed=seed)
    by_vector, by_both = reciprocal_ranks(patches, held_out)
    log.info("patches_judged", mrr_by_vector=round(by_vector, 3), mrr=round(by_both, 3))
    write_local_heads(out, patches.folded() | regions.folded())


if __name__ == "__main__":
    main()
