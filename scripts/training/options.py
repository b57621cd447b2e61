"""The command line options that all training scripts share."""

import argparse
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


def training_options(docstring: str) -> argparse.ArgumentParser:
    """Return a parser of folders, seed and threads.

    Args:
        docstring: The script's docstring; its first line describes the script.
    """
    parser = argparse.ArgumentParser(description=docstring.partition("\n")[0])
    shared = CHECKOUT.parent / "shared"
    checkpoint = CHECKOUT / "search/encoder/checkpoints/embedded"
    parser.add_argument("--data", type=Path, default=shared / "data", help="development sets")
    parser.add_argument(
        "--teachers", type=Path, default=shared / "teachers", help="models to learn from"
    )
    parser.add_argument(
        "--cache",
        type=Path,
        default=CHECKOUT / ".findalike/training",
        help="results of finished stages",
    )
    parser.add_argument("--out", type=Path, default=checkpoint, help="folder of the checkpoint")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    return parser
