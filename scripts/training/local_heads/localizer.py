"""The localizer: a published class-agnostic detector, the region head's teacher."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from scripts.training.image_tower.frozen_features import Describe, Pixels

Boxes = npt.NDArray[np.float32]
"""(k, 5): left, upper, right and lower side as shares of the picture, and a score of 0 to 1."""

SIDE_PX = 192
MOST = 10  # boxes per picture
LEAST_SCORE = 0.2


class Localizer:
    """Runs the detector on one thread.

    Args:
        teachers: Folder of `object_localizer.onnx`.
    """

    def __init__(self, teachers: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(teachers / "object_localizer.onnx"), options
        )
        self._input = self._session.get_inputs()[0].name

    def boxes(self, image: Image.Image) -> Boxes:
        """Return at most `MOST` boxes, best first."""
        small = np.asarray(image.convert("RGB").resize((SIDE_PX, SIDE_PX)), np.uint8)[None]
        sides, _, scores, _ = self._session.run(None, {self._input: small})
        best = np.argsort(-scores[0], kind="stable")[:MOST]
        best = best[scores[0][best] > LEAST_SCORE]
        up, left, down, right = np.clip(sides[0][best], 0, 1).T
        return np.stack([left, up, right, down, scores[0][best]], axis=1).astype(np.float32)


def boxes_by(teachers: Path) -> Describe:
    """Return a function that describes views by their boxes, (n, `MOST` · 5).

    Missing boxes have a score of 0.
    """
    loaded: list[Localizer] = []  # on first use, so that a full cache needs no ONNX Runtime

    def describe(views: Pixels) -> npt.NDArray[np.floating]:
        if not loaded:
            loaded.append(Localizer(teachers))
        rows = np.zeros((len(views), MOST, 5), np.float32)
        for row, view in zip(rows, views, strict=True):
            boxes = loaded[0].boxes(Image.fromarray(view))
            row[: len(boxes)] = boxes
        return rows.reshape(len(views), -1)

    return describe


def boxes_in(described: npt.NDArray[np.float32]) -> Boxes:
    """Return the boxes of one view from its description by `boxes_by`."""
    boxes = described.reshape(MOST, 5)
    return boxes[boxes[:, 4] > 0]
