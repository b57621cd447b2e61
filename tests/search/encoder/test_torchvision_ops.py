"""torchvision imports beside a CPU-only torch once its operators are declared."""

import subprocess
import sys

from search.encoder.torchvision_ops import declare_missing_operators


def test_declaring_again_changes_nothing() -> None:
    declare_missing_operators()

    assert declare_missing_operators() == []


def test_torchvision_imports_in_a_fresh_process() -> None:
    """Operators are declared once per process, so only a new process shows the first import."""
    program = (
        "from search.encoder.torchvision_ops import declare_missing_operators as declare\n"
        "declare()\n"
        "from torchvision.transforms import Resize\n"
        "from PIL import Image\n"
        "print(Resize((4, 6))(Image.new('RGB', (9, 9))).size)\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )

    assert done.stdout.strip() == "(6, 4)", done.stderr
