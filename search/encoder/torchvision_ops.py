"""Lets torchvision be imported beside a CPU-only build of torch.

While it is imported, torchvision registers shape functions for two of its C++ operators. Beside a
CPU build of torch from another index, the C++ library of its wheel does not load. Then the
operators are unknown, and the import fails. Declaring their schemas is enough: this project uses
torchvision's transforms alone, and never calls the operators.
"""

import torch

_SCHEMAS = {
    "nms": "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}

# Keeps the library: when it is garbage collected, its declarations go too.
_declared: list[torch.library.Library] = []


def declare_missing_operators() -> list[str]:
    """Declare torchvision's operators where nothing has declared them yet.

    Call it before the first import of torchvision (open_clip and timm import it). Calling it
    again, or where torchvision's own library is loaded, changes nothing.

    Returns:
        The names of the operators declared by this call.
    """
    missing = [name for name in _SCHEMAS if not hasattr(torch.ops.torchvision, name)]
    if missing:
        library = torch.library.Library("torchvision", "FRAGMENT")
        for name in missing:
            library.define(_SCHEMAS[name])
        _declared.append(library)
    return missing
