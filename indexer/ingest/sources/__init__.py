"""Catalogue sources: readers of merchants' files, row by row.

`open_source` takes a CSV, JSON Lines or Parquet file, or a folder. A folder that holds a file
called `catalogue.csv`, `.tsv`, `.jsonl`, `.ndjson`, `.parquet` or `.pq` stands for that file. Any
other folder is a folder of pictures, one product for each picture. Archives, spreadsheets and
addresses are refused, with advice what to make of them.

No reader holds a catalogue in memory, checks a value, or knows the database.
"""

from collections.abc import Mapping
from pathlib import Path

from indexer.ingest.sources.column_map import FIELDS, check_mapping
from indexer.ingest.sources.delimited import DelimitedSource
from indexer.ingest.sources.json_lines import JsonLinesSource
from indexer.ingest.sources.parquet import ParquetSource
from indexer.ingest.sources.picture_folder import FolderSource
from indexer.ingest.sources.source_record import CatalogueSource, RefusedRow, SourceRecord
from search.catalogue.change_inbox import API_SOURCE
from search.errors import UnusableCatalogue

__all__ = [
    "FIELDS",
    "CatalogueSource",
    "RefusedRow",
    "SourceRecord",
    "open_source",
]

_DELIMITED = (".csv", ".tsv", ".txt")
_JSON_LINES = (".jsonl", ".ndjson", ".json")
_PARQUET = (".parquet", ".pq")
_INSTEAD = {
    ".xlsx": "save the sheet as 'CSV UTF-8' and ingest that",
    ".xls": "save the sheet as 'CSV UTF-8' and ingest that",
    ".ods": "save the sheet as CSV in UTF-8 and ingest that",
    ".gz": "unpack it first",
    ".zip": "unpack it first",
    ".xml": "export it as CSV, JSON Lines or Parquet",
}


def open_source(
    source: Path | str,
    mapping: Mapping[str, str] | None = None,
    *,
    encoding: str | None = None,
    name: str | None = None,
) -> CatalogueSource:
    """Return the reader of a catalogue.

    Args:
        source: A file or a folder.
        mapping: Column of each field whose column has an unknown name; see
            `indexer.ingest.sources.column_map`. That of `image` may name several columns, parted
            by `|`.
        encoding: Of a CSV file that is not UTF-8, such as `cp1252`.
        name: Name of the catalogue, which dated files of it share; None: its absolute path.

    Raises:
        UnusableCatalogue: there is nothing, it can't be read, it is of no known kind, or it lacks
            a required column. The message says what to do.
    """
    check_mapping(mapping or {})
    if name == API_SOURCE:
        raise UnusableCatalogue(
            f"{name!r} names what is sent by the API; give the catalogue another name."
        )
    if str(source).startswith(("http://", "https://")):
        raise UnusableCatalogue(
            f"{source} is an address; download the catalogue and name the file."
        )
    path = Path(source).expanduser().absolute()
    try:
        if path.is_dir():
            path = _catalogue_in(path)
        if not path.exists():
            raise UnusableCatalogue(f"There is no catalogue {path}; check the path.")
        reader = _reader(path, mapping or {}, encoding)
    except PermissionError as error:
        raise UnusableCatalogue(
            f"{error.filename or path} may not be read; let the user that runs findalike read it."
        ) from error
    except OSError as error:
        raise UnusableCatalogue(f"{path} can't be read: {error}.") from error
    reader.name = name or reader.name
    return reader


def _catalogue_in(folder: Path) -> Path:
    """Return the catalogue file of a folder, or the folder itself."""
    suffixes = (".csv", ".tsv", *_JSON_LINES, *_PARQUET)
    found = [path for suffix in suffixes if (path := folder / f"catalogue{suffix}").is_file()]
    if len(found) > 1:
        names = " and ".join(path.name for path in found)
        raise UnusableCatalogue(f"{folder} holds {names}; name the one to ingest.")
    return found[0] if found else folder


def _reader(
    path: Path, mapping: Mapping[str, str], encoding: str | None
) -> DelimitedSource | JsonLinesSource | ParquetSource | FolderSource:
    """Choose a reader by the file's name."""
    if path.is_dir():
        return FolderSource(path)
    suffix = path.suffix.lower()
    if path.stat().st_size == 0:
        raise UnusableCatalogue(f"{path} is empty; export the catalogue again.")
    if suffix in _DELIMITED:
        return DelimitedSource(path, mapping, encoding)
    if suffix in _JSON_LINES:
        return JsonLinesSource(path, mapping)
    if suffix in _PARQUET:
        return ParquetSource(path, mapping)
    advice = _INSTEAD.get(
        suffix, "a catalogue is .csv, .tsv, .jsonl or .parquet, or a folder of pictures"
    )
    raise UnusableCatalogue(f"{path} is no catalogue that can be read: {advice}.")
