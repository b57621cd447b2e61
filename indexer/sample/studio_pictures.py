"""The studio: turns a drawn thing into a picture with texture, soft edges and a shadow.

resvg renders the pen's sheets. Texture, rounding and shadows are added on arrays, because SVG
filters take ten times as long. It does not know what is being drawn.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import resvg_py
from PIL import Image, ImageChops, ImageFilter

from indexer.sample.materials import MATERIAL_CODES, TILE_PX, texture
from indexer.sample.palette import Rgb
from indexer.sample.svg_pen import SHEET, Pen

Plane = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Backdrop:
    """The paper behind a shop picture."""

    rgb: Rgb = (246, 246, 245)
    fall: float = 0.06  # how much darker the foot of the picture is


def render(
    pen: Pen, size_px: int, *, transform: str = "", seed: int = 0, side: float = -1.0
) -> Image.Image:
    """Return the drawn thing as an RGBA picture, textured and rounded, without a background.

    Args:
        pen: What was drawn.
        size_px: Side of the square picture.
        transform: An SVG transform of the whole drawing (turn, mirror, scale).
        seed: Shifts the textures, so that two pieces of the same cloth differ.
        side: Where light comes from in the picture, -1 left to 1 right.
    """
    colour = _rendered(pen.colour_svg(transform), size_px)
    codes = np.asarray(_rendered(pen.map_svg(transform), size_px, crisp=True))
    light = _texture_light(codes, seed) * _edge_light(codes, colour.getchannel("A"), side)
    if pen.relief:
        light *= _relief_light(_rendered(pen.relief_svg(transform), size_px // 2), size_px)
    pixels = np.asarray(colour).astype(np.float32)
    pixels[..., :3] *= light[..., None]
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8), "RGBA")


def _rendered(svg: str, size_px: int, *, crisp: bool = False) -> Image.Image:
    png = resvg_py.svg_to_bytes(
        svg_string=svg,
        width=size_px,
        height=size_px,
        skip_system_fonts=True,
        shape_rendering="crisp_edges" if crisp else "geometric_precision",
    )
    return Image.open(io.BytesIO(bytes(png))).convert("RGBA")


def _texture_light(codes: npt.NDArray[np.uint8], seed: int) -> Plane:
    """Return brightness factors from the textures named in the red channel."""
    size_px = codes.shape[0]
    light = np.ones((size_px, size_px), np.float32)
    red = np.where(codes[..., 3] > 127, codes[..., 0], 0)
    for code in np.unique(red):
        material = MATERIAL_CODES.get(int(code))
        if material is None or material.depth == 0:
            continue
        shift = (seed * 37 % TILE_PX, seed * 91 % TILE_PX)
        rows = (np.arange(size_px) + shift[0]) % TILE_PX
        columns = (np.arange(size_px) + shift[1]) % TILE_PX
        sheet = texture(material.texture)[rows[:, None], columns]
        light = np.where(red == code, 1 + np.float32(material.depth) * sheet, light)
    return light


def _edge_light(codes: npt.NDArray[np.uint8], alpha: Image.Image, side: float) -> Plane:
    """Return brightness factors that darken soft parts towards their edges."""
    size_px = codes.shape[0]
    part = codes[..., 1].astype(np.int16) * (codes[..., 3] > 127)
    edge = np.zeros((size_px, size_px), np.uint8)
    edge[:, 1:] = (part[:, 1:] != part[:, :-1]) * 255
    edge[1:] |= ((part[1:] != part[:-1]) * 255).astype(np.uint8)
    unit = size_px / SHEET
    picture = Image.fromarray(edge)
    near = np.asarray(picture.filter(ImageFilter.BoxBlur(3 * unit)), np.float32) / 255
    wide = np.asarray(picture.filter(ImageFilter.GaussianBlur(9 * unit)), np.float32) / 255
    soft = codes[..., 2].astype(np.float32) / 255
    light: Plane = 1 - soft * np.minimum(1.1 * near + 3.4 * wide, 0.55)
    shift = round(9 * unit)
    blurred = alpha.filter(ImageFilter.GaussianBlur(8 * unit))
    towards = _shifted(blurred, round(-side * shift), shift)
    away = _shifted(blurred, round(side * shift), -shift)
    rim = np.asarray(towards, np.float32) - np.asarray(away, np.float32)
    rounded: Plane = light * (1 + soft * np.clip(rim / 255, -1, 1) * 0.22)
    return rounded


def _shifted(picture: Image.Image, dx: int, dy: int) -> Image.Image:
    """Return the picture moved right and down, with black in the freed area."""
    moved = Image.new(picture.mode, picture.size)
    moved.paste(picture, (dx, dy))
    return moved


def _relief_light(relief: Image.Image, size_px: int) -> Plane:
    """Return brightness factors of blurred folds, computed at half the resolution."""
    grey = Image.new("RGBA", relief.size, (128, 128, 128, 255))
    grey.alpha_composite(relief)
    blurred = grey.convert("L").filter(ImageFilter.GaussianBlur(1.3 * size_px / SHEET))
    blurred = blurred.resize((size_px, size_px), Image.Resampling.BICUBIC)
    return 1 + (np.asarray(blurred, np.float32) - 128) / 210


def contact_shadow(thing: Image.Image, rest: str, side: float) -> Image.Image:
    """Return the strength (mode "L") of the shadow that a thing casts where it rests.

    Args:
        thing: RGBA picture of the thing.
        rest: "floor" for a thing that stands, "flat" for one that lies, "wall" for one that
            hangs clear of a wall.
        side: Where light comes from, -1 left to 1 right.
    """
    size = thing.size[0]
    small_px = size // 3
    alpha = thing.getchannel("A").resize((small_px, small_px), Image.Resampling.BOX)
    box = alpha.getbbox()
    shadow = Image.new("L", alpha.size)
    if box is None:
        return shadow.resize(thing.size)
    drop = round(-side * small_px * 0.03)
    if rest == "floor":
        foot = box[3]
        height = max(3, (foot - box[1]) // 8)
        cast = alpha.crop((box[0], box[1], box[2], foot)).resize((box[2] - box[0], height))
        shadow.paste(cast.point(lambda v: v * 0.42), (box[0] + drop, foot - round(height * 0.62)))
        shadow = shadow.filter(ImageFilter.GaussianBlur(small_px * 0.03))
        lowest = alpha.crop((box[0], foot - max(2, small_px // 26), box[2], foot))
        tight = Image.new("L", alpha.size)
        tight.paste(
            lowest.resize((box[2] - box[0], 4)).point(lambda v: v * 0.75), (box[0], foot - 2)
        )
        shadow = ImageChops.add(shadow, tight.filter(ImageFilter.GaussianBlur(small_px * 0.012)))
    else:
        depth = {"flat": 0.012, "wall": 0.045}[rest]
        offset = round(small_px * depth) + 1
        blurred = alpha.filter(ImageFilter.GaussianBlur(small_px * depth))
        shadow = _shifted(blurred, round(-side * offset), offset)
        shadow = shadow.point(lambda v: v * (0.42 if rest == "flat" else 0.26))
    return shadow.resize(thing.size, Image.Resampling.BICUBIC)


def photographed(
    thing: Image.Image, rest: str, side: float, backdrop: Backdrop | None = None
) -> Image.Image:
    """Return a shop picture (RGB): the thing on pale paper, with its shadow."""
    backdrop = backdrop or Backdrop()
    size = thing.size[0]
    fall = np.linspace(1.01, 1 - backdrop.fall, size, dtype=np.float32)
    across = 1 - 0.02 * np.abs(np.linspace(-1, 1, size, dtype=np.float32) + side * 0.4)
    paper = (fall[:, None] * across)[..., None] * np.asarray(backdrop.rgb, np.float32)
    shadow = np.asarray(contact_shadow(thing, rest, side), np.float32) / 255
    paper *= 1 - shadow[..., None] * np.asarray((0.92, 0.9, 0.86), np.float32)
    picture = Image.fromarray(np.clip(paper, 0, 255).astype(np.uint8), "RGB")
    picture.paste(thing, (0, 0), thing)
    return picture
