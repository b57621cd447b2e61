"""Runs the picture half of a model on its device, fast and in batches that fit.

The image tower is made ready at the first picture, so that whoever only encodes texts does not wait
for it: it is rewritten for a CPU (`search.encoder.forward.cpu_fusion`), and tried for local
features. On CUDA it runs in bfloat16, and the batch grows while that pays. Where memory runs out
the batch is halved, on any device. Only a single picture that does not fit is an error.
"""

import threading
import time
from typing import TYPE_CHECKING, Any

import structlog

from search.encoder.forward.freed_memory import keep_freed_memory
from search.encoder.local_features import EncodedPictures, LocalReader, described
from search.encoder.picture_preparation import Preparation
from search.errors import DeviceOutOfMemory

if TYPE_CHECKING:
    import torch

log = structlog.get_logger()

_CPU_BATCH = 16  # larger feature maps leave the processor's cache, and get slower
_FIRST_CUDA_BATCH = 32
_LARGEST_CUDA_BATCH = 1024
_WORTH = 1.05  # a doubled batch is kept if pictures go this much faster


class BatchSize:
    """The number of pictures in a forward pass: grows while that pays, shrinks without memory.

    Args:
        first: The size at the start.
        largest: The largest size.
    """

    def __init__(self, first: int, largest: int) -> None:
        self.now, self._largest = first, largest
        self.settled = first == largest  # the size is final: nothing needs to be timed
        self._rate = 0.0  # pictures per second at the previous size
        self._runs = 0  # full batches at this size; the first is a warm-up and is not timed

    def failed(self, n: int) -> None:
        """Note that n pictures did not fit; n is at least 2."""
        self.now, self.settled = max(1, n // 2), True
        log.warning("batch_halved", pictures=self.now)

    def succeeded(self, n: int, seconds: float) -> None:
        """Note a batch that fitted; after full batches the next may be larger."""
        if self.settled or n != self.now:
            return
        self._runs += 1
        if self._runs < 2:
            return
        rate, self._runs = n / max(seconds, 1e-9), 0
        if rate < _WORTH * self._rate:  # doubling did not pay
            self.now, self.settled = n // 2, True
        elif n >= self._largest:
            self.settled = True
        else:
            self._rate, self.now = rate, min(2 * n, self._largest)


class PictureForward:
    """The picture half of one loaded model.

    Args:
        model: An open_clip model on `device`, in evaluation mode.
        preparation: Of its pictures.
        device: Where the model is.
        turn: Held during each forward pass, so that no two passes share cores or memory.
    """

    def __init__(
        self,
        model: Any,  # noqa: ANN401 - open_clip has no types
        preparation: Preparation,
        device: "torch.device",
        turn: threading.Lock,
    ) -> None:
        import torch

        self._torch = torch
        # Convolutions are faster in this layout; values are the same.
        self.model = model.to(memory_format=torch.channels_last)
        self.preparation, self._device, self._turn = preparation, device, turn
        self._cuda = device.type == "cuda"
        if not self._cuda:
            keep_freed_memory()
        self._ready = False
        self.batch = (
            BatchSize(_FIRST_CUDA_BATCH, _LARGEST_CUDA_BATCH)
            if self._cuda
            else BatchSize(_CPU_BATCH, _CPU_BATCH)
        )

    def run(self, pixels: "torch.Tensor") -> EncodedPictures:
        """Describe prepared pictures (n, 3, H, W), n ≥ 1.

        Raises:
            DeviceOutOfMemory: one picture alone does not fit.
        """
        if self._cuda:
            # From pinned memory the GPU copies while this thread goes on.
            pixels = pixels.pin_memory()
        parts: list[EncodedPictures] = []
        start = 0
        while start < len(pixels):
            part = pixels[start : start + self.batch.now]
            with self._turn:
                said = self._try(part)
            if said is not None:
                parts.append(described(*said))
                start += len(part)
        return EncodedPictures.joined(parts)

    def _try(self, pixels: "torch.Tensor") -> "tuple[torch.Tensor, ...] | None":
        """Describe one batch; None where memory ran out, which has made the batch size smaller."""
        if not self._ready:
            self._make_ready()
        started = time.perf_counter()
        try:
            said = self._forward(pixels)
            if self._cuda and not self.batch.settled:
                self._torch.cuda.synchronize(self._device)
        except self._torch.OutOfMemoryError as error:
            if len(pixels) == 1:
                raise DeviceOutOfMemory(
                    f"One picture does not fit into the memory of {self._device}. Close what else "
                    "uses it, set FINDALIKE_DEVICE to another device, or FINDALIKE_MODEL to a "
                    "smaller model."
                ) from error
        else:
            self.batch.succeeded(len(pixels), time.perf_counter() - started)
            return said
        # Outside the handler, whose traceback would keep the memory of the failed pass.
        self.batch.failed(len(pixels))
        if self._cuda:
            self._torch.cuda.empty_cache()
        return None

    def _forward(self, pixels: "torch.Tensor") -> "tuple[torch.Tensor, ...]":
        """Return what the model says of prepared pictures, on its device."""
        with self._torch.inference_mode():
            x = self.preparation.normalised(pixels.to(self._device, non_blocking=self._cuda))
            return self.read(x.contiguous(memory_format=self._torch.channels_last))

    def read(self, x: "torch.Tensor") -> "tuple[torch.Tensor, ...]":
        """Run the model alone: normalised pictures on its device to what `LocalReader` returns."""
        with self._torch.inference_mode(), self._precision():
            return self.local(self.model.visual, x)

    def _precision(self) -> "torch.autocast":
        return self._torch.autocast(self._device.type, self._torch.bfloat16, enabled=self._cuda)

    def _make_ready(self) -> None:
        """Rewrite the tower for this CPU, and find out whether it has local features."""
        from search.encoder.forward.cpu_fusion import probe_pictures, speed_up

        started = time.perf_counter()
        probe = probe_pictures(self.preparation.side_px).to(self._device)
        done = "bfloat16" if self._cuda else speed_up(self.model, probe)
        with self._torch.inference_mode(), self._precision():
            self.local = LocalReader(self.model.visual, probe)
        self._ready = True
        log.info(
            "picture_tower_ready",
            precision=done,
            local_features=self.local.able,
            seconds=time.perf_counter() - started,
        )
