"""The rewritten tower gives the same vectors as the original, or is not used."""

from collections.abc import Callable
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor, nn

from search.encoder.forward.cpu_fusion import (
    LEAST_COSINE,
    FusedConvolution,
    native_bfloat16,
    probe_pictures,
    rewrite,
    speed_up,
)
from search.encoder.torchvision_ops import declare_missing_operators

declare_missing_operators()
from timm.layers.conv2d_same import Conv2dSame  # noqa: E402 - needs the operators
from timm.layers.norm_act import BatchNormAct2d  # noqa: E402


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(11)


def trained(norm: nn.BatchNorm2d) -> nn.BatchNorm2d:
    """Give a batch norm random statistics, as after training."""
    with torch.no_grad():
        for tensor, low, high in (
            (norm.weight, 0.5, 1.5),
            (norm.bias, -1.0, 1.0),
            (norm.running_mean, -0.5, 0.5),
            (norm.running_var, 0.3, 2.0),
        ):
            assert tensor is not None
            tensor.uniform_(low, high)
    return norm.eval()


class Small(nn.Module):
    """A small convolutional network in timm's style, with a head."""

    def __init__(self, channels: int = 24) -> None:
        super().__init__()
        sizes = [3, 16, channels, channels, channels]
        self.layers = nn.Sequential()
        for i, (into, out) in enumerate(pairwise(sizes)):
            self.layers.append(Conv2dSame(into, out, 3, stride=2 if i < 2 else 1, bias=False))
            self.layers.append(trained(BatchNormAct2d(out, act_layer=nn.ReLU6)))
        self.head = nn.Linear(channels, 32)

    def forward(self, x: Tensor) -> Tensor:
        """Encode pictures."""
        vectors: Tensor = self.head(self.layers(x).mean((2, 3)))
        return vectors


def model_of(visual: nn.Module) -> Any:
    """Return a stand-in for an open_clip model with what `speed_up` needs."""
    model = SimpleNamespace(visual=visual.eval())
    model.encode_image = lambda x: model.visual(x)  # noqa: PLW0108 - the visual is replaced
    return model


CONVOLUTIONS: dict[str, Callable[[], nn.Conv2d]] = {
    "pointwise": lambda: nn.Conv2d(16, 24, 1),
    "centred": lambda: nn.Conv2d(16, 24, 3, stride=2, padding=1, bias=False),
    "wide border": lambda: nn.Conv2d(16, 24, 5, padding=(2, 1)),
    "depthwise": lambda: nn.Conv2d(16, 16, 3, padding=1, groups=16),
    "dilated": lambda: nn.Conv2d(16, 24, 3, padding=2, dilation=2),
    "tensorflow 3": lambda: Conv2dSame(16, 24, 3, stride=2, bias=False),
    "tensorflow 5 depthwise": lambda: Conv2dSame(16, 16, 5, stride=2, groups=16),
    "tensorflow, even kernel": lambda: Conv2dSame(16, 24, 4, stride=1),
    "tensorflow, stride 3": lambda: Conv2dSame(16, 24, 3, stride=3),
    "tensorflow, dilated": lambda: Conv2dSame(16, 24, 3, stride=2, dilation=2),
}


@pytest.mark.parametrize("kind", CONVOLUTIONS)
@pytest.mark.parametrize("size", [(24, 24), (23, 30), (25, 25)])
def test_one_kernel_does_what_three_modules_did(kind: str, size: tuple[int, int]) -> None:
    convolution = CONVOLUTIONS[kind]().eval()
    norm = trained(nn.BatchNorm2d(convolution.out_channels))
    fused = FusedConvolution(convolution, norm, nn.ReLU6(), torch.float32)
    x = torch.randn(2, 16, *size)

    with torch.inference_mode():
        wanted = F.relu6(norm(convolution(x)))
        torch.testing.assert_close(fused(x), wanted, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    "activation",
    [nn.Identity(), nn.ReLU(), nn.SiLU(), nn.Hardswish()],
    ids=lambda a: type(a).__name__,
)
def test_activations_are_joined(activation: nn.Module) -> None:
    convolution, norm = nn.Conv2d(8, 8, 3, padding=1).eval(), trained(nn.BatchNorm2d(8))
    fused = FusedConvolution(convolution, norm, activation, torch.float32)
    x = torch.randn(2, 8, 12, 12)

    with torch.inference_mode():
        wanted = activation(norm(convolution(x)))
        torch.testing.assert_close(fused(x), wanted, atol=1e-4, rtol=1e-4)


def test_every_normed_convolution_is_replaced() -> None:
    tower = rewrite(Small().eval(), probe_pictures((32, 32)), torch.float32)

    assert tower is not None
    assert sum(isinstance(module, FusedConvolution) for module in tower.modules()) == 4
    assert not any(isinstance(module, nn.BatchNorm2d) for module in tower.modules())


def test_an_activation_that_no_kernel_knows_stays() -> None:
    visual = nn.Sequential(
        nn.Conv2d(3, 8, 3), trained(BatchNormAct2d(8, act_layer=nn.Tanh)), nn.Flatten()
    ).eval()
    x = probe_pictures((16, 16))

    tower = rewrite(visual, x, torch.float32)

    assert tower is not None
    with torch.inference_mode():
        torch.testing.assert_close(tower(x), visual(x), atol=1e-4, rtol=1e-4)


def test_a_convolution_that_is_used_twice_is_left_alone() -> None:
    """Its two norms differ, so no single kernel can replace it."""

    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.convolution = nn.Conv2d(3, 3, 3, padding=1)
            self.norms = nn.ModuleList(trained(nn.BatchNorm2d(3)) for _ in range(2))
            self.last = nn.Sequential(nn.Conv2d(3, 8, 3), trained(nn.BatchNorm2d(8)), nn.Flatten())

        def forward(self, x: Tensor) -> Tensor:
            for norm in self.norms:
                x = norm(self.convolution(x))
            vectors: Tensor = self.last(x)
            return vectors

    visual, x = Twice().eval(), probe_pictures((16, 16))

    tower = rewrite(visual, x, torch.float32)

    assert tower is not None
    assert sum(isinstance(module, FusedConvolution) for module in tower.modules()) == 1
    with torch.inference_mode():
        torch.testing.assert_close(tower(x), visual(x), atol=1e-4, rtol=1e-4)


@pytest.fixture(params=[True, False], ids=["bfloat16", "no bfloat16"])
def able(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Pretend that the processor has or lacks bfloat16."""
    monkeypatch.setattr("search.encoder.forward.cpu_fusion.native_bfloat16", lambda: request.param)
    return bool(request.param)


def test_convolution_networks_get_faster_kernels(able: bool) -> None:
    model, x = model_of(Small()), torch.randn(5, 3, 32, 32)
    with torch.inference_mode():
        wanted = model.encode_image(x)

    done = speed_up(model, probe_pictures((32, 32)))

    runs = torch.ops.mkldnn._is_mkldnn_bf16_supported()  # oneDNN refuses some processors
    assert done == ("bfloat16" if able and runs else "float32")
    with torch.inference_mode():
        got = model.encode_image(x).float()
    assert float(F.cosine_similarity(got, wanted).min()) >= LEAST_COSINE


def test_transformers_are_held_in_bfloat16(able: bool) -> None:
    import open_clip

    model = open_clip.CLIP(
        embed_dim=24,
        vision_cfg={
            "image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 16
        },
        text_cfg={"context_length": 8, "vocab_size": 99, "width": 16, "heads": 2, "layers": 1},
    ).eval()  # fmt: skip
    x = torch.randn(5, 3, 32, 32)
    with torch.inference_mode():
        wanted = model.encode_image(x)

    done = speed_up(model, probe_pictures((32, 32)))

    assert done == ("bfloat16" if able else "unchanged")
    with torch.inference_mode():
        got = model.encode_image(x).float()
    assert float(F.cosine_similarity(got, wanted).min()) >= LEAST_COSINE


class Choosy(Small):
    """Fails on anything but float32, as a model's custom code may."""

    def forward(self, x: Tensor) -> Tensor:
        """Encode pictures."""
        x = self.layers(x)
        if x.dtype is not torch.float32:
            raise TypeError("float32 only")
        vectors: Tensor = self.head(x.mean((2, 3)))
        return vectors


class Coarse(Small):
    """Amplifies the rounding of bfloat16, so that vectors change."""

    def forward(self, x: Tensor) -> Tensor:
        """Encode pictures."""
        return torch.sin(3000 * self.layers(x).float().flatten(1))


@pytest.mark.parametrize("kind", [Choosy, Coarse])
def test_what_bfloat16_would_break_stays_float32(
    kind: type[Small], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search.encoder.forward.cpu_fusion.native_bfloat16", lambda: True)
    model = model_of(kind())

    assert speed_up(model, probe_pictures((32, 32))) != "bfloat16"


def test_what_cannot_be_rewritten_stays_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("search.encoder.forward.cpu_fusion.rewrite", lambda *_: 1 / 0)
    visual = Small().eval()
    model = model_of(visual)

    assert speed_up(model, probe_pictures((32, 32))) == "unchanged"
    assert model.visual is visual


def test_probe_pictures_are_always_the_same() -> None:
    once, again = probe_pictures((40, 56)), probe_pictures((40, 56))

    assert once.shape[1:] == (3, 40, 56)
    assert torch.equal(once, again)
    assert float(once.abs().max()) <= 1.5


def test_the_processor_is_asked() -> None:
    able = torch.cpu.get_capabilities()

    assert native_bfloat16() in (True, False)
    if not able.get("avx512_f") and able.get("architecture") == "x86_64":
        assert not native_bfloat16()
