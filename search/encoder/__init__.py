"""Models that turn pictures and texts into unit vectors of one space.

Importing this package imports no torch; loading a model does. It also settles, before torch is
there, that threads which wait for each other sleep. OpenMP would let them spin, which takes the
cores from whatever else runs on the machine, decoding threads and other workers among it: beside
one busy process that made encoding many times slower.
"""

import os

from search.encoder.known_models import EMBEDDED_CHECKPOINT
from search.encoder.loading import load_encoder
from search.encoder.open_clip_encoder import OpenClipEncoder
from search.encoder.protocol import Encoder, PictureEncoder

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

__all__ = ["EMBEDDED_CHECKPOINT", "Encoder", "OpenClipEncoder", "PictureEncoder", "load_encoder"]
