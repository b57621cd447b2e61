"""Models that turn pictures and texts into unit vectors of one space.

Importing this package imports no torch; loading a model does.
"""

from search.encoder.loading import EMBEDDED_CHECKPOINT, load_encoder
from search.encoder.open_clip_encoder import OpenClipEncoder
from search.encoder.protocol import Encoder

__all__ = ["EMBEDDED_CHECKPOINT", "Encoder", "OpenClipEncoder", "load_encoder"]
