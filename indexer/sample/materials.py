"""What things are made of: how each material shines, and its surface texture.

A texture is a seamless tile of brightness changes, made from seeded noise, cached for the
life of the process. It refuses to draw shapes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

Tile = npt.NDArray[np.float32]

TILE_PX = 256


@dataclass(frozen=True, slots=True)
class Material:
    """How light and touch show on a material."""

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
"""What stands for a material in the map sheet's red channel."""

MATERIAL_CODES = {code: MATERIALS[name] for name, code in CODES.items()}


@cache
def texture(name: str) -> Tile:
    """Return the (256, 256) float32 tile of brightness changes, -1..1, mean about 0."""
    rng = np.random.default_rng(sum(map(ord, name)))
    if name == "smooth":
        return np.zeros((TILE_PX, TILE_PX), np.float32)
    tile = _WEAVES[name](rng) if name in _WEAVES else _noise_texture(name, rng)
    tile = tile - tile.mean()
    return (tile / max(float(np.abs(tile).max()), 1e-6)).astype(np.float32)


def _noise(rng: np.random.Generator, across: float, down: float) -> Tile:
    """Return seamless noise blurred by `across` and `down` pixels, unit deviation."""
    raw = rng.standard_normal((TILE_PX, TILE_PX))
    frequency = np.fft.fftfreq(TILE_PX)
    keep = np.exp(-2 * (np.pi * np.hypot(frequency * across, frequency[:, None] * down)) ** 2)
    blurred = np.fft.ifft2(np.fft.fft2(raw) * keep).real
    return (blurred / blurred.std()).astype(np.float32)


def _noise_texture(name: str, rng: np.random.Generator) -> Tile:
    if name == "pebble":
        return 0.5 * np.tanh(_noise(rng, 1, 1)) - np.exp(-4 * np.abs(_noise(rng, 1.5, 1.5)))
    if name == "pile":
        return 0.5 * np.tanh(_noise(rng, 9, 14)) + 0.35 * np.tanh(_noise(rng, 0.7, 1.2))
    if name == "boucle":
        return np.tanh(_noise(rng, 1.0, 1.0)) + 0.5 * np.tanh(_noise(rng, 0.5, 0.5))
    if name == "brushed":
        return np.tanh(_noise(rng, 24, 0.5))
    if name == "speckle":
        spots = _noise(rng, 1.0, 1.0)
        return np.where(spots > 2.0, -1.0, 0.06 * np.tanh(spots)).astype(np.float32)
    if name == "cement":
        return 0.6 * np.tanh(_noise(rng, 12, 12)) + 0.4 * np.tanh(_noise(rng, 0.8, 0.8))
    if name == "vein":
        veins = np.exp(-9 * np.abs(_noise(rng, 16, 22))) + 0.5 * np.exp(
            -14 * np.abs(_noise(rng, 9, 7))
        )
        return (-veins + 0.1 * np.tanh(_noise(rng, 20, 20))).astype(np.float32)
    if name == "upright grain":
        return texture("grain").T
    if name == "grain":
        return 0.7 * np.tanh(_noise(rng, 40, 2.2)) + 0.4 * np.tanh(_noise(rng, 16, 0.7))
    return np.tanh(_noise(rng, 1.0, 1.0)) + 0.4 * np.tanh(_noise(rng, 8, 8))  # nap


def _grid() -> tuple[Tile, Tile]:
    y, x = np.mgrid[0:TILE_PX, 0:TILE_PX].astype(np.float32)
    return x, y


def _weave(rng: np.random.Generator) -> Tile:
    x, y = _grid()
    return np.sin(x * np.pi / 2) * np.sin(y * np.pi / 2) + 0.4 * np.tanh(_noise(rng, 1, 1))


def _slub(rng: np.random.Generator) -> Tile:
    threads = np.tanh(_noise(rng, 14, 0.6)) + np.tanh(_noise(rng, 0.6, 14))
    return threads.astype(np.float32)


def _twill(rng: np.random.Generator) -> Tile:
    x, y = _grid()
    lines = np.sin((x + y) * 2 * np.pi / 4)
    return lines * 0.5 + 0.5 * np.tanh(_noise(rng, 0.8, 5)) + 0.3 * np.tanh(_noise(rng, 18, 26))


def _knit(rng: np.random.Generator) -> Tile:
    x, y = _grid()
    column = np.abs((x % 8) - 4)
    loops = np.sin((y + column * 1.4) * 2 * np.pi / 6.4) * 0.6
    gaps = -0.9 * np.exp(-((x % 8) ** 2) / 1.2)
    return (loops + gaps + 0.15 * np.tanh(_noise(rng, 1, 1))).astype(np.float32)


def _ripstop(rng: np.random.Generator) -> Tile:
    x, y = _grid()
    lines = (x % 8 < 1).astype(np.float32) + (y % 8 < 1)
    return (lines + 0.2 * np.tanh(_noise(rng, 1, 1))).astype(np.float32)


def _braid(rng: np.random.Generator) -> Tile:
    x, y = _grid()
    rows = np.sin(y * 2 * np.pi / 8)
    strands = np.sin((x + 4 * (np.floor(y / 8) % 2)) * 2 * np.pi / 8 + rows)
    return (0.7 * rows + 0.5 * strands + 0.4 * np.tanh(_noise(rng, 3, 1))).astype(np.float32)


def _basket(rng: np.random.Generator) -> Tile:
    x, y = _grid()
    over = (np.floor(x / 16) + np.floor(y / 8)) % 2
    across = np.cos((y % 8 - 4) * np.pi / 8)
    along = np.cos((x % 16 - 8) * np.pi / 16)
    weave = np.where(over > 0, across, along * 0.8 - 0.3)
    return (weave + 0.15 * np.tanh(_noise(rng, 2, 1))).astype(np.float32)


_WEAVES = {
    "weave": _weave,
    "slub": _slub,
    "twill": _twill,
    "knit": _knit,
    "ripstop": _ripstop,
    "braid": _braid,
    "basket": _basket,
}
