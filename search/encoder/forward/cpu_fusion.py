"""Rewrites a loaded model's image tower so that a CPU runs it faster, with the same vectors.

Two things make the difference. A convolution, its frozen batch norm and its activation become one
oneDNN kernel, so that a feature map is written once instead of three times. And where the processor
multiplies bfloat16 natively, matrices are stored and multiplied in bfloat16.

The result is checked: both towers encode probe pictures, and their vectors are compared. A tower
that can't be rewritten, or that would return other vectors, stays as it was.
"""

import copy
from collections.abc import Iterator
from typing import Any

import structlog
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor, nn
from torch.nn.utils import fuse_conv_bn_eval

log = structlog.get_logger()

LEAST_COSINE = 0.995
"""Least cosine similarity to the float32 tower, over all probe pictures."""
EXACT_CONVOLUTIONS = 3
"""The first convolutions stay in float32: few weights see each pixel there, so their rounding
does not average out (EfficientNet-Lite2: least cosine 0.988 without, 0.999 with)."""
PROBES = 2

_KERNELS: dict[type[nn.Module], tuple[str, list[float]]] = {
    nn.Identity: ("none", []),
    nn.ReLU: ("relu", []),
    nn.ReLU6: ("hardtanh", [0.0, 6.0]),
    nn.SiLU: ("swish", []),
    nn.Hardswish: ("hardswish", []),
}
"""Activations that oneDNN computes while it writes a convolution's result."""


class FusedConvolution(nn.Module):
    """A convolution, its frozen batch norm and an activation in one oneDNN kernel.

    Args:
        convolution: A `Conv2d`, or timm's variant with TensorFlow's padding.
        norm: The batch norm after it, in evaluation mode.
        activation: What follows the norm; one of `_KERNELS`.
        dtype: What weights, input and output are held in; sums are float32.
    """

    def __init__(
        self,
        convolution: nn.Conv2d,
        norm: nn.BatchNorm2d,
        activation: nn.Module,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        joined: nn.Conv2d = fuse_conv_bn_eval(convolution, norm)
        weight, bias = joined.weight.detach(), joined.bias
        if bias is None:  # not after a fusion; for the type checker
            raise TypeError("a fused convolution has a bias")
        self.dtype = dtype
        self.stride, self.dilation = list(convolution.stride), list(convolution.dilation)
        self.groups = convolution.groups
        self.like_tensorflow = _pads_like_tensorflow(convolution)
        self.reach = [
            (kernel - 1) * spread + 1
            for kernel, spread in zip(convolution.kernel_size, self.dilation, strict=True)
        ]
        self.padding = [] if self.like_tensorflow else [int(side) for side in convolution.padding]
        self.weight = self._held(weight)
        # With a row and a column of zeros before the kernel, an even border does the work of an
        # uneven one. So the input need not be copied into a larger frame.
        self.shifted = self._held(F.pad(weight, [1, 0, 1, 0])) if self._may_shift() else None
        self.bias = nn.Parameter(bias.detach().to(dtype), requires_grad=False)
        self.kind, self.bounds = _KERNELS[type(activation)]

    def _held(self, weight: Tensor) -> nn.Parameter:
        held = weight.to(self.dtype).contiguous(memory_format=torch.channels_last)
        return nn.Parameter(held, requires_grad=False)

    def _may_shift(self) -> bool:
        return self.like_tensorflow and self.dilation == [1, 1] and max(self.stride) > 1

    def forward(self, x: Tensor) -> Tensor:
        """Convolve (n, c, h, w) of any floating type."""
        x, weight, padding = x.to(self.dtype), self.weight, self.padding
        if self.like_tensorflow:
            down, right = self._borders(x)
            if down % 2 == right % 2 == 0:
                padding = [down // 2, right // 2]
            elif self.shifted is not None and down % 2 == right % 2 == 1:
                weight, padding = self.shifted, [down // 2 + 1, right // 2 + 1]
            else:
                x = F.pad(x, [right // 2, right - right // 2, down // 2, down - down // 2])
                padding = [0, 0]
        result: Tensor = torch.ops.mkldnn._convolution_pointwise(
            x,
            weight,
            self.bias,
            padding,
            self.stride,
            self.dilation,
            self.groups,
            self.kind,
            self.bounds,
            "",
        )
        return result

    def _borders(self, x: Tensor) -> tuple[int, int]:
        """Return TensorFlow's whole border, down and right; its lower and right half is larger."""
        down, right = (
            max((-(-size // step) - 1) * step + reach - size, 0)
            for size, step, reach in zip(x.shape[-2:], self.stride, self.reach, strict=True)
        )
        return down, right


class InBfloat16(nn.Module):
    """Runs a tower whose weights are bfloat16 on float32 pictures."""

    def __init__(self, tower: nn.Module) -> None:
        super().__init__()
        self.tower = tower

    def forward(self, x: Tensor) -> Any:  # noqa: ANN401 - some towers return more than a tensor
        """Encode (n, 3, H, W) float32; whatever the tower returns."""
        with torch.autocast("cpu", torch.bfloat16):
            return self.tower(x)

    def forward_intermediates(self, x: Tensor, **settings: object) -> Any:  # noqa: ANN401
        """Encode pictures and return maps beside; what the tower's own method returns."""
        with torch.autocast("cpu", torch.bfloat16):
            tower: Any = self.tower
            return tower.forward_intermediates(x, **settings)


def native_bfloat16() -> bool:
    """Return whether this processor multiplies bfloat16 natively; elsewhere it would be slower."""
    able = torch.cpu.get_capabilities()
    return bool(able.get("avx512_bf16") or able.get("amx_bf16") or able.get("sve_bf16"))


def speed_up(model: Any, pixels: Tensor) -> str:  # noqa: ANN401 - open_clip has no types
    """Put a faster image tower into a model, in place, if there is one.

    Args:
        model: An open_clip model on the CPU, in evaluation mode.
        pixels: Probe pictures (n, 3, H, W) float32, see `probe_pictures`.

    Returns:
        What was done: `bfloat16`, `float32` (joined convolutions only) or `unchanged`.
    """
    before = model.visual
    wanted = _encode(model, pixels)
    for dtype in (torch.bfloat16, torch.float32):
        if dtype is torch.bfloat16 and not native_bfloat16():
            continue
        name = str(dtype).removeprefix("torch.")
        try:
            tower = rewrite(before, pixels, dtype)
            if tower is None:
                continue
            model.visual = tower
            cosine = float(F.cosine_similarity(_encode(model, pixels), wanted).min())
            if cosine >= LEAST_COSINE:
                return name
            log.info("tower_too_coarse", precision=name, cosine=round(cosine, 4))
        # Any model may come, and each may fail in its own way. None needs to be rewritten.
        except Exception as error:
            log.warning("tower_not_rewritten", precision=name, error=str(error).split("\n")[0])
        model.visual = before
    return "unchanged"


@torch.inference_mode()
def _encode(model: Any, pixels: Tensor) -> Tensor:  # noqa: ANN401 - open_clip has no types
    vectors: Tensor = model.encode_image(pixels)
    return vectors.float()


def rewrite(visual: nn.Module, pixels: Tensor, dtype: torch.dtype) -> nn.Module | None:
    """Return a faster copy of a tower, which shares all unchanged tensors with it.

    Args:
        visual: The tower, float32.
        pixels: Pictures (n, 3, H, W) float32 for one pass that shows which norm follows which
            convolution.
        dtype: For convolutions with batch norm, or where there are none, for all matrices.

    Returns:
        The copy; None where this kind of tower gains nothing.
    """
    shared = [*visual.parameters(), *visual.buffers()]
    tower: nn.Module = copy.deepcopy(visual, {id(tensor): tensor for tensor in shared})
    pairs = list(_normed_convolutions(tower, pixels))
    if not pairs:
        return InBfloat16(_matrices(tower, dtype)) if dtype is torch.bfloat16 else None
    if not hasattr(torch.ops.mkldnn, "_convolution_pointwise"):
        return None
    for place, (convolution, norm) in enumerate(pairs):
        activation = getattr(norm, "act", nn.Identity())  # timm's batch norms bring their own
        joined = type(activation) in _KERNELS
        precision = torch.float32 if place < EXACT_CONVOLUTIONS else dtype
        fused = FusedConvolution(
            convolution, norm, activation if joined else nn.Identity(), precision
        )
        _replace(tower, convolution, fused)
        _replace(tower, norm, nn.Identity() if joined else activation)
    return InBfloat16(tower) if dtype is torch.bfloat16 else tower


def probe_pictures(side: tuple[int, int]) -> Tensor:
    """Return pictures that resemble photographs, (n, 3, H, W) float32; always the same.

    Their spectrum falls with frequency as that of natural pictures does, and their channels are
    correlated (Field 1987, doi:10.1364/JOSAA.4.002379).
    """
    dice = torch.Generator().manual_seed(0)
    down, right = torch.fft.fftfreq(side[0]), torch.fft.fftfreq(side[1])
    frequency = (down[:, None] ** 2 + right[None, :] ** 2).sqrt().clamp(min=1 / max(side))
    noise = torch.randn(PROBES, 3, *side, generator=dice)
    maps = torch.fft.ifft2(torch.fft.fft2(noise) / frequency).real
    mixed = torch.einsum("cd,ndhw->nchw", torch.full((3, 3), 0.6) + 0.4 * torch.eye(3), maps)
    return (mixed / mixed.std() * 0.5).clamp(-1.5, 1.5)


def _normed_convolutions(
    tower: nn.Module, pixels: Tensor
) -> Iterator[tuple[nn.Conv2d, nn.BatchNorm2d]]:
    """Find batch norms whose input is a convolution's output, in the order of a forward pass."""
    # Keeps each tensor, so that no other one gets its id.
    made: dict[int, tuple[nn.Conv2d, Tensor]] = {}
    pairs: list[tuple[nn.Conv2d, nn.BatchNorm2d]] = []

    def note(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        if isinstance(module, nn.BatchNorm2d):
            convolution, _ = made.get(id(inputs[0]), (None, None))
            if convolution is not None:
                pairs.append((convolution, module))
        elif isinstance(module, nn.Conv2d):
            made[id(output)] = (module, output)

    watched = [
        module.register_forward_hook(note)
        for module in tower.modules()
        if isinstance(module, nn.BatchNorm2d) or _is_plain(module)
    ]
    try:
        with torch.inference_mode():
            tower(pixels[:1])
    finally:
        for hook in watched:
            hook.remove()
    used = [convolution for convolution, _ in pairs]
    return (pair for pair in pairs if used.count(pair[0]) == 1)


def _is_plain(module: nn.Module) -> bool:
    """Return whether a module is a plain convolution with its weight, and nothing more."""
    plain = type(module) is nn.Conv2d and module.padding_mode == "zeros"
    return (plain and not isinstance(module.padding, str)) or _pads_like_tensorflow(module)


def _pads_like_tensorflow(module: nn.Module) -> bool:
    from timm.layers.conv2d_same import Conv2dSame

    return type(module) is Conv2dSame


def _matrices(tower: nn.Module, dtype: torch.dtype) -> nn.Module:
    """Convert all matrices that are multiplied to a type.

    Positions and scales of norms stay float32. So do the sums that run through all layers of a
    transformer.
    """
    for module in tower.modules():
        whole = isinstance(module, nn.Linear | nn.Conv2d | nn.MultiheadAttention)
        for name, weight in list(module.named_parameters(recurse=False)):
            if weight.ndim >= 2 and (whole or name == "in_proj_weight"):
                # With gradients on (the default; none is ever computed), `matmul` folds batches
                # into rows, instead of copying the weight once per picture.
                setattr(module, name, nn.Parameter(weight.detach().to(dtype)))
    return tower


def _replace(tower: nn.Module, old: nn.Module, new: nn.Module) -> None:
    """Replace a module by another wherever it occurs."""
    for parent in list(tower.modules()):
        for name, child in parent.named_children():
            if child is old:
                setattr(parent, name, new)
