"""The structure of a picture: a perceptual hash that differs little between colours of one thing.

Photographed in the same pose, a thing gets darker and lighter at the same places whatever its
colour. The hash says where: the sign of each step between neighbours in a row, on a small grid
(difference hash, Krawetz 2013).
"""

import numpy as np
import numpy.typing as npt
from PIL import Image

SIDE = 16
BITS = SIDE * SIDE
SAME_FROM = 0.1
"""Share of bits that may differ between pictures of the same structure. Measured on drawn shops,
among things of one brand and category: 98% of the variants are within, and nothing else; one in
three hundred pairs is something else at 0.12."""


def structure_of(image: Image.Image) -> bytes:
    """Return the hash of an upright picture, BITS / 8 bytes."""
    small = image.convert("L").resize((SIDE + 1, SIDE), Image.Resampling.BOX, reducing_gap=2.0)
    steps = np.diff(np.asarray(small, dtype=np.int16), axis=1)
    return np.packbits(steps > 0).tobytes()


def same_structure(structures: list[bytes]) -> npt.NDArray[np.bool_]:
    """Return (n, n) which of n pictures have the same structure; the diagonal is True."""
    bits = np.frombuffer(b"".join(structures), dtype=np.uint64).reshape(len(structures), -1)
    differing = np.zeros((len(bits), len(bits)), dtype=np.uint16)
    for words in bits.T:
        differing += np.bitwise_count(words[:, None] ^ words[None, :])
    return np.asarray(differing <= SAME_FROM * BITS)
