"""What became of pictures: usable, refused or lost; written to their rows and to quarantine."""

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
    """A picture that was fetched and is not in the spool any more."""

    claim: Claim


def stamp(
    session: Session, seen: Sequence[UsablePicture], refused: Sequence[RefusedPicture]
) -> None:
    """Write what became of pictures: their state, and quarantine entries for refused ones.

    Entries of before are replaced, so a picture that works now is in quarantine no more.
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
        for part in seen
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


def tell_refused(job_id: int, refused: Sequence[RefusedPicture]) -> None:
    """Log refusals; pictures by number, so that one can be followed through all lines."""
    for part in refused:
        log.info(
            "picture_refused",
            job_id=job_id,
            image_id=part.claim.image_id,
            sku=part.claim.sku,
            reason=part.reason,
            detail=part.detail,
        )


def unfetch(session: Session, image_ids: Sequence[int]) -> None:
    """Have pictures fetched again that the spool has lost."""
    session.execute(
        update(ProductImage)
        .where(ProductImage.id.in_(image_ids))
        .values(fetched_sha256=None)
        .execution_options(synchronize_session=False)
    )


def _entry(held: Claim, refused: RefusedPicture) -> Quarantine:
    return Quarantine(
        kind="image",
        source=held.source,
        sku=held.sku,
        address=held.address,
        product_image_id=held.image_id,
        reason=refused.reason,
        detail=refused.detail,
    )
