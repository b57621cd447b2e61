"""What became of pictures: usable, refused or lost. Written to their rows and the quarantine."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from indexer.pictures.encode_claims import Claim
from search.database.models import ProductImage, Quarantine

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class UsablePicture:
    """A picture that can be used."""

    claim: Claim
    sha256: str
    width_px: int  # of the original, upright
    height_px: int
    colours: dict[str, float]  # share by name of what it shows
    structure: bytes


@dataclass(frozen=True, slots=True)
class RefusedPicture:
    """A picture that can't be used, and why."""

    claim: Claim
    sha256: str | None  # None where there were no bytes
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class LostPicture:
    """A picture that was fetched but is missing in the spool."""

    claim: Claim


def stamp(
    session: Session, usable: Sequence[UsablePicture], refused: Sequence[RefusedPicture]
) -> None:
    """Write what became of pictures: their state, and quarantine entries for refused ones.

    Earlier entries are replaced, so a picture that is usable now leaves the quarantine.
    """
    now = datetime.now(UTC)
    stamps = [
        {
            "id": part.claim.image_id,
            "state": "ready",
            "sha256": part.sha256,
            "width_px": part.width_px,
            "height_px": part.height_px,
            "colours": part.colours,
            "structure": part.structure,
            "error": None,
            "fetched_sha256": None,
            "updated_at": now,
        }
        for part in usable
    ] + [
        {
            "id": part.claim.image_id,
            "state": "failed",
            "sha256": part.sha256,
            "width_px": None,
            "height_px": None,
            "colours": None,
            "structure": None,
            "error": part.detail,
            "fetched_sha256": None,
            "updated_at": now,
        }
        for part in refused
    ]
    if not stamps:
        return
    session.execute(update(ProductImage), stamps)
    ids = [stamped["id"] for stamped in stamps]
    session.execute(delete(Quarantine).where(Quarantine.product_image_id.in_(ids)))
    session.add_all(_entry(part.claim, part) for part in refused)
    session.flush()


def log_refused(job_id: int, refused: Sequence[RefusedPicture]) -> None:
    """Log refused pictures, each by its id, so that it can be followed through the log."""
    for part in refused:
        log.info(
            "picture_refused",
            job_id=job_id,
            image_id=part.claim.image_id,
            sku=part.claim.sku,
            reason=part.reason,
            detail=part.detail,
        )


def fetch_again(session: Session, image_ids: Sequence[int]) -> None:
    """Have pictures that the spool has lost fetched again."""
    session.execute(
        update(ProductImage)
        .where(ProductImage.id.in_(image_ids))
        .values(fetched_sha256=None)
        .execution_options(synchronize_session=False)
    )


def _entry(claim: Claim, refused: RefusedPicture) -> Quarantine:
    return Quarantine(
        kind="image",
        source=claim.source,
        sku=claim.sku,
        address=claim.address,
        product_image_id=claim.image_id,
        reason=refused.reason,
        detail=refused.detail,
    )
