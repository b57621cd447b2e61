"""A folder of pictures as a catalogue: one product a picture.

- sku: the path below the folder, without the file's suffix (`Shoes/red-sneaker`);
- title: the file's name made readable (`Red sneaker`);
- category: the names of the folders above it, made readable (`Shoes > Running`);
- several pictures of one product: `red-sneaker-1.jpg`, `red-sneaker-2.jpg` or `_1`, `_2`, counted
  without a gap from 0 or 1, at most 20. A `red-sneaker.jpg` beside them comes first. Other numbers
  are part of the name: `iphone-14.jpg` and `iphone-15.jpg` are two products.

Hidden files, links to folders, and files whose names are not those of pictures are passed over.
"""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from indexer.ingest.sources.source_record import RefusedRow, SourceRecord
from search.errors import UnusableCatalogue

SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".jpe", ".jp2", ".png", ".webp", ".gif", ".tif", ".tiff", ".bmp", ".heic")
).union((".heif", ".avif"))
MAX_NUMBERED = 20
_NUMBERED = re.compile(r"(?P<stem>.*[^\W_])[-_](?P<number>\d{1,2})")


class FolderSource:
    """Pictures below a folder. Products are numbered from 1, in the order of their paths."""

    def __init__(self, path: Path) -> None:
        self.base, self.name = path, str(path)
        if next(self._folders(), None) is None:
            raise UnusableCatalogue(
                f"{path} holds neither a catalogue.csv, .jsonl or .parquet nor a picture "
                f"({', '.join(sorted(SUFFIXES))})."
            )

    def _folders(self) -> Iterator[tuple[Path, list[str]]]:
        """Yield each folder that holds pictures, and the names of these, in order."""
        for folder, below, names in os.walk(self.base, onerror=_raise):
            below[:] = sorted(n for n in below if not n.startswith(".") and n != "__MACOSX")
            pictures = sorted(
                name
                for name in names
                if not name.startswith(".") and os.path.splitext(name)[1].lower() in SUFFIXES  # noqa: PTH122
            )
            if pictures:
                yield Path(folder), pictures

    def estimated_rows(self) -> int | None:
        """Return None: to count, the folder would have to be walked twice."""
        return None

    def rows(self) -> Iterator[SourceRecord | RefusedRow]:
        """Read all folders."""
        number = 0
        for folder, names in self._folders():
            above = folder.relative_to(self.base).parts
            for stem, pictures in _products(names).items():
                number += 1
                yield _row(number, folder, above, stem, pictures)


def _row(
    number: int, folder: Path, above: tuple[str, ...], stem: str, pictures: list[str]
) -> SourceRecord | RefusedRow:
    """Return the record of one product, from the paths of its pictures."""
    sku = "/".join((*above, stem))
    if not _is_text(sku) or not all(map(_is_text, pictures)):
        shown = sku.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        return RefusedRow(
            number, None, "bad_utf8", f"The name {shown!r} is no UTF-8; rename the file or folder."
        )
    values: dict[str, object] = {
        "sku": sku,
        "title": readable(stem),
        "category": " > ".join(readable(part) for part in above) or None,
    }
    return SourceRecord(number, values, tuple([str(folder / name)] for name in pictures))


def readable(name: str) -> str:
    """Turn a file's name into words: `red_sneaker-XL` becomes `Red sneaker XL`."""
    words = re.sub(r"[\s_\-+.]+", " ", name).strip()
    return words[:1].upper() + words[1:] if words else name


def _products(names: Iterable[str]) -> dict[str, list[str]]:
    """Group the pictures of one folder by product: file names in order, by stem."""
    by_stem: dict[str, list[str]] = {}
    for name in names:
        by_stem.setdefault(os.path.splitext(name)[0], []).append(name)  # noqa: PTH122
    numbered: dict[str, dict[int, str]] = {}
    for stem in by_stem:
        if found := _NUMBERED.fullmatch(stem):
            numbered.setdefault(found["stem"], {}).setdefault(int(found["number"]), stem)
    for stem, members in numbered.items():
        first = min(members)
        counted = sorted(members) == list(range(first, first + len(members)))
        if counted and first in (0, 1) and len(members) <= MAX_NUMBERED:
            pictures = by_stem.setdefault(stem, [])
            for number in sorted(members):
                pictures += by_stem.pop(members[number])
    return dict(sorted(by_stem.items()))


def _is_text(name: str) -> bool:
    """Return whether a name from the file system is valid UTF-8."""
    return not any("\udc80" <= char <= "\udcff" for char in name)


def _raise(error: OSError) -> None:
    """Stop at a folder that can't be read, so that its products do not count as gone."""
    raise UnusableCatalogue(f"{error.filename} can't be read: {error.strerror}.") from error
