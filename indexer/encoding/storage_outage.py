"""Tells a disk or a share that is not mounted from single pictures that are missing.

Without that, every picture of a share that is not mounted would be refused, and the next build
would be empty.
"""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from indexer.pictures.encode_claims import REMOTE
from indexer.pictures.outcomes import LostPicture, RefusedPicture, UsablePicture
from search.database.models import Product, ProductImage
from search.errors import FindalikeError

REASONS = ("missing_file", "permission", "unreadable")
"""Why pictures are refused whose disk or share may not be mounted."""
NEARLY_ALL = 0.9
FEWEST_MISSING = 8  # fewer may well be missing though their share is mounted
SAMPLED = 16


class PicturesAway(FindalikeError):
    """Picture files are missing because their disk or share is not mounted."""

    def __init__(self, address: str, missing: int, files: int) -> None:
        super().__init__(address, missing, files)
        self.address, self.missing, self.files = address, missing, files

    def __str__(self) -> str:
        return (
            f"{self.missing} of {self.files} picture files can't be read, {self.address} for one. "
            "Their disk or share seems to be away: mount it, and let the user that runs findalike "
            "read it; then run this again. No picture was marked as refused."
        )


def check_storage(
    session: Session, outcomes: Sequence[UsablePicture | RefusedPicture | LostPicture]
) -> None:
    """Raise where nearly all files of a batch are missing because their disk or share is.

    A sample of pictures that were usable before decides: where nearly all of it is missing too, the
    disk or share is. Where the catalogue has no usable picture yet, the batch decides, if enough of
    its files are missing.

    Args:
        session: Open session.
        outcomes: Of one batch; only files count, not what came over the network.

    Raises:
        PicturesAway: the disk or share is away; nothing is wrong with the pictures.
    """
    files = [part for part in outcomes if part.claim.fetched_sha256 is None]
    missing = [p for p in files if isinstance(p, RefusedPicture) and p.reason in REASONS]
    if not missing or len(missing) < NEARLY_ALL * len(files):
        return
    sample = _known_files(session, {part.claim.source for part in missing})
    gone = sum(not _is_readable(address) for address in sample)
    if gone >= NEARLY_ALL * len(sample) if sample else len(missing) >= FEWEST_MISSING:
        raise PicturesAway(missing[0].claim.address, len(missing), len(files))


def _known_files(session: Session, sources: set[str]) -> Sequence[str]:
    """Return the addresses of some files of these catalogues that were usable."""
    query = (
        select(ProductImage.address)
        .join(Product, Product.id == ProductImage.product_id)
        .where(
            Product.retired_at.is_(None),
            Product.source.in_(sources),
            ProductImage.state == "ready",
            ~REMOTE,
        )
        .order_by(ProductImage.sha256)  # as good as random, and indexed
        .limit(SAMPLED)
    )
    return session.scalars(query).all()


def _is_readable(address: str) -> bool:
    try:
        with Path(address).open("rb") as file:
            return bool(file.read(1))
    except OSError:
        return False
