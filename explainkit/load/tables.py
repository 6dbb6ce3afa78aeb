"""Read tables from files and from frames, through Arrow, changing nothing in silence."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet

from explainkit.artifact import sha256_file
from explainkit.errors import DataError
from explainkit.evidence import DatasetIdentity, LedgerEntry
from explainkit.load.subject import Dataset

DatasetRole = Literal["evaluation", "reference"]
_FORMATS = "parquet, csv or feather (Arrow IPC)"


def read_file(path: Path, *, role: DatasetRole, missing: Sequence[str] = ()) -> tuple[Dataset, tuple[LedgerEntry, ...]]:
    """Read a data file.

    Parameters
    ----------
    path : pathlib.Path
        A parquet, csv or feather file, recognised by its content; csv by its name.
    role : {"evaluation", "reference"}
        What the data is for.
    missing : sequence of str
        Texts that mean "missing" in a csv file, besides the empty cell.

    Returns
    -------
    Dataset, tuple of LedgerEntry
        The rows, and what had to be cast or assumed to read them.

    Raises
    ------
    DataError
        If the file is missing, a folder, empty, damaged, of another kind, or has duplicate column names.
    """
    where = str(path)
    if path.is_dir():
        raise DataError("data is read from a file", where=where, found="a folder", allowed=_FORMATS)
    if not path.exists():
        raise DataError("no such file", where=where, remedy=f"name a {_FORMATS} file")
    if not path.is_file():
        raise DataError("not a regular file", where=where, allowed=_FORMATS)
    table, ledger = _read_table(path, missing)
    identity = DatasetIdentity(
        role=role, name=path.name, digest="sha256:" + sha256_file(path), digest_of=f"the file {path.name}"
    )
    frame, casts = to_pandas(table, where)
    return Dataset(identity=identity, frame=frame), ledger + casts


def read_files(
    evaluation: Path, reference: Path | None, *, missing: Sequence[str] = ()
) -> tuple[Dataset, Dataset | None, tuple[LedgerEntry, ...]]:
    """Read the evaluation rows and, where there are any, the reference rows; as `read_file`."""
    rows, ledger = read_file(evaluation, role="evaluation", missing=missing)
    if reference is None:
        return rows, None, ledger
    others, more = read_file(reference, role="reference", missing=missing)
    return rows, others, ledger + tuple(replace(entry, what=f"reference: {entry.what}") for entry in more)


def read_frame(data: Any, *, role: DatasetRole) -> tuple[Dataset, tuple[LedgerEntry, ...]]:
    """Take a pandas or polars frame, an Arrow table or a two-dimensional array.

    Parameters
    ----------
    data : pandas.DataFrame, polars.DataFrame, pyarrow.Table or numpy.ndarray
        The rows; columns of an array are called ``x0``, ``x1`` …
    role : {"evaluation", "reference"}
        What the data is for.

    Returns
    -------
    Dataset, tuple of LedgerEntry
        The rows (a pandas frame is kept as it is), and what had to be cast.

    Raises
    ------
    DataError
        If the type is none of these, if there are no rows, or if column names repeat.
    """
    casts: tuple[LedgerEntry, ...] = ()
    where = f"{role} data"
    if isinstance(data, np.ndarray) and data.ndim == 2:
        data = pd.DataFrame(data, columns=[f"x{i}" for i in range(data.shape[1])])
    if isinstance(data, pd.DataFrame):
        frame = data.rename(columns=str).reset_index(drop=True)
        _check_names(list(frame.columns), where)
    elif isinstance(data, pa.Table) or hasattr(data, "to_arrow"):
        frame, casts = to_pandas(data if isinstance(data, pa.Table) else data.to_arrow(), where)
    else:
        raise DataError(
            "not a table",
            where=where,
            found=f"{type(data).__module__}.{type(data).__qualname__}",
            allowed="a pandas or polars DataFrame, an Arrow table, a two-dimensional NumPy array",
        )
    if frame.empty:
        raise DataError("no rows", where=where, found=f"{len(frame)} rows, {frame.shape[1]} columns")
    identity = DatasetIdentity(
        role=role,
        name="data frame",
        digest="sha256:" + _frame_digest(frame),
        digest_of="the Arrow IPC stream of the data frame",
    )
    return Dataset(identity=identity, frame=frame), casts


def _read_table(path: Path, missing: Sequence[str]) -> tuple[pa.Table, tuple[LedgerEntry, ...]]:
    where = str(path)
    with path.open("rb") as stream:
        head = stream.read(8)
    if not head:
        raise DataError("the file is empty", where=where, found="0 bytes", allowed=_FORMATS)
    try:
        if head.startswith(b"PAR1"):
            return pa.parquet.read_table(path), ()
        if head.startswith((b"ARROW1", b"FEA1")):
            return pa.feather.read_table(path), ()
        if path.suffix.lower() in {".csv", ".tsv", ".txt"}:
            return _read_csv(path, missing)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise DataError("the file cannot be read", where=where, found=str(error).splitlines()[0]) from None
    raise DataError(
        "unknown kind of data file",
        where=where,
        found=repr(head[:4]),
        allowed=_FORMATS,
        remedy="save it as parquet; text separated by commas, semicolons or tabs is called .csv",
    )


def delimiter_of(path: Path) -> str:
    """What separates the columns of a text file, by its first line."""
    with path.open(encoding="utf-8-sig") as stream:
        header = stream.readline()
    counts = {d: header.count(d) for d in (",", ";", "\t")}
    return max(counts, key=lambda d: counts[d]) if any(counts.values()) else ","


def _read_csv(path: Path, missing: Sequence[str]) -> tuple[pa.Table, tuple[LedgerEntry, ...]]:
    delimiter = delimiter_of(path)
    table = pa.csv.read_csv(
        path,
        parse_options=pa.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        convert_options=pa.csv.ConvertOptions(null_values=["", *missing], strings_can_be_null=True),
    )
    for name, kind in zip(table.column_names, table.schema.types, strict=True):
        if pa.types.is_binary(kind):  # what Arrow makes of bytes that are not UTF-8
            raise DataError("text that is not UTF-8", where=f"{path}: column {name}", remedy="save the file as UTF-8")
    if delimiter == ",":
        return table, ()
    name = {";": "semicolons", "\t": "tabs"}[delimiter]
    return table, (
        LedgerEntry(kind="assumed", what=path.name, reason=f"columns are separated by {name}, as in its first line"),
    )


def _check_names(names: Sequence[str], where: str) -> None:
    repeated = sorted({n for n in names if names.count(n) > 1}) if len(set(names)) < len(names) else []
    if repeated:
        raise DataError(
            "column names repeat",
            where=where,
            found=", ".join(repr(n) for n in repeated[:3]),
            allowed="each name once",
            remedy="rename or remove the repeated columns",
        )


def to_pandas(table: pa.Table, where: str) -> tuple[pd.DataFrame, tuple[LedgerEntry, ...]]:
    """An Arrow table as a frame, and what had to be cast; `where` is named in errors."""
    _check_names(table.column_names, where)
    if table.num_rows == 0 or table.num_columns == 0:
        raise DataError("no rows", where=where, found=f"{table.num_rows} rows, {table.num_columns} columns")
    casts: list[LedgerEntry] = []
    columns: dict[str, Any] = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        kind, nulls = column.type, column.null_count
        if pa.types.is_decimal(kind):
            column = column.cast(pa.float64())
            casts.append(LedgerEntry(kind="cast", what=f"column {name}", reason="decimal → 64-bit floating point"))
        elif pa.types.is_integer(kind) and nulls:
            casts.append(
                LedgerEntry(
                    kind="cast",
                    what=f"column {name}",
                    reason="integers with missing values → 64-bit floating point, missing → NaN",
                    count=nulls,
                )
            )
        elif pa.types.is_boolean(kind) and nulls:
            casts.append(
                LedgerEntry(
                    kind="cast",
                    what=f"column {name}",
                    reason="booleans with missing values → objects True, False and None",
                    count=nulls,
                )
            )
        columns[name] = column.to_pandas(date_as_object=False)
    return pd.DataFrame(columns), tuple(casts)


class _Hashing(io.RawIOBase):
    """A file that keeps nothing of what is written to it but the digest."""

    def __init__(self, digest: hashlib._Hash) -> None:
        self._digest = digest

    def writable(self) -> bool:
        return True

    def write(self, block: Any) -> int:
        self._digest.update(block)
        return len(block)


def _frame_digest(frame: pd.DataFrame) -> str:
    digest = hashlib.sha256()
    try:
        table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    except pa.ArrowException as error:
        raise DataError(
            "a column holds values of several types", where="data frame", found=str(error).splitlines()[0]
        ) from None
    with pa.ipc.new_stream(pa.PythonFile(_Hashing(digest), mode="w"), table.schema) as writer:
        writer.write_table(table.combine_chunks())
    return digest.hexdigest()
