"""The outcome of one change of a product."""

from collections.abc import Sequence
from dataclasses import dataclass

from indexer.ingest.catalogue_row import Remark
from search.database.models import ProductChange


@dataclass(frozen=True, slots=True)
class ChangeOutcome:
    """A settled change: done or refused."""

    change: ProductChange
    refusal: Remark | None = None  # None: it is done
    remarks: Sequence[Remark] = ()  # what was odd about a change that is done
    sku: str | None = None  # of the product that may have changed; None: none has
