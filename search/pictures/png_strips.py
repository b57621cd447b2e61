"""Large PNG files, decoded a strip of rows at a time, so that memory stays bounded.

Pillow decodes a PNG whole: 20,000 × 20,000 pixels take 1.6 GB. But in a PNG that is not interlaced,
a row depends on the row above it alone (PNG specification, third edition, section 9). So each
strip, with the row above it, becomes a small PNG that Pillow decodes. This does not work for
interlaced files and for 16-bit colour; `strips` returns None for them.
"""

import struct
import zlib
from collections.abc import Iterator
from io import BytesIO

from PIL import Image

STRIP_BYTES = 8_000_000

# (bit depth, colour type) -> (channels per pixel, Pillow mode, raw mode)
_LAYOUTS = {
    (1, 0): (1, "1", "1"),
    (2, 0): (1, "L", "L;2"),
    (4, 0): (1, "L", "L;4"),
    (8, 0): (1, "L", "L"),
    (16, 0): (1, "I;16", "I;16B"),
    (8, 2): (3, "RGB", "RGB"),
    (1, 3): (1, "P", "P;1"),
    (2, 3): (1, "P", "P;2"),
    (4, 3): (1, "P", "P;4"),
    (8, 3): (1, "P", "P"),
    (8, 4): (2, "LA", "LA"),
    (8, 6): (4, "RGBA", "RGBA"),
}
_COLOUR_TYPE_OF_BYTES_PER_PIXEL = {1: 0, 2: 4, 3: 2, 4: 6}


def strips(content: bytes, opened: Image.Image, step: int) -> Iterator[Image.Image] | None:
    """Decode a PNG from top to bottom in strips whose heights are multiples of `step`.

    Args:
        content: The file's bytes.
        opened: The same file as Pillow opened it, for its palette and transparency.
        step: Every strip but the last is a multiple of this many rows high.

    Returns:
        Strips in the file's own mode, or None where the file can't be read by strips.

    Raises:
        OSError: (while iterating) the file ends early or is damaged.
    """
    width, height, depth, colour_type, _, _, interlace = struct.unpack(">IIBBBBB", content[16:29])
    layout = _LAYOUTS.get((depth, colour_type))
    if layout is None or interlace:
        return None
    return _decode(content, opened, (width, height), depth, layout, step)


def _decode(
    content: bytes,
    opened: Image.Image,
    size: tuple[int, int],
    depth: int,
    layout: tuple[int, str, str],
    step: int,
) -> Iterator[Image.Image]:
    """Inflate, cut and decode strip after strip."""
    channels, mode, raw_mode = layout
    width, height = size
    row_bytes = (width * channels * depth + 7) // 8
    pixel_bytes = max(1, channels * depth // 8)
    rows_per_strip = max(1, STRIP_BYTES // row_bytes // step) * step
    above = bytes(row_bytes)
    inflated = _Inflated(content)
    for top in range(0, height, rows_per_strip):
        rows = min(rows_per_strip, height - top)
        scanlines = inflated.read(rows * (row_bytes + 1))
        raw = _unfilter(above, scanlines, rows, row_bytes, pixel_bytes)
        above = raw[-row_bytes:]
        strip = Image.frombytes(mode, (width, rows), raw, "raw", raw_mode)
        if mode == "P" and opened.palette is not None:
            strip.putpalette(opened.palette)
        if "transparency" in opened.info:
            strip.info["transparency"] = opened.info["transparency"]
        yield strip


def _unfilter(above: bytes, scanlines: bytes, rows: int, row_bytes: int, pixel_bytes: int) -> bytes:
    """Undo the row filters; return (rows * row_bytes) bytes, whatever pixels they stand for.

    Filters work on bytes, and need to know how many bytes a pixel has. So the strip is given to
    Pillow as 8-bit pixels of that many channels.
    """
    header = struct.pack(
        ">IIBBBBB",
        row_bytes // pixel_bytes,
        rows + 1,
        8,
        _COLOUR_TYPE_OF_BYTES_PER_PIXEL[pixel_bytes],
        0,
        0,
        0,
    )
    stored = zlib.compress(b"\x00" + above + scanlines, 0)
    png = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", stored)
    with Image.open(BytesIO(png + _chunk(b"IEND", b"")), formats=("PNG",)) as strip:
        return strip.tobytes()[row_bytes:]


def _chunk(kind: bytes, body: bytes) -> bytes:
    """Return one PNG chunk with its length and checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


class _Inflated:
    """The inflated scanlines of a PNG, read in pieces."""

    def __init__(self, content: bytes) -> None:
        self._chunks = _image_chunks(content)
        self._inflater = zlib.decompressobj()

    def read(self, n: int) -> bytes:
        """Return exactly n bytes, or raise OSError."""
        pieces: list[bytes] = []
        missing = n
        while missing:
            compressed: bytes | memoryview = self._inflater.unconsumed_tail
            if not compressed:
                compressed = next(self._chunks, b"")
            try:
                piece = self._inflater.decompress(compressed, missing)
            except zlib.error as error:
                raise OSError(f"broken PNG data: {error}") from error
            if not piece and not compressed:
                raise OSError("image file is truncated")
            pieces.append(piece)
            missing -= len(piece)
        return b"".join(pieces)


def _image_chunks(content: bytes) -> Iterator[memoryview]:
    """Yield the bodies of the IDAT chunks."""
    view, at = memoryview(content), 8
    while at + 12 <= len(content):
        length = int(struct.unpack(">I", content[at : at + 4])[0])
        if content[at + 4 : at + 8] == b"IDAT":
            yield view[at + 8 : min(at + 8 + length, len(content))]
        at += 12 + length
