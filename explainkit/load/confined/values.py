"""Tables and single values as JSON and arrays, and back, with their types."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from explainkit.errors import DataError

Array = npt.NDArray[Any]
_PLAIN = "biufmM"


def packed(frame: pd.DataFrame) -> tuple[dict[str, Any], list[Array]]:
    """A table as JSON and arrays; its index is left out.

    Raises
    ------
    DataError
        If a column is of a kind that no model takes.
    """
    names = [str(name) for name in frame.columns]
    whole = _whole(frame)
    if whole is not None:
        return {"names": names, "whole": True}, [whole]
    arrays: list[Array] = []
    columns = []
    for place, name in enumerate(frame.columns):
        try:
            columns.append(_column(frame.iloc[:, place], arrays))
        except TypeError as error:
            raise DataError(
                "values that no model file takes",
                where=f"column {name}",
                found=str(error),
                allowed="numbers, texts, booleans, categories, times",
            ) from None
    return {"names": names, "whole": False, "rows": len(frame), "columns": columns}, arrays


def _whole(frame: pd.DataFrame) -> Array | None:
    """All values as one array, where they are of one type; in the order of the frame, on which sums depend."""
    kinds = set(frame.dtypes)
    if len(kinds) != 1 or not all(isinstance(kind, np.dtype) and kind.kind in _PLAIN for kind in kinds):
        return None
    values = frame.to_numpy()
    return np.asfortranarray(values) if values.strides[0] < values.strides[1] else np.ascontiguousarray(values)


def unpacked(told: dict[str, Any], arrays: Sequence[Array]) -> pd.DataFrame:
    """The table that was packed; the sender is trusted."""
    if told["whole"]:
        return pd.DataFrame(arrays[0], columns=pd.Index(told["names"]), copy=False)
    given = iter(arrays)
    columns = [_filled(column, given) for column in told["columns"]]
    frame = pd.DataFrame(dict(enumerate(columns)), index=pd.RangeIndex(told["rows"]))
    frame.columns = pd.Index(told["names"])
    return frame


def _column(column: Any, arrays: list[Array]) -> dict[str, Any]:
    dtype = column.dtype
    if isinstance(dtype, np.dtype) and dtype.kind in _PLAIN:
        arrays.append(column.to_numpy())
        return {"as": "array"}
    if isinstance(dtype, pd.CategoricalDtype):
        arrays.append(column.cat.codes.to_numpy())
        return {
            "as": "category",
            "ordered": bool(dtype.ordered),
            "categories": _categories(dtype.categories, arrays),
        }
    if isinstance(dtype, pd.StringDtype):
        codes, texts = pd.factorize(column)
        arrays.append(codes)
        nan = isinstance(dtype.na_value, float)
        return {"as": "text", "storage": dtype.storage, "nan": nan, "texts": [str(text) for text in texts]}
    if isinstance(dtype, pd.DatetimeTZDtype):
        arrays.append(column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy())
        return {"as": "time", "zone": str(dtype.tz)}
    if hasattr(dtype, "numpy_dtype") and dtype.numpy_dtype.kind in _PLAIN:  # numbers and flags with missing ones
        arrays += [column.to_numpy(dtype.numpy_dtype, na_value=dtype.type(0)), column.isna().to_numpy()]
        return {"as": "masked", "type": str(dtype)}
    if column.dtype.kind == "O":
        return {"as": "objects", "values": [scalar(value) for value in column]}
    raise TypeError(str(dtype))


def _filled(column: dict[str, Any], given: Iterator[Array]) -> Any:
    kind = column["as"]
    if kind == "objects":
        found = np.empty(len(column["values"]), dtype=object)
        found[:] = [from_scalar(value) for value in column["values"]]
        return pd.Series(found, dtype=object)
    first = next(given)
    if kind == "category":
        known = pd.CategoricalDtype(_known_categories(column["categories"], given), ordered=column["ordered"])
        return pd.Categorical.from_codes(first, dtype=known)
    if kind == "text":
        dtype = pd.StringDtype(column["storage"], na_value=np.nan if column["nan"] else pd.NA)
        return pd.array(column["texts"], dtype=dtype).take(first, allow_fill=True)
    if kind == "time":
        return pd.Series(pd.DatetimeIndex(first)).dt.tz_localize("UTC").dt.tz_convert(column["zone"])
    if kind == "masked":
        values = pd.array(first, dtype=column["type"])
        values[next(given)] = pd.NA
        return values
    return first


_packed: dict[int, tuple[Any, dict[str, Any], list[Array]]] = {}
_unpacked: dict[tuple[str, bytes], Any] = {}
_REMEMBERED = 1_000


def _categories(categories: Any, arrays: list[Array]) -> dict[str, Any]:
    """As `_column`; the same categories come again and again."""
    held = _packed.get(id(categories))
    if held is None or held[0] is not categories:
        own: list[Array] = []
        held = categories, _column(pd.Series(categories), own), own
        if len(_packed) >= _REMEMBERED:
            _packed.clear()
        _packed[id(categories)] = held
    arrays += held[2]
    return held[1]


def _known_categories(told: dict[str, Any], given: Iterator[Array]) -> Any:
    own = [next(given) for _ in range({"objects": 0, "masked": 2}.get(told["as"], 1))]
    key = json.dumps(told), b"".join(array.dtype.str.encode() + array.tobytes() for array in own)
    if key not in _unpacked:
        if len(_unpacked) >= _REMEMBERED:
            _unpacked.clear()
        _unpacked[key] = pd.Index(_filled(told, iter(own)))
    return _unpacked[key]


def scalar(value: Any) -> Any:
    """A single value as JSON, with its type where JSON has none.

    Raises
    ------
    TypeError
        If it is none that a table or a model holds.
    """
    if value is None or type(value) in (bool, int, str):
        return value
    if type(value) is float:
        return value if math.isfinite(value) else {"float": repr(value)}
    if value is pd.NA or value is pd.NaT:
        return {"missing": "NA" if value is pd.NA else "NaT"}
    if isinstance(value, np.str_):
        return {"numpy": "str_", "value": str(value)}
    if isinstance(value, np.bool_ | np.integer):
        return {"numpy": value.dtype.name, "value": value.item()}
    if isinstance(value, np.floating) and value.dtype.itemsize <= 8:
        return {"numpy": value.dtype.name, "value": scalar(float(value))}
    if isinstance(value, pd.Timestamp):
        return {"time": value.isoformat(), "unit": value.unit}
    raise TypeError(f"{type(value).__module__}.{type(value).__qualname__}")


def from_scalar(told: Any) -> Any:
    """The value that was told.

    Raises
    ------
    ValueError
        If nothing like it can have been told.
    """
    if not isinstance(told, dict):
        if isinstance(told, list):
            raise ValueError("a list in place of a value")
        return told
    if told.keys() == {"float"} and told["float"] in ("nan", "inf", "-inf"):
        return float(told["float"])
    if told.keys() == {"missing"} and told["missing"] in ("NA", "NaT"):
        return pd.NA if told["missing"] == "NA" else pd.NaT
    if told.keys() == {"time", "unit"} and isinstance(told["time"], str):
        return pd.Timestamp(told["time"]).as_unit(told["unit"])
    if told.keys() == {"numpy", "value"} and isinstance(told["numpy"], str):
        return _numpy(told["numpy"], from_scalar(told["value"]))
    raise ValueError("a value of an unknown kind")


_NUMPY = {
    **dict.fromkeys(("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"), int),
    **dict.fromkeys(("float16", "float32", "float64"), float),
    "bool": bool,
    "str_": str,
}


def _numpy(kind: str, value: Any) -> Any:
    if kind not in _NUMPY or type(value) is not _NUMPY[kind]:
        raise ValueError("a value of another type than it says")
    try:
        return getattr(np, kind)(value)
    except OverflowError:
        raise ValueError("a number out of range") from None
