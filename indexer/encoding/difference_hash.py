"""The structure of a picture: a perceptual hash that is nearly the same for all colours of a
product.

Photographed in the same pose, a product gets darker and lighter at the same places whatever its
colour. The hash says where: the sign of each step between neighbours in a row of a small grid
(difference hash, Krawetz 2013).
"""

import numpy as np
import numpy.typing as npt
from PIL import Image

SIDE = 16
BITS = SIDE * SIDE
MOST_DIFFERING = 0.1
"""Share of bits that may differ between pictures of the same structure. Measured on drawn shops,
between products of one brand and category: 98% of the variants differ by less, and nothing else
does. At 0.12 one in three hundred pairs is no variant."""


def structure_of(image: Image.Image) -> bytes:
    """Return the hash of an upright picture, BITS / 8 bytes."""
    small = image.convert("L").resize((SIDE + 1, SIDE), Image.Resampling.BOX, reducing_gap=2.0)
    steps = np.diff(np.asarray(small, dtype=np.int16), axis=1)
    return np.packbits(steps > 0).tobytes()


def same_structure(structures: list[bytes]) -> npt.NDArray[np.bool_]:
    """Return (n, n) bool: which of n pictures have the same structure. The diagonal is True."""
    bits = np.frombuffer(b"".join(structures), dtype=np.uint64).reshape(len(structures), -1)
    differing = np.zeros((len(bits), len(bits)), dtype=np.uint16)
    for words in bits.T:
        differing += np.bitwise_count(words[:, None] ^ words[None, :])
    return np.asarray(differing <= MOST_DIFFERING * BITS)
