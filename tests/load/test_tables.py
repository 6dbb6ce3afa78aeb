"""Reading tables: kinds kept apart, nothing changed in silence, bad files refused in one line."""

from __future__ import annotations

import datetime as dt
import decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest

from explainkit.errors import DataError
from explainkit.load.columns import kind_of
from explainkit.load.tables import read_file, read_frame

TABLE = pa.table(
    {
        "number": pa.array([1.5, None, 3.0]),
        "integer": pa.array([1, 2, 3]),
        "gaps": pa.array([1, None, 3]),
        "flag": pa.array([True, False, True]),
        "doubt": pa.array([True, None, False]),
        "text": pa.array(["a", None, "NA"]),
        "category": pa.array(["x", "y", "x"]).dictionary_encode(),
        "day": pa.array([dt.date(2024, 1, 1), None, dt.date(2024, 1, 3)]),
        "money": pa.array([decimal.Decimal("1.10"), None, decimal.Decimal("2.20")]),
        "void": pa.array([None, None, None]),
    }
)
KINDS = {
    "number": "number",
    "integer": "integer",
    "gaps": "number",
    "flag": "boolean",
    "doubt": "boolean",
    "text": "text",
    "category": "category",
    "day": "date",
    "money": "number",
    "void": "empty",
}


@pytest.mark.parametrize("kind", ["parquet", "feather"])
def test_kinds_survive_a_file(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"rows.{kind}"
    if kind == "parquet":
        pa.parquet.write_table(TABLE, path)
    else:
        pa.feather.write_feather(TABLE, str(path))
    dataset, ledger = read_file(path, role="evaluation")
    assert {c: kind_of(dataset.frame[c]) for c in dataset.frame} == KINDS
    assert {e.what: e.count for e in ledger} == {"column gaps": 1, "column doubt": 1, "column money": None}
    assert dataset.frame["text"].tolist()[2] == "NA"


def test_the_file_is_recognised_by_content(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    pa.parquet.write_table(TABLE, path)
    assert read_file(path, role="evaluation")[0].frame.shape == (3, len(KINDS))


def test_csv_keeps_words_that_look_missing(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("\ufeffname,age,joined\nNA,3,2024-01-01\n,,2024-01-02\nnull,5,2024-01-03\n", "utf-8")
    frame = read_file(path, role="evaluation")[0].frame
    assert list(frame.columns) == ["name", "age", "joined"]
    assert frame["name"].isna().tolist() == [False, True, False]
    assert frame["name"].tolist()[0] == "NA"
    assert kind_of(frame["joined"]) == "date"
    stated = read_file(path, role="evaluation", missing=["NA", "null"])[0].frame
    assert stated["name"].isna().all()


def test_csv_with_semicolons_is_said(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("a;b\n1;2\n3;4\n", "utf-8")
    dataset, ledger = read_file(path, role="evaluation")
    assert list(dataset.frame.columns) == ["a", "b"]
    assert [e.kind for e in ledger] == ["assumed"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("rows.csv", b"", "the file is empty"),
        ("rows.csv", b"a,b\n", "no rows"),
        ("rows.csv", b"a,a\n1,2\n", "column names repeat"),
        ("rows.csv", b"a,b\n1,2\n1,2,3\n", "cannot be read"),
        ("rows.csv", b"a,b\n\xff\xfe,2\n\xff,3\n", "utf-8"),
        ("rows.csv", b"a,b\n" + b"x,1\n" * 5000 + b"\xff,3\n", "not UTF-8"),
        ("rows.parquet", b"PAR1 and then nothing", "cannot be read"),
        ("rows.xlsx", b"PK\x03\x04", "unknown kind of data file"),
    ],
)
def test_bad_files_are_refused_in_one_line(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_file(path, role="evaluation")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_file(tmp_path / "no.csv", role="evaluation")
    with pytest.raises(DataError, match="found a folder"):
        read_file(tmp_path, role="evaluation")


def test_frames_of_all_kinds_agree() -> None:
    polars = pytest.importorskip("polars")
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"], "c": [True, False]})
    by_pandas, _ = read_frame(frame, role="evaluation")
    by_arrow, _ = read_frame(pa.Table.from_pandas(frame), role="evaluation")
    by_polars, _ = read_frame(polars.from_pandas(frame), role="evaluation")
    for other in (by_arrow, by_polars):
        pd.testing.assert_frame_equal(by_pandas.frame, other.frame)


def test_the_frame_of_the_caller_is_not_changed() -> None:
    frame = pd.DataFrame({"a": [1, 2]}, index=[7, 3])
    dataset, _ = read_frame(frame, role="evaluation")
    assert frame.index.tolist() == [7, 3]
    assert dataset.frame.index.tolist() == [0, 1]


def test_arrays_and_digests() -> None:
    array = np.arange(6.0).reshape(3, 2)
    one, _ = read_frame(array, role="evaluation")
    two, _ = read_frame(array.copy(), role="evaluation")
    other, _ = read_frame(array + 1, role="evaluation")
    assert list(one.frame.columns) == ["x0", "x1"]
    assert one.identity.digest == two.identity.digest != other.identity.digest


def test_not_a_table() -> None:
    with pytest.raises(DataError, match="not a table"):
        read_frame([1, 2, 3], role="evaluation")
    with pytest.raises(DataError, match="no rows"):
        read_frame(pd.DataFrame({"a": []}), role="evaluation")
    with pytest.raises(DataError, match="several types"):
        read_frame(pd.DataFrame({"a": [1, "x", 2.5]}), role="evaluation")
