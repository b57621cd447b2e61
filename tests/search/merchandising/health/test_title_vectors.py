"""Vectors of titles: each title is encoded once, whatever happens to the file."""

import errno
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from search.encoder import Encoder
from search.files.atomic_files import TEMPORARY
from search.merchandising.health import title_vectors as module
from search.merchandising.health.title_vectors import FILE, title_vectors
from search.results import Embeddings

TITLES = ["red mug", "blue mug", "lampe à poser", "ein Krug"]


class CountingTitles:
    """The real encoder, which records the texts that it encodes."""

    def __init__(self, encoder: Encoder, tag: str | None = None) -> None:
        self.encoder, self.tag, self.dim = encoder, tag or encoder.tag, encoder.dim
        self.asked: list[str] = []

    def encode_texts(self, texts: Sequence[str]) -> Embeddings:
        """Encode texts, and record them."""
        self.asked += texts
        return self.encoder.encode_texts(texts)


Ask = Callable[..., tuple[list[str], Embeddings]]


@pytest.fixture
def ask(tmp_path: Path, encoder: Encoder) -> Ask:
    """Get vectors of titles; return the titles that were encoded for it, and the vectors."""

    def asked(titles: Sequence[str], tag: str | None = None) -> tuple[list[str], Embeddings]:
        counting: Any = CountingTitles(encoder, tag)
        vectors = title_vectors(tmp_path, counting, titles)
        return counting.asked, vectors

    return asked


def test_only_new_titles_are_encoded(ask: Ask, encoder: Encoder) -> None:
    first, vectors = ask(TITLES)
    again, same = ask(list(reversed(TITLES)))
    new, more = ask([*TITLES[1:], "a stool"])

    assert (first, again, new) == (TITLES, [], ["a stool"])
    np.testing.assert_array_equal(same[::-1], vectors)
    np.testing.assert_array_equal(more[:3], vectors[1:])
    np.testing.assert_allclose(vectors, encoder.encode_texts(TITLES), atol=1e-3)
    assert vectors.dtype == np.float32


def test_titles_that_are_gone_are_not_kept(ask: Ask) -> None:
    ask(TITLES)
    ask(TITLES[:1])
    assert ask(TITLES[:2])[0] == TITLES[1:2]


def test_vectors_of_another_model_are_no_use(ask: Ask) -> None:
    ask(TITLES)
    assert ask(TITLES, tag="another")[0] == TITLES
    assert ask(TITLES)[0] == TITLES


@pytest.mark.parametrize("spoil", ["flip", "cut", "other"])
def test_a_damaged_file_is_made_anew(ask: Ask, tmp_path: Path, spoil: str) -> None:
    _, vectors = ask(TITLES)
    content = bytearray((tmp_path / FILE).read_bytes())
    if spoil == "flip":
        content[-1] ^= 1
    (tmp_path / FILE).write_bytes(
        {"flip": content, "cut": content[:100], "other": b"no such format"}[spoil]
    )

    encoded, healed = ask(TITLES)

    assert encoded == TITLES
    np.testing.assert_array_equal(healed, vectors)
    assert ask(TITLES)[0] == []


def test_what_a_killed_run_had_begun_to_write_goes(ask: Ask, tmp_path: Path) -> None:
    half = tmp_path / f".{FILE}.0123{TEMPORARY}"
    half.write_bytes(b"half")
    ask(TITLES)
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_a_full_disk_costs_only_the_saving(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, content: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    with monkeypatch.context() as full:
        full.setattr(module, "write_durably", refuse)
        encoded, vectors = ask(TITLES)

    assert encoded == TITLES
    assert vectors.shape[0] == len(TITLES)
    assert ask(TITLES)[0] == TITLES
