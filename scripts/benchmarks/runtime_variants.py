"""Ways to run the picture half of a model on a CPU. Each is a function from pictures to vectors.

A variant that is not installed, or can't run the model, gives the reason instead.
"""

import copy
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from search.encoder.forward.cpu_fusion import probe_pictures, rewrite, speed_up

Encode = Callable[[Tensor], Tensor]
"""(n, 3, H, W) float32 to (n, d) float32."""
THREADS = 2


class _Vectors(nn.Module):
    """The picture half alone, as exporters want it."""

    def __init__(self, model: Any) -> None:  # noqa: ANN401 - open_clip has no types
        super().__init__()
        self.model = model
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        """Encode pictures."""
        vectors: Tensor = self.model.encode_image(x)
        return vectors


@contextmanager
def _quiet_export() -> Iterator[None]:
    """Disable fused attention, which exporters don't know, and their warnings."""
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)


def plain(model: Any, _: Tensor) -> Encode:  # noqa: ANN401
    """Torch, float32."""
    return _Vectors(model)


def channels_last(model: Any, _: Tensor) -> Encode:  # noqa: ANN401
    """Torch, float32, channels last."""
    laid = _Vectors(model.to(memory_format=torch.channels_last))
    return lambda x: laid(x.contiguous(memory_format=torch.channels_last))


def autocast(model: Any, example: Tensor) -> Encode:  # noqa: ANN401
    """Torch, bfloat16 autocast, channels last."""
    laid = channels_last(model, example)

    def encode(x: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return laid(x).float()

    return encode


def frozen(model: Any, example: Tensor) -> Encode:  # noqa: ANN401
    """torch.jit.freeze and optimize_for_inference."""
    with _quiet_export():
        traced = torch.jit.trace(_Vectors(model), example, check_trace=False)
        ready = torch.jit.optimize_for_inference(torch.jit.freeze(traced))
        ready(example)
    return ready


def joined(model: Any, example: Tensor) -> Encode:  # noqa: ANN401
    """Torch, float32, with convolution, norm and activation in one kernel."""
    tower = rewrite(model.visual, example, torch.float32)
    if tower is None:
        raise NotImplementedError("no convolution is followed by a batch norm")
    model.visual = tower
    return channels_last(model, example)


def shipped(model: Any, example: Tensor) -> Encode:  # noqa: ANN401
    """The variant that the engine runs."""
    side = (int(example.shape[2]), int(example.shape[3]))
    speed_up(model, probe_pictures(side))
    laid = channels_last(model, example)
    return lambda x: torch.cat([laid(part) for part in x.split(16)])


def compiled(model: Any, example: Tensor) -> Encode:  # noqa: ANN401
    """torch.compile."""
    if shutil.which("g++") is None:
        raise NotImplementedError("no C++ compiler")
    ready = torch.compile(channels_last(model, example), dynamic=True)
    ready(example)
    return ready


def int8(model: Any, _: Tensor) -> Encode:  # noqa: ANN401
    """Torch, dynamic int8 of linear layers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.ao.quantization.quantize_dynamic(  # type: ignore[no-any-return]
            _Vectors(model), {nn.Linear}, dtype=torch.qint8
        )


def onnx_runtime(model: Any, example: Tensor) -> Encode:  # noqa: ANN401
    """ONNX Runtime, float32."""
    import onnxruntime

    with tempfile.TemporaryDirectory() as folder, _quiet_export():
        file = str(Path(folder) / "model.onnx")
        torch.onnx.export(
            _Vectors(model),
            (example,),
            file,
            input_names=["x"],
            dynamic_axes={"x": {0: "n"}},
            opset_version=17,
            dynamo=False,
        )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    return lambda x: torch.from_numpy(session.run(None, {"x": x.contiguous().numpy()})[0])


def _openvino(precision: str) -> Callable[[Any, Tensor], Encode]:
    def build(model: Any, example: Tensor) -> Encode:  # noqa: ANN401
        import openvino

        with _quiet_export():
            graph = openvino.convert_model(_Vectors(model), example_input=example)
        hints = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": THREADS}
        request = openvino.Core().compile_model(graph, "CPU", hints).create_infer_request()
        # Copied: the next call overwrites the request's output.
        return lambda x: torch.from_numpy(request.infer([x.contiguous().numpy()])[0].copy())

    return build


SLOW = "torch.compile"
"""Needs a C++ compiler, which operators seldom have, and takes many minutes on two cores."""
VARIANTS: dict[str, Callable[[Any, Tensor], Encode]] = {
    "torch float32": plain,
    "torch float32, channels last": channels_last,
    "torch bfloat16 autocast": autocast,
    "torch.jit frozen": frozen,
    SLOW: compiled,
    "torch dynamic int8": int8,
    "ONNX Runtime": onnx_runtime,
    "OpenVINO float32": _openvino("f32"),
    "OpenVINO bfloat16": _openvino("bf16"),
    "joined convolutions, float32": joined,
    "shipped": shipped,
}
"""The first is the reference."""


def build_variants(
    model: Any,  # noqa: ANN401
    example: Tensor,
    *,
    slow: bool = False,
) -> tuple[dict[str, Encode], dict[str, str]]:
    """Return the variants that run, and for the others why they do not.

    Args:
        model: An open_clip model on the CPU, float32; it is not changed.
        example: (n, 3, H, W) float32; n ≥ 2, because exporters take n = 1 for a constant.
        slow: Build `SLOW` too.
    """
    built: dict[str, Encode] = {}
    missing: dict[str, str] = {}
    for name, build in VARIANTS.items():
        if name == SLOW and not slow:
            missing[name] = "measured only with --slow"
            continue
        try:
            with torch.inference_mode(mode=False):
                encode = build(copy.deepcopy(model), example)
            with torch.inference_mode():
                encode(example)
            built[name] = encode
        # Every exporter fails in its own way; the comparison goes on without it.
        except Exception as error:
            missing[name] = (str(error).strip() or type(error).__name__).split("\n")[0][:80]
    return built, missing
