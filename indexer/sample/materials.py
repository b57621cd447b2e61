"""Materials: how each shines, and its surface texture.

A texture is a seamless tile of brightness changes, made from seeded noise and cached as long as the
process runs. It refuses to draw shapes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

Tile = npt.NDArray[np.float32]
Field = npt.NDArray[np.floating[Any]]

TILE_PX = 256


@dataclass(frozen=True, slots=True)
class Material:
    """The surface of a material."""

    texture: str
    depth: float  # how much the texture changes brightness, 0..1
    gloss: float  # strength of the highlight, 0 (felt) .. 1 (chrome)


MATERIALS: dict[str, Material] = {
    "leather": Material("pebble", 0.075, 0.5),
    "suede": Material("nap", 0.09, 0.08),
    "velvet": Material("pile", 0.16, 0.42),
    "linen": Material("slub", 0.1, 0.05),
    "cotton": Material("weave", 0.07, 0.08),
    "canvas": Material("weave", 0.16, 0.04),
    "denim": Material("twill", 0.26, 0.05),
    "wool": Material("boucle", 0.2, 0.04),
    "knit": Material("knit", 0.34, 0.05),
    "felt": Material("nap", 0.11, 0.05),
    "silk": Material("smooth", 0.0, 0.7),
    "nylon": Material("ripstop", 0.12, 0.3),
    "jute": Material("braid", 0.36, 0.02),
    "rattan": Material("basket", 0.42, 0.12),
    "straw": Material("braid", 0.3, 0.08),
    "ceramic": Material("smooth", 0.0, 0.75),
    "stoneware": Material("speckle", 0.3, 0.25),
    "terracotta": Material("nap", 0.1, 0.06),
    "concrete": Material("cement", 0.22, 0.03),
    "glass": Material("smooth", 0.0, 1.0),
    "metal": Material("brushed", 0.012, 0.95),
    "brass": Material("brushed", 0.04, 1.0),
    "steel": Material("brushed", 0.05, 0.9),
    "enamel": Material("smooth", 0.0, 0.6),
    "wood": Material("grain", 0.24, 0.15),
    "lacquer": Material("grain", 0.07, 0.3),
    "timber": Material("upright grain", 0.2, 0.15),
    "marble": Material("vein", 0.34, 0.4),
    "plastic": Material("smooth", 0.0, 0.4),
    "rubber": Material("smooth", 0.0, 0.18),
    "paper": Material("weave", 0.05, 0.02),
    "leaf": Material("smooth", 0.0, 0.3),
}

CODES = {name: 3 * number + 3 for number, name in enumerate(sorted(MATERIALS))}
"""The number of a material in the map sheet's red channel."""

MATERIAL_CODES = {code: MATERIALS[name] for name, code in CODES.items()}


@cache
def texture(name: str) -> Tile:
    """Return the (256, 256) float32 tile of brightness changes, -1..1, mean about 0."""
    rng = np.random.default_rng(sum(map(ord, name)))
    tile = _FIELDS[name](rng)
    tile = tile - tile.mean()
    return np.asarray(tile / max(float(np.abs(tile).max()), 1e-6), np.float32)


def _noise(rng: np.random.Generator, across: float, down: float) -> Field:
    """Return seamless noise blurred by `across` and `down` pixels, unit deviation."""
    raw = rng.standard_normal((TILE_PX, TILE_PX))
    frequency = np.fft.fftfreq(TILE_PX)
    keep = np.exp(-2 * (np.pi * np.hypot(frequency * across, frequency[:, None] * down)) ** 2)
    blurred = np.fft.ifft2(np.fft.fft2(raw) * keep).real
    return np.asarray(blurred / blurred.std(), np.float32)


def _grain(rng: np.random.Generator, across: float, down: float) -> Field:
    """Return noise squeezed into -1..1."""
    return np.asarray(np.tanh(_noise(rng, across, down)))


def _creases(rng: np.random.Generator, across: float, down: float, thin: float) -> Field:
    """Return thin lines, 1 along them, where noise changes sign."""
    return np.asarray(np.exp(-thin * np.abs(_noise(rng, across, down))))


def _speckle(rng: np.random.Generator) -> Field:
    spots = _noise(rng, 1.0, 1.0)
    return np.where(spots > 2.0, -1.0, 0.06 * np.tanh(spots)).astype(np.float32)


def _vein(rng: np.random.Generator) -> Field:
    veins = _creases(rng, 16, 22, 9) + 0.5 * _creases(rng, 9, 7, 14)
    return np.asarray(-veins + 0.1 * _grain(rng, 20, 20))


def _wave(phase: Field) -> Field:
    """Return the sine as float32; the type of NumPy's own is too wide."""
    return np.asarray(np.sin(phase))


def _grid() -> tuple[Field, Field]:
    y, x = np.mgrid[0:TILE_PX, 0:TILE_PX].astype(np.float32)
    return x, y


def _weave(rng: np.random.Generator) -> Field:
    x, y = _grid()
    return _wave(x * np.pi / 2) * _wave(y * np.pi / 2) + 0.4 * _grain(rng, 1, 1)


def _slub(rng: np.random.Generator) -> Field:
    threads = _grain(rng, 14, 0.6) + _grain(rng, 0.6, 14)
    return threads.astype(np.float32)


def _twill(rng: np.random.Generator) -> Field:
    x, y = _grid()
    lines = _wave((x + y) * 2 * np.pi / 4)
    return np.asarray(lines * 0.5 + 0.5 * _grain(rng, 0.8, 5) + 0.3 * _grain(rng, 18, 26))


def _knit(rng: np.random.Generator) -> Field:
    x, y = _grid()
    column = np.abs((x % 8) - 4)
    loops = _wave((y + column * 1.4) * 2 * np.pi / 6.4) * 0.6
    gaps = -0.9 * np.exp(-((x % 8) ** 2) / 1.2)
    return np.asarray(loops + gaps + 0.15 * _grain(rng, 1, 1), np.float32)


def _ripstop(rng: np.random.Generator) -> Field:
    x, y = _grid()
    lines = (x % 8 < 1).astype(np.float32) + (y % 8 < 1)
    return (lines + 0.2 * _grain(rng, 1, 1)).astype(np.float32)


def _braid(rng: np.random.Generator) -> Field:
    x, y = _grid()
    rows = _wave(y * 2 * np.pi / 8)
    strands = _wave((x + 4 * (np.floor(y / 8) % 2)) * 2 * np.pi / 8 + rows)
    return np.asarray(0.7 * rows + 0.5 * strands + 0.4 * _grain(rng, 3, 1), np.float32)


def _basket(rng: np.random.Generator) -> Field:
    x, y = _grid()
    over = (np.floor(x / 16) + np.floor(y / 8)) % 2
    across = np.cos((y % 8 - 4) * np.pi / 8)
    along = np.cos((x % 16 - 8) * np.pi / 16)
    weave = np.where(over > 0, across, along * 0.8 - 0.3)
    return np.asarray(weave + 0.15 * _grain(rng, 2, 1), np.float32)


_FIELDS: dict[str, Callable[[np.random.Generator], Field]] = {
    "smooth": lambda _rng: np.zeros((TILE_PX, TILE_PX), np.float32),
    "pebble": lambda rng: 0.5 * _grain(rng, 1, 1) - _creases(rng, 1.5, 1.5, 4),
    "pile": lambda rng: 0.5 * _grain(rng, 9, 14) + 0.35 * _grain(rng, 0.7, 1.2),
    "boucle": lambda rng: _grain(rng, 1.0, 1.0) + 0.5 * _grain(rng, 0.5, 0.5),
    "brushed": lambda rng: _grain(rng, 24, 0.5),
    "cement": lambda rng: 0.6 * _grain(rng, 12, 12) + 0.4 * _grain(rng, 0.8, 0.8),
    "grain": lambda rng: 0.7 * _grain(rng, 40, 2.2) + 0.4 * _grain(rng, 16, 0.7),
    "upright grain": lambda _rng: texture("grain").T,
    "nap": lambda rng: _grain(rng, 1.0, 1.0) + 0.4 * _grain(rng, 8, 8),
    "speckle": _speckle,
    "vein": _vein,
    "weave": _weave,
    "slub": _slub,
    "twill": _twill,
    "knit": _knit,
    "ripstop": _ripstop,
    "braid": _braid,
    "basket": _basket,
}
