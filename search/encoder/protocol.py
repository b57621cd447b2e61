"""What the rest of the program needs of a model, whatever runs it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from PIL import Image

from search.encoder.local_features import EncodedPictures
from search.encoder.picture_preparation import Sides
from search.results import Embeddings

if TYPE_CHECKING:  # importing torch takes a second, which commands without a model are spared
    import torch


class PictureEncoder(Protocol):
    """What encoding a catalogue needs of a model: its picture half."""

    @property
    def side_px(self) -> int:
        """Longer side of the model's input, in pixels."""
        ...

    def preprocess(self, image: Image.Image) -> "torch.Tensor":
        """Turn a picture into the model's input, (3, H, W) uint8 or float32. Thread safe."""
        ...

    def describe_pixels(self, pixels: "torch.Tensor") -> EncodedPictures:
        """Describe preprocessed pictures (n, 3, H, W), n ≥ 1: vectors and local features.

        Raises:
            DeviceOutOfMemory: not even one picture fits into the device's memory.
        """
        ...


class Encoder(PictureEncoder, Protocol):
    """What the rest of the program needs of a model."""

    @property
    def tag(self) -> str:
        """The model tag: a short name and a fingerprint of weights and preprocessing."""
        ...

    @property
    def device(self) -> "torch.device":
        """The device that it runs on."""
        ...

    @property
    def dim(self) -> int:
        """Length d of every vector."""
        ...

    def visible(self, size: tuple[int, int]) -> Sides:
        """Return the part of a picture of this size (width, height) that the model sees."""
        ...

    def describe(self, images: Sequence[Image.Image]) -> EncodedPictures:
        """Describe n ≥ 1 pictures: vectors and local features."""
        ...

    def encode_images(self, images: Sequence[Image.Image]) -> Embeddings:
        """Encode n pictures as (n, d) float32 unit rows."""
        ...

    def encode_texts(self, texts: Sequence[str]) -> Embeddings:
        """Encode n texts as (n, d) float32 unit rows."""
        ...
