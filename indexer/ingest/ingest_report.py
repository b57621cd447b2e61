"""What an ingest did, for people and for programs."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What an ingest did."""

    source: str
    rows: int  # rows read, refused ones included
    new: int  # products
    changed: int  # products, in themselves or in their pictures; returned ones among them
    unchanged: int
    refused: int  # rows
    retired: int  # products that the catalogue does not name any more
    returned: int  # products that were retired and are back
    images_new: int
    images_changed: int  # local files that are not what they were
    images_retried: int  # pictures that could not be used and are tried again
    images_removed: int
    elapsed_s: float
    refusals: dict[str, int] = field(default_factory=dict)  # rows refused, by reason
    remarks: dict[str, int] = field(default_factory=dict)  # rows taken in spite of, by reason

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return asdict(self)
