"""Models that turn pictures and texts into unit vectors of one space.

Importing this package does not import torch; loading a model does. This package also sets
`OMP_WAIT_POLICY`, which OpenMP reads when torch is imported. Threads that wait for each other then
sleep. By default they spin, and take the cores from decoding threads and other workers: beside one
busy process, encoding was many times slower.
"""

import os

from search.encoder.known_models import EMBEDDED_CHECKPOINT
from search.encoder.loading import load_encoder
from search.encoder.open_clip_encoder import OpenClipEncoder
from search.encoder.protocol import Encoder, PictureEncoder

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

__all__ = ["EMBEDDED_CHECKPOINT", "Encoder", "OpenClipEncoder", "PictureEncoder", "load_encoder"]
