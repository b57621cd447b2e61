"""Parquet catalogues, read a batch of rows at a time, and only the needed columns."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow
import pyarrow.parquet

from indexer.ingest.sources.column_map import map_columns
from indexer.ingest.sources.source_record import RefusedRow, SourceRecord
from search.errors import UnusableCatalogue

BATCH_ROWS = 1_000


class ParquetSource:
    """A Parquet file. Rows are numbered from 1."""

    def __init__(self, path: Path, mapping: Mapping[str, str]) -> None:
        self.path, self.base, self.name = path, path.parent, str(path)
        try:
            with pyarrow.parquet.ParquetFile(path) as file:
                self._rows = int(file.metadata.num_rows)
                found = list(file.schema_arrow.names)
        except pyarrow.ArrowException as error:
            raise self._damaged(error) from error
        self._map = map_columns(found, mapping, where=str(path))

    def _damaged(self, error: Exception) -> UnusableCatalogue:
        return UnusableCatalogue(
            f"{self.path} can't be read as Parquet ({error}); export the catalogue again."
        )

    def estimated_rows(self) -> int | None:
        """Return the number of rows in the file's metadata."""
        return self._rows

    def rows(self) -> Iterator[SourceRecord | RefusedRow]:
        """Read all rows."""
        wanted = list(dict.fromkeys([*self._map.columns.values(), *self._map.images]))
        number = 0
        try:
            with pyarrow.parquet.ParquetFile(self.path) as file:
                for batch in file.iter_batches(BATCH_ROWS, columns=wanted):
                    for row in _plain(batch):
                        number += 1
                        yield SourceRecord(
                            number,
                            {field: row[name] for field, name in self._map.columns.items()},
                            tuple(row[name] for name in self._map.images),
                        )
        except (pyarrow.ArrowException, OSError) as error:
            raise self._damaged(error) from error


def _plain(batch: pyarrow.RecordBatch) -> list[dict[str, object]]:
    """Return rows as Python values. Text that is no UTF-8 stays bytes, and its row is refused."""
    try:
        rows: list[dict[str, object]] = batch.to_pylist()
    except UnicodeDecodeError:
        arrays = [
            column.view(pyarrow.binary()) if pyarrow.types.is_string(column.type) else column
            for column in batch.columns
        ]
        rows = pyarrow.RecordBatch.from_arrays(arrays, names=batch.schema.names).to_pylist()
    return rows
