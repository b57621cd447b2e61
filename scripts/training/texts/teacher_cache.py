"""Caches the sentence teacher's vectors, so that no text is encoded twice."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from scripts.training.texts.text_space import Floats, SentenceTeacher


class CachedTeacher:
    """A sentence teacher with a file of its vectors.

    Args:
        model: Folder of the published sentence encoder; loaded when first needed.
        cache: Folder of the file.
    """

    def __init__(self, model: Path, cache: Path) -> None:
        self._model, self._file = model, cache / "sentences.npz"
        self._rows: dict[str, int] = {}
        self._vectors: Floats = np.zeros((0, 384), dtype=np.float32)
        if self._file.exists():
            with np.load(self._file) as stored:
                self._vectors = stored["vectors"].astype(np.float32)
                self._rows = {text: row for row, text in enumerate(stored["texts"].tolist())}

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return (n, 384) unit rows, float32 with float16 precision."""
        missing = sorted(set(texts) - self._rows.keys())
        if missing:
            fresh = SentenceTeacher(self._model).encode(missing).astype(np.float16)
            self._rows |= {text: len(self._vectors) + i for i, text in enumerate(missing)}
            self._vectors = np.concatenate([self._vectors, fresh.astype(np.float32)])
            self._file.parent.mkdir(parents=True, exist_ok=True)
            known = np.array(list(self._rows), dtype=np.str_)
            np.savez(self._file, texts=known, vectors=self._vectors.astype(np.float16))
        return self._vectors[[self._rows[text] for text in texts]]
