"""The report of an ingest, for people and for programs."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What an ingest did, in numbers."""

    source: str
    rows: int  # rows read, refused ones included
    new: int  # products
    changed: int  # products, by their fields or their pictures; returned ones among them
    unchanged: int
    refused: int  # rows
    retired: int  # products that the catalogue no longer names
    returned: int  # products that were retired and that it names again
    images_new: int
    images_changed: int  # local files whose content has changed
    images_retried: int  # pictures that could not be used and will be tried again
    images_removed: int
    elapsed_s: float
    refusals: dict[str, int] = field(default_factory=dict)  # rows refused, by reason
    remarks: dict[str, int] = field(default_factory=dict)  # odd rows taken all the same, by reason

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return asdict(self)
