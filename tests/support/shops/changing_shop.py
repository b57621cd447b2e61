"""A shop with a live generation that tests change, to make deltas."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from indexer.building.build_generation import build_generation
from indexer.delta.delta_writer import DeltaWriter
from search.database.connection import session_scope
from search.database.models import GenerationRow, Product, ProductImage
from search.encoder import Encoder
from search.index.delta_files import Delta, lay_over, load_delta
from search.index.generation_files import Generation, load_generation
from search.live.live_pointer import live_pointer
from search.publication.publishing import publish
from search.settings import Settings
from tests.support.shops.encoded_shop import fill_shop, product_of

Change = Callable[[Session], object]


class ChangingShop:
    """A shop with a live generation, and ways to change it."""

    def __init__(self, database: Engine, settings: Settings, encoder: Encoder) -> None:
        self.database, self.settings, self.encoder = database, settings, encoder
        self.writer = DeltaWriter(database, settings)

    def fill(self, n: int, first: int = 0) -> None:
        """Add n products, encoded."""
        fill_shop(self.database, self.settings, self.encoder.tag, n, first=first)

    def build(self) -> int:
        """Build a generation; return its id."""
        return build_generation(self.database, self.settings, self.encoder)

    def publish(self) -> int:
        """Build and publish a generation."""
        return publish(self.database, self.settings, self.build())

    def change(self, change: Change) -> None:
        """Run a function in a transaction."""
        with session_scope(self.database) as session:
            change(session)

    def product(self, number: int, **values: object) -> None:
        """Change fields of a product."""
        of = update(Product).where(Product.sku == f"SHOP-{number:05d}")
        self.change(lambda session: session.execute(of.values(**values)))

    def picture(self, number: int, **values: object) -> None:
        """Change fields of a picture."""
        of = update(ProductImage).where(ProductImage.address == f"/shop/{number}.jpg")
        self.change(lambda session: session.execute(of.values(**values)))

    def retire(self, number: int) -> None:
        """Retire a product."""
        self.product(number, retired_at=datetime.now(UTC))

    def id(self, number: int) -> int:
        """Return the id of a product."""
        return product_of(self.database, number)

    def pointed(self) -> str | None:
        """Return the directory of the delta that searchers see."""
        with session_scope(self.database) as session:
            live = live_pointer(session)
        return None if live is None else live.delta

    @property
    def deltas(self) -> Path:
        """The folder of the live generation's deltas."""
        return self.settings.root / "deltas"

    def delta(self) -> Delta:
        """Return the delta that searchers see."""
        name = self.pointed()
        assert name is not None
        return load_delta(self.deltas / name)

    def generation(self, generation_id: int) -> Generation:
        """Load a generation without its delta."""
        with session_scope(self.database) as session:
            directory = session.get_one(GenerationRow, generation_id).directory
        return load_generation(self.settings.root / "generations" / directory, generation_id)

    def searched(self) -> Generation:
        """Return the live generation with its delta, as searchers see it."""
        with session_scope(self.database) as session:
            live = session.scalars(
                select(GenerationRow.id).where(GenerationRow.state == "live")
            ).one()
        base = self.generation(live)
        return base if self.pointed() is None else lay_over(base, self.delta())
