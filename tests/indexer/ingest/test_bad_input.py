"""A shop with every kind of bad input: each is handled or refused, and the rest is ingested."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
from PIL import Image
from sqlalchemy import Engine, select

from indexer.ingest.ingest_run import ingest
from indexer.pictures.local_files import read_file
from search.database.connection import session_scope
from search.database.models import Product, ProductImage, Quarantine
from search.errors import UnusablePicture
from search.pictures.decoding import decode_picture
from search.settings import Settings

COLUMNS = "sku,title,price,in_stock,image"


def photo(size: tuple[int, int] = (80, 60)) -> Image.Image:
    """A dark picture with a light left half."""
    image = Image.new("RGB", size, (40, 40, 90))
    image.paste((220, 220, 200), (0, 0, size[0] // 2, size[1]))
    return image


def saved(image: Image.Image, format: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def heic() -> bytes:
    out = io.BytesIO()
    pillow_heif.from_pillow(photo()).save(out, quality=95)
    return out.getvalue()


def lying_on_its_side() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return saved(photo().transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif)


def bomb() -> bytes:
    """A PNG whose header promises 1.6 billion pixels; its checksum is right."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", 40_000, 40_000, 8, 2, 0, 0, 0)
    header = saved(photo(), "PNG")[:12] + chunk + struct.pack(">I", zlib.crc32(chunk))
    return header + saved(photo(), "PNG")[33:]


def deep(format: str) -> bytes:
    half = np.where(np.arange(80) < 40, 55_000, 10_000).astype(np.uint16)
    return saved(Image.fromarray(half[None].repeat(60, 0)), format)


USABLE: dict[str, Callable[[], bytes]] = {
    "plain.jpg": lambda: saved(photo(), "JPEG"),
    "cmyk.jpg": lambda: saved(photo().convert("CMYK"), "JPEG"),
    "sixteen-bit.png": lambda: deep("PNG"),
    "sixteen-bit.tif": lambda: deep("TIFF"),
    "palette.png": lambda: saved(photo().quantize(4), "PNG"),
    "palette-clear.gif": lambda: saved(photo().quantize(4), "GIF", transparency=255),
    "one-bit.png": lambda: saved(photo().convert("1", dither=Image.Dither.NONE), "PNG"),
    "grey-alpha.png": lambda: saved(photo().convert("LA"), "PNG"),
    "animated.gif": lambda: saved(
        photo(), "GIF", save_all=True, append_images=[Image.new("RGB", (80, 60), "red")]
    ),
    "animated.webp": lambda: saved(
        photo(), "WEBP", save_all=True, append_images=[Image.new("RGB", (80, 60), "red")]
    ),
    "animated.png": lambda: saved(
        photo(), "PNG", save_all=True, append_images=[Image.new("RGB", (80, 60), "red")]
    ),
    "heic-named.jpg": heic,
    "avif-named.jpg": lambda: saved(photo(), "AVIF"),
    "rotated.jpg": lying_on_its_side,
    "wide.jpg": lambda: saved(photo((20_000, 1_000)), "JPEG"),
    "wide.png": lambda: saved(photo((20_000, 2_500)), "PNG", compress_level=1),
}
REFUSED: dict[str, tuple[str, Callable[[], bytes]]] = {
    "truncated.jpg": ("truncated", lambda: saved(photo((600, 400)), "JPEG", quality=95)[:3000]),
    "truncated.png": ("truncated", lambda: saved(photo((600, 400)), "PNG")[:-60]),
    "zero-bytes.jpg": ("empty", lambda: b""),
    "page.jpg": ("not_a_picture", lambda: b"<!doctype html><html><body>gone</body></html>"),
    "drawing.jpg": ("not_a_picture", lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
    "leaflet.jpg": ("not_a_picture", lambda: b"%PDF-1.4\n%%EOF"),
    "words.jpg": ("not_a_picture", lambda: b"to do: take a photo\n"),
    "pixel.gif": ("too_small", lambda: saved(Image.new("RGB", (1, 1)), "GIF")),
    "line.png": ("too_small", lambda: saved(Image.new("RGB", (4000, 10)), "PNG")),
    "bomb.png": ("too_large", bomb),
}
BAD_ROWS: list[tuple[bytes, str | None, str]] = [
    (b"plain,Duplicate,1,1,plain.jpg", "plain", "duplicate_sku"),
    (b"no-title,  ,1,1,plain.jpg", "no-title", "empty_title"),
    (b",No sku,1,1,plain.jpg", None, "no_sku"),
    (b"negative,Lamp,-5.00,1,plain.jpg", "negative", "negative_price"),
    (b"latin,Caf\xe9,1,1,plain.jpg", "latin", "bad_utf8"),
    (b"bare,Lamp,1,1,", "bare", "no_image"),
    (b"ftp,Lamp,1,1,ftp://shop.example/x.jpg", "ftp", "no_image"),
    (b"inline,Lamp,1,1,data:image/png;base64", "inline", "no_image"),
    (b"nul,La\x00mp,1,1,plain.jpg", "nul", "nul_byte"),
    (b"long," + b"x" * 600 + b",1,1,plain.jpg", "long", "too_long"),
    (b"s" * 300 + b",Lamp,1,1,plain.jpg", "s" * 200, "too_long"),
    (b"shifted,Lamp, large,1,1,plain.jpg", "shifted", "column_count"),
    (b'open,"Lamp,1,1,plain.jpg', None, "unclosed_quote"),
]
REMARKS: list[tuple[bytes, str, str]] = [
    (b"asking,Lamp,price on request,1,plain.jpg", "asking", "odd_price"),
    (b"maybe,Lamp,1,perhaps,plain.jpg", "maybe", "odd_stock"),
    (b"partly,Lamp,1,1,plain.jpg|ftp://x/y.jpg", "partly", "bad_address"),
]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue with a product for each bad picture, and with all bad rows."""
    folder = tmp_path_factory.mktemp("shop")
    for name, make in (USABLE | {name: make for name, (_, make) in REFUSED.items()}).items():
        (folder / name).write_bytes(make())
    pictures = [*USABLE, *REFUSED, "not-there.jpg"]
    rows = [f"{Path(name).stem},Thing,1,1,{name}".encode() for name in pictures[:1]]
    rows += [row for row, _, _ in BAD_ROWS] + [row for row, _, _ in REMARKS]
    rows += [f"{name},Thing,1,1,{name}".encode() for name in pictures[1:]]
    (folder / "catalogue.csv").write_bytes(b"\n".join([COLUMNS.encode(), *rows]) + b"\n")
    return folder


def test_every_bad_row_is_quarantined_and_stops_nothing(
    shop: Path, database: Engine, settings: Settings
) -> None:
    report = ingest(database, shop, settings)

    with session_scope(database) as session:
        skus = set(session.scalars(select(Product.sku)))
        found = session.scalars(select(Quarantine).order_by(Quarantine.line))
        refused = [(row.line, row.sku, row.reason) for row in found]
        assert all(len(row.detail) > 20 for row in session.scalars(select(Quarantine)))
    expected = [(sku, reason) for _, sku, reason in [*BAD_ROWS, *REMARKS]]
    assert refused == [(line, *why) for line, why in enumerate(expected, 3)]
    taken = {name for name in [*USABLE, *REFUSED, "not-there.jpg"] if name != "plain.jpg"}
    assert skus == taken | {"plain", "asking", "maybe", "partly"}
    assert report.refused == len(BAD_ROWS)
    assert report.rows == len(BAD_ROWS) + len(REMARKS) + len(USABLE) + len(REFUSED) + 1
    assert sum(report.remarks.values()) == len(REMARKS)


def test_every_bad_picture_is_decoded_or_refused_with_a_reason(
    shop: Path, database: Engine, settings: Settings
) -> None:
    ingest(database, shop, settings)
    with session_scope(database) as session:
        addresses = sorted(set(session.scalars(select(ProductImage.address))))
    outcome: dict[str, str] = {}
    for address in addresses:
        try:
            image = decode_picture(
                read_file(address, settings.max_image_bytes),
                max_pixels=settings.max_image_pixels,
                max_side_px=512,
            )
        except UnusablePicture as refused:
            outcome[Path(address).name] = refused.reason
            continue
        left, right = (
            sum(image.getpixel((image.width * x // 4, image.height // 2)))  # type: ignore[arg-type]
            for x in (1, 3)
        )
        outcome[Path(address).name] = "usable" if left > right + 200 else "wrong"

    assert outcome == (
        dict.fromkeys(USABLE, "usable")
        | {name: reason for name, (reason, _) in REFUSED.items()}
        | {"not-there.jpg": "missing_file"}
    )
