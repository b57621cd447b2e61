"""Soft colour histograms of a picture's likely foreground, for the embedded image tower.

ImageNet features are trained to ignore colour, but shoppers don't. Each pixel is shared among named
colours in CIELAB. Pixels that look like the picture's border count less.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor, nn

PALETTE: dict[str, tuple[int, int, int]] = {
    "black": (18, 18, 20),
    "charcoal": (58, 60, 64),
    "grey": (128, 128, 128),
    "silver": (186, 188, 192),
    "white": (246, 246, 246),
    "ivory": (244, 236, 214),
    "beige": (216, 196, 160),
    "tan": (190, 148, 104),
    "brown": (118, 74, 42),
    "dark brown": (66, 42, 28),
    "rust": (172, 80, 40),
    "orange": (240, 134, 36),
    "coral": (244, 122, 104),
    "red": (206, 34, 42),
    "burgundy": (116, 22, 40),
    "pink": (244, 166, 188),
    "hot pink": (226, 54, 134),
    "magenta": (170, 40, 130),
    "purple": (112, 52, 150),
    "lavender": (182, 164, 222),
    "navy": (24, 36, 84),
    "blue": (40, 84, 192),
    "denim": (74, 104, 150),
    "sky blue": (134, 186, 232),
    "teal": (22, 122, 128),
    "turquoise": (66, 196, 192),
    "mint": (166, 222, 190),
    "green": (46, 142, 66),
    "dark green": (26, 72, 44),
    "lime": (160, 206, 52),
    "olive": (112, 112, 48),
    "mustard": (204, 160, 40),
    "yellow": (248, 218, 60),
}
"""Names and sRGB values of the colours that pixels are shared among."""

_GRID = 28  # cells a side; finer grids cost time and changed nothing
_SOFTNESS = 11.0  # CIELAB units at which a pixel is shared between neighbouring colours
_BORDER = 2  # cells


def lab_from_srgb(rgb: Tensor) -> Tensor:
    """Convert sRGB in 0..1, channels last, to CIELAB (D65 white)."""
    linear = torch.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    to_xyz = rgb.new_tensor(
        [
            [0.4124564, 0.3575761, 0.1804375],
            [0.2126729, 0.7151522, 0.0721750],
            [0.0193339, 0.1191920, 0.9503041],
        ]
    )
    xyz = linear @ to_xyz.T / rgb.new_tensor([0.95047, 1.0, 1.08883])
    root = xyz.clamp(min=1e-6) ** (1 / 3)
    f = torch.where(xyz > 216 / 24389, root, (xyz * 24389 / 27 + 16) / 116)
    x, y, z = f.unbind(-1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=-1)


class ColourHistograms(nn.Module):
    """Square roots of three histograms over `PALETTE`: foreground, centre, whole picture."""

    mean: Tensor
    std: Tensor
    palette: Tensor
    centre: Tensor
    border: Tensor

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.dim = 3 * len(PALETTE)
        srgb = torch.tensor(list(PALETTE.values()), dtype=torch.float32) / 255
        axis = torch.linspace(-1, 1, _GRID)
        distance = axis[:, None] ** 2 + axis[None, :] ** 2
        edge = torch.zeros(_GRID, _GRID)
        edge[:_BORDER] = edge[-_BORDER:] = edge[:, :_BORDER] = edge[:, -_BORDER:] = 1
        constants = {
            "mean": torch.tensor(mean)[:, None, None],
            "std": torch.tensor(std)[:, None, None],
            "palette": lab_from_srgb(srgb),
            "centre": _shares(torch.exp(-distance / (2 * 0.45**2)).flatten()),
            "border": _shares(edge.flatten()),
        }
        for name, value in constants.items():
            self.register_buffer(name, value, persistent=False)

    def lab(self, x: Tensor) -> Tensor:
        """Return the colours of normalised pictures (n, 3, H, W), cell by cell: (n, g, g, 3)."""
        rgb = F.adaptive_avg_pool2d(x.float(), _GRID) * self.std + self.mean
        return lab_from_srgb(rgb.clamp(0, 1).permute(0, 2, 3, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Describe normalised pictures (n, 3, H, W) by (n, 3 · colours) values in 0..1."""
        with torch.autocast(x.device.type, enabled=False):
            lab = self.lab(x).flatten(1, 2)
            # A softmax of negative squared distances; the term that all colours share cancels out.
            nearness = lab @ self.palette.T - 0.5 * self.palette.square().sum(dim=1)
            shares = (nearness / _SOFTNESS**2).softmax(dim=2)  # (n, cells, colours)
            border = self.border @ shares
            likeness = (shares @ border[:, :, None])[:, :, 0]
            likeness = likeness / likeness.amax(dim=1, keepdim=True).clamp(min=1e-6)
            weight = self.centre * ((1 - likeness) ** 2 + 0.01)
            weight = weight / weight.sum(dim=1, keepdim=True)
            foreground = (weight[:, None, :] @ shares)[:, 0, :]
            centre = self.centre @ shares
            return torch.cat([foreground, centre, shares.mean(dim=1)], dim=1).clamp(min=1e-8).sqrt()


def _shares(weights: Tensor) -> Tensor:
    return weights / weights.sum()
