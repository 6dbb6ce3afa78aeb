"""Data files of any size, in blocks of rows: nothing of them is kept but the block in hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.ipc
import pyarrow.parquet

from explainkit.artifact import sha256_file
from explainkit.errors import DataError, nearest
from explainkit.evidence import ColumnKind
from explainkit.load.subject import BATCH_ROWS
from explainkit.load.tables import delimiter_of, read_frame

_FORMATS = "parquet, csv or feather (Arrow IPC)"
_BLOCK = 1 << 23
"""Bytes of a csv file that are read at once."""
_BUFFER = 1 << 20
"""Bytes of a column of a parquet file that are read at once."""
_CSV_TYPES: dict[ColumnKind, pa.DataType] = {
    "number": pa.float64(),
    "integer": pa.float64(),
    "boolean": pa.bool_(),
    "category": pa.string(),
    "text": pa.string(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunks:
    """Rows that are read once, block by block."""

    name: str
    """Name of the file without its folder, or ``data frame``."""
    digest: str
    """``sha256:…``"""
    batches: Iterator[pa.RecordBatch]


def chunks(
    data: Any,
    *,
    needed: Sequence[str],
    wanted: Sequence[str] = (),
    kinds: Mapping[str, ColumnKind],
    missing: Sequence[str] = (),
    whole: bool = False,
    size: int = BATCH_ROWS,
) -> Chunks:
    """Read columns of new data in blocks.

    Parameters
    ----------
    data : path, pandas.DataFrame, polars.DataFrame or pyarrow.Table
        The rows; a file is parquet, csv or feather.
    needed, wanted : sequence of str
        Columns that must be there, and those that are read where they are.
    kinds : mapping of str to str
        Kind of each column in the evaluation data, which a csv file is read by.
    missing : sequence of str
        Texts that mean "missing" in a csv file, besides the empty cell.
    whole : bool, default False
        Whether columns of whole numbers in a csv file are read as such, and anything else in them is refused.
    size : int
        Rows of a block, at most; of a csv file blocks are of so many bytes.

    Raises
    ------
    DataError
        If the file cannot be read, lacks a column, or holds something else in it; errors of a block come with it.
    """
    if not isinstance(data, str | Path):
        dataset, _ = read_frame(data, role="evaluation")
        table = pa.Table.from_pandas(dataset.frame, preserve_index=False)
        names = _named(table.column_names, needed, wanted, "data frame")
        batches = iter(table.select(names).to_batches(max_chunksize=size))
        return Chunks(name="data frame", digest=dataset.identity.digest, batches=batches)
    path = Path(data)
    if not path.is_file():
        raise DataError("no such file", where=str(path), remedy=f"name a {_FORMATS} file")
    with _readable(path):
        types = _CSV_TYPES | ({"integer": pa.int64()} if whole else {})
        typed = {name: types[kind] for name, kind in kinds.items() if kind in types}
        batches = _opened(path, needed, wanted, typed, missing, size)
        return Chunks(name=path.name, digest="sha256:" + sha256_file(path), batches=_guarded(path, batches))


def _opened(
    path: Path,
    needed: Sequence[str],
    wanted: Sequence[str],
    types: Mapping[str, pa.DataType],
    missing: Sequence[str],
    size: int,
) -> Iterator[pa.RecordBatch]:
    with path.open("rb") as stream:
        head = stream.read(8)
    where = str(path)
    if head.startswith(b"PAR1"):
        texts = [name for name, kind in types.items() if pa.types.is_string(kind)]
        # Without these a whole file may be held in memory, for the sake of slow disks.
        file = pa.parquet.ParquetFile(path, read_dictionary=texts, pre_buffer=False, buffer_size=_BUFFER)
        return iter(file.iter_batches(size, columns=_named(file.schema_arrow.names, needed, wanted, where)))
    if head.startswith(b"ARROW1"):
        reader = pa.ipc.open_file(pa.memory_map(where))
        names = _named(reader.schema.names, needed, wanted, where)
        return (
            part
            for number in range(reader.num_record_batches)
            for part in _parts(reader.get_batch(number).select(names), size)
        )
    if path.suffix.lower() in {".csv", ".tsv", ".txt"}:
        return _csv(path, needed, wanted, types, missing)
    raise DataError("unknown kind of data file", where=where, found=repr(head[:4]), allowed=_FORMATS)


def _parts(batch: pa.RecordBatch, size: int) -> Iterator[pa.RecordBatch]:
    for start in range(0, batch.num_rows, size):
        yield batch.slice(start, size)


def _csv(
    path: Path,
    needed: Sequence[str],
    wanted: Sequence[str],
    types: Mapping[str, pa.DataType],
    missing: Sequence[str],
) -> Iterator[pa.RecordBatch]:
    parse = pa.csv.ParseOptions(delimiter=delimiter_of(path), newlines_in_values=True)
    read = pa.csv.ReadOptions(block_size=_BLOCK)
    with pa.csv.open_csv(path, read_options=read, parse_options=parse) as first:
        names = _named(first.schema.names, needed, wanted, str(path))
    convert = pa.csv.ConvertOptions(
        include_columns=names,
        column_types={name: types[name] for name in names if name in types},
        null_values=["", *missing],
        strings_can_be_null=True,
    )
    return iter(pa.csv.open_csv(path, read_options=read, parse_options=parse, convert_options=convert))


def _named(there: Sequence[str], needed: Sequence[str], wanted: Sequence[str], where: str) -> list[str]:
    lacking = [name for name in needed if name not in there]
    if lacking:
        raise DataError(
            "the data lacks columns",
            where=f"{where}: column {lacking[0]}",
            found=f"{len(lacking)} of {len(needed)} columns missing",
            remedy=nearest(lacking[0], there),
        )
    twice = [name for name in needed if list(there).count(name) > 1]
    if twice:
        raise DataError("column names repeat", where=where, found=repr(twice[0]), allowed="each name once")
    return list(dict.fromkeys((*needed, *(name for name in wanted if name in there))))


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        found = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError("the file cannot be read", where=str(path), found=found) from None


def _guarded(path: Path, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    with _readable(path):
        yield from batches
