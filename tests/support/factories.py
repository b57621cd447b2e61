"""Makes products, pictures and vectors for tests; the same arguments give the same results."""

import hashlib
from io import BytesIO
from itertools import count
from typing import Any

import numpy as np
from PIL import Image, ImageDraw
from sqlalchemy.orm import Session

from search.database.models import Product, ProductImage
from search.results import Embeddings

_numbers = count(1)

CATEGORIES = ("Home > Kitchen > Mugs", "Home > Lighting > Lamps", "Fashion > Shoes")
BRANDS = ("Aldern", "Bryx", "Corvo")
COLOURS = ("red", "green", "blue", "black")


def make_product(session: Session, **fields: Any) -> Product:
    """Add a product with all fields; `fields` replace the defaults."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "sku": f"SKU-{number:05d}",
        "title": f"Product {number}",
        "description": "",
        "brand": BRANDS[number % len(BRANDS)],
        "category": CATEGORIES[number % len(CATEGORIES)],
        "colour": COLOURS[number % len(COLOURS)],
        "price_cents": 100 * number,
        "currency": "EUR",
        "in_stock": True,
        "source": "test",
    }
    product = Product(**(values | fields))
    session.add(product)
    session.flush()
    return product


def make_image(session: Session, product: Product, **fields: Any) -> ProductImage:
    """Add a usable picture with unique content, at the end of a product's pictures."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "position": len(product.images),
        "address": f"/pictures/{number}.jpg",
        "fingerprint": f"size-{number}",
        "state": "ready",
        "sha256": hashlib.sha256(str(number).encode()).hexdigest(),
        "width_px": 64,
        "height_px": 48,
    }
    image = ProductImage(product=product, **(values | fields))
    session.add(image)
    session.flush()
    return image


def clustered_vectors(
    n: int, d: int = 64, *, clusters: int = 0, spread: float = 0.6, seed: int = 0
) -> Embeddings:
    """Return (n, d) float32 unit vectors that are distributed like real embeddings.

    Real ones crowd around kinds of things, share a common direction (the "cone" of a model) and
    spread unequally over dimensions; uniform noise would make any index look bad.

    Args:
        n: Rows.
        d: Dimensions.
        clusters: Kinds of things; 0 takes one per 40 rows.
        spread: Distance of members from the centre of their kind, relative to that between kinds.
        seed: Of the generator.
    """
    random = np.random.default_rng(seed)
    scale = 1.0 / np.sqrt(1 + np.arange(d) / 8)
    centres = random.standard_normal((clusters or max(2, n // 40), d)) * scale
    members = random.integers(len(centres), size=n)
    cone = random.standard_normal(d) * scale * 0.5
    rows = centres[members] + spread * random.standard_normal((n, d)) * scale + cone
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def make_picture(seed: int = 0, size: tuple[int, int] = (64, 48)) -> Image.Image:
    """Return a small RGB picture: a shape on a ground, both chosen by the seed."""
    random = np.random.default_rng(seed)
    ground, ink = (tuple(int(c) for c in random.integers(256, size=3)) for _ in range(2))
    image = Image.new("RGB", size, ground)
    w, h = size
    left, top = int(w * random.uniform(0.1, 0.3)), int(h * random.uniform(0.1, 0.3))
    corners = [left, top, max(left + 1, int(w * 0.8)), max(top + 1, int(h * 0.8))]
    pen = ImageDraw.Draw(image)
    draw = (pen.ellipse, pen.rectangle)[seed % 2]
    draw(corners, fill=ink)
    return image


def picture_bytes(
    seed: int = 0, size: tuple[int, int] = (64, 48), *, kind: str = "PNG", **options: Any
) -> bytes:
    """Return an encoded picture; `kind` and `options` are Pillow's format and save options."""
    content = BytesIO()
    make_picture(seed, size).save(content, format=kind, **options)
    return content.getvalue()
