"""The words of a catalogue: how many products hold each, and which one a misspelt word means.

Words are counted when a generation is built, and stored beside its vectors. Only a word that the
catalogue lacks is corrected, and only to a word that it has.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from rapidfuzz import process
from rapidfuzz.distance import OSA
from sqlalchemy import text
from sqlalchemy.orm import Session

from search.database.fulltext_columns import WRITTEN_SQL
from search.text.common_words import common_words

SHORTEST_CORRECTED = 4
"""Letters. Shorter words are not corrected: too many others are one letter away."""
TWO_FAULTS_FROM = 8
"""Letters. Words of at least this length may have two wrong ones."""

SCHEMA = pa.schema([("word", pa.string()), ("products", pa.int64()), ("written", pa.bool_())])


class WordCount(NamedTuple):  # there may be a million
    """A word of the catalogue, in the order of the file."""

    word: str  # lower case; a stem, or a word as written
    products: int  # how many hold it
    written: bool  # whether a product holds it as written; False: it is only a stem


class CatalogueWords:
    """The words of a catalogue. Read-only, safe to share between threads.

    Args:
        counts: Each word once.
    """

    def __init__(self, counts: Iterable[WordCount] = ()) -> None:
        counts = list(counts)
        self.products = {count.word: count.products for count in counts}
        self._written = sorted(
            (
                each.word
                for each in counts
                if each.written and len(each.word) >= SHORTEST_CORRECTED and each.word.isalpha()
            ),
            key=lambda word: (-self.products[word], word),
        )

    def __contains__(self, word: str) -> bool:
        return word in self.products

    def rarity(self, words: Sequence[Sequence[str]], products: int) -> npt.NDArray[np.float32]:
        """Return how much each word says of a product that holds it, (w,) float32 > 0.

        That is the inverse document frequency of BM25 (Robertson and Zaragoza 2009,
        doi:10.1561/1500000019). A word that no product holds counts as the rarest.

        Args:
            words: For each word the forms it is stored in.
            products: How many products there are.
        """
        holding = np.array([self.holding(forms) for forms in words], dtype=np.float32)
        lacking = np.maximum(products - holding, 0)
        return np.log1p((lacking + 0.5) / (holding + 0.5), dtype=np.float32)

    def holding(self, forms: Iterable[str]) -> int:
        """Return how many products hold a word in one of its forms; 0 where none does."""
        return max((self.products.get(form, 0) for form in forms), default=0)

    def correction(self, word: str) -> str | None:
        """Return the word of the catalogue that a misspelt one means, None where none is near.

        Near is one wrong, missing, added or swapped letter (optimal string alignment), or two in
        long words. Of equally near words the most frequent is meant. A word with a digit is a
        number or a code and is left alone, as is a word that is common elsewhere.
        """
        if len(word) < SHORTEST_CORRECTED or not word.isalpha() or word in common_words():
            return None
        found = process.extractOne(
            word,
            self._written,
            scorer=OSA.distance,
            score_cutoff=2 if len(word) >= TWO_FAULTS_FROM else 1,
        )
        return None if found is None else str(found[0])


def count_words(session: Session) -> list[WordCount]:
    """Count the words of all products that are not retired."""
    products = "FROM product WHERE retired_at IS NULL"
    counted = "SELECT word, ndoc FROM ts_stat(:products)"
    stems = session.execute(text(counted), {"products": f"SELECT search {products}"})
    counts = {str(word): int(n) for word, n in stems}
    rows = session.execute(text(counted), {"products": f"SELECT {WRITTEN_SQL} {products}"})
    written = {str(word): int(n) for word, n in rows}
    return [
        WordCount(word, counts.get(word, written.get(word, 0)), word in written)
        for word in sorted(counts.keys() | written.keys())
    ]


def write_words(path: Path, counts: Sequence[WordCount]) -> None:
    """Write counted words to an Arrow IPC file.

    Raises:
        OSError: the disk refuses.
    """
    arrays = [
        pa.array([getattr(count, field.name) for count in counts], field.type) for field in SCHEMA
    ]
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, SCHEMA) as writer:
        writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=SCHEMA))


def load_words(path: Path) -> CatalogueWords:
    """Read the words of a generation.

    Raises:
        OSError: the file can't be read.
        pyarrow.ArrowException: it is no file of words.
    """
    with pa.memory_map(str(path)) as source:
        batch = pa.ipc.open_file(source).get_batch(0)
        if batch.schema != SCHEMA:
            raise pa.ArrowInvalid(f"unexpected columns {batch.schema.names}")
        rows = zip(*(column.to_pylist() for column in batch.columns), strict=True)
        return CatalogueWords(map(WordCount._make, rows))
