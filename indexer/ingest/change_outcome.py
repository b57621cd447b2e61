"""What became of one change of a product."""

from collections.abc import Sequence
from dataclasses import dataclass

from indexer.ingest.catalogue_row import Remark
from search.database.models import ProductChange


@dataclass(frozen=True, slots=True)
class ChangeOutcome:
    """A change that is settled."""

    change: ProductChange
    refusal: Remark | None = None  # None: it is done
    remarks: Sequence[Remark] = ()  # what was odd about one that is done
    sku: str | None = None  # of the product that may be other than before
