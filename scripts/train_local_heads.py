"""Trains the embedded encoder's local heads: cells that are compared, regions where things are.

    pip install -e '.[train]'
    python scripts/train_local_heads.py --data ../shared/data --teachers ../shared/teachers

It runs after `scripts/train_encoder.py`, on the tower of the checkpoint, which stays as it is.
Shops, scenes and what the tower sees of every picture are kept under --cache, so that a run that
was cut off goes on where it stopped, and another one only trains. Only `train` splits, and shops
drawn from seeds that judge nothing, are learned from.
"""

import argparse
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
from scripts.training.write_checkpoint import write_local_heads

log = structlog.get_logger()


def main() -> None:
    """Run all stages."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    here = Path(__file__).resolve().parent.parent
    parser.add_argument("--data", type=Path, default=here.parent / "shared/data")
    parser.add_argument("--teachers", type=Path, default=here.parent / "shared/teachers")
    parser.add_argument("--cache", type=Path, default=here / ".findalike/training")
    parser.add_argument("--out", type=Path, default=here / "search/encoder/checkpoints/embedded")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=1500, help="of each head")
    parser.add_argument("--threads", type=int, default=2)
    settings = vars(parser.parse_args())
    torch.set_num_threads(settings.pop("threads"))
    train(**settings)


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
    """Train both heads on what the tower in `out` sees, and write them beside it."""
    sets = LocalSets(data, teachers, cache, load_tower(out), sizes, seed)
    asked, things = sets.judged()
    regions = train_regions(sets.things(), steps=steps, seed=seed)
    log.info("regions_judged", first_is_best_box=round(share_found(regions, things), 3))
    patches = train_patches(sets.searches(), sets.views(), steps=steps, seed=seed)
    by_vector, by_both = reciprocal_ranks(patches, asked)
    log.info("patches_judged", mrr_by_vector=round(by_vector, 3), mrr=round(by_both, 3))
    write_local_heads(out, patches.folded() | regions.folded())


if __name__ == "__main__":
    main()
