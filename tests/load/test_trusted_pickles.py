"""Trusted pickles are scanned before they are opened, import nothing but what the scan found, and are told of."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import pickle
import struct
import sys
import tracemalloc
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import joblib
import lz4.frame
import numpy as np
import pandas as pd
import pytest
from joblib.numpy_pickle import NumpyUnpickler
from sklearn.compose import make_column_transformer
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from explainkit.artifact import sha256_of
from explainkit.errors import MissingExtraError, ModelError
from explainkit.load import pickle_scan, unpickling
from explainkit.load.known_names import is_known
from explainkit.load.open_model import open_model
from explainkit.load.pickle_scan import Scan, full_name, scan, scan_bytes
from tests.load.test_hostile_files import Calls, joblib_bytes, text

SYSTEM = os.system.__module__


def trusted(path: Path, data: bytes) -> tuple[Any, list[Scan]]:
    """Whatever opening a file with these bytes gives: an adapter or an error; and what was told before."""
    path.write_bytes(data)
    told: list[Scan] = []
    try:
        return open_model(path, trust=["sha256:" + sha256_of(data)], tell=told.append), told
    except (ModelError, MissingExtraError) as error:
        return error, told


def fitted() -> LogisticRegression:
    return LogisticRegression().fit([[0.0], [1.0]], [0, 1])


def honest() -> dict[str, Any]:
    """Models, and values that models hold."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=40), "k": pd.Categorical(rng.choice(["u", "v"], 40))})
    outcome = np.array(["no", "yes"], dtype=object)[(frame["a"] > 0).astype(int)]
    columns = make_column_transformer((OneHotEncoder(), ["k"]), (StandardScaler(), ["a"]))
    return {
        "forest": RandomForestClassifier(3, random_state=np.random.RandomState(0)).fit(frame[["a"]], outcome),
        "boosting": GradientBoostingClassifier(n_estimators=2).fit(frame[["a"]], outcome),
        "histograms": HistGradientBoostingClassifier(max_iter=2).fit(frame, outcome),
        "neighbours": KNeighborsClassifier(algorithm="kd_tree").fit(frame[["a"]], outcome),
        "a pipeline": make_pipeline(columns, LogisticRegression()).fit(frame, outcome),
        "values": [
            *(frame, np.array(["ab", "c"]), np.array([b"x", b"yy"]), np.zeros(()), np.asfortranarray(np.ones((3, 4)))),
            *(np.zeros((0, 3)), np.array([1j]), np.arange(3, dtype=">i4"), np.array(["2020"], "M8[D]")),
            *(np.zeros(3, [("a", "f8"), ("b", "O")]), np.zeros(3, [("a", "f8"), ("b", "i4", (2,))])),
            *(np.ma.array([1, 2], mask=[0, 1]), np.array([None, [np.ones(3)]], dtype=object), np.float32(1)),
        ],
    }


def test_the_names_of_honest_files_are_those_that_an_unpickler_asks_for() -> None:
    """The referee: joblib's own unpickler opens the file and says what it looked up."""
    for kind, model in honest().items():
        for protocol in (2, 4, 5):
            stream = io.BytesIO()
            joblib.dump(model, stream, protocol=protocol)
            for data in (stream.getvalue(), pickle.dumps(model, protocol=protocol)):
                asked: set[str] = set()
                unpickler = NumpyUnpickler("", io.BytesIO(data), ensure_native_byte_order=True)
                unpickler.find_class = noting(unpickler.find_class, asked)
                unpickler.load()
                found = scan(data)
                assert set(found.imports) == asked, kind
                assert found.complete, kind
                assert found.strange == (), kind


def noting(find: Callable[[str, str], Any], asked: set[str]) -> Callable[[str, str], Any]:
    def found(module: str, name: str) -> Any:
        asked.add(full_name(module, name))
        return find(module, name)

    return found


@pytest.mark.parametrize("compress", [0, 3, ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3), ("lz4", 3)])
def test_a_trusted_file_is_opened_and_told_of(compress: Any, tmp_path: Path) -> None:
    joblib.dump(fitted(), tmp_path / "m", compress=compress)
    adapter, told = trusted(tmp_path / "m", (tmp_path / "m").read_bytes())
    rows = pd.DataFrame({"x": [0.2, 0.9]})
    assert np.array_equal(adapter.predict(rows), fitted().predict_proba(rows.to_numpy()))
    assert [found.strange for found in told] == [()]
    assert "sklearn.linear_model._logistic.LogisticRegression" in told[0].imports


def wrapper(dtype: str, *shape: int, kind: bytes | None = None, module: str = "joblib.numpy_pickle") -> bytes:
    """What joblib up to version 1.1 writes before the bytes of an array."""
    sizes = b"".join(b"J" + struct.pack("<i", length) for length in shape)
    state = text("shape") + b"(" + sizes + b"t" + text("order") + text("C") + text("dtype")
    state += b"cnumpy\ndtype\n" + (kind or text(dtype)) + b"\x85R" + text("subclass") + b"cnumpy\nndarray\n"
    return text(module) + text("NumpyArrayWrapper") + b"\x93)\x81}(" + state + text("allow_mmap") + b"\x89ub"


def framed(data: bytes) -> bytes:
    return b"\x95" + struct.pack("<Q", len(data)) + data


def tricks(marker: Path) -> dict[str, bytes]:
    """Pickles that would write the marker, and how each hides what it calls."""
    command = f"touch {marker}"
    call = text(SYSTEM) + text("system") + b"\x93" + text(command) + b"\x85R"
    usual = text("sklearn.base") + b"\x94" + text("BaseEstimator") + b"\x94"
    kept = text(SYSTEM) + b"\x940" + text("system") + b"\x940"
    run = b"\x93" + text(command) + b"\x85R"
    made = b"cbuiltins\nstr\n" + text("u1") + b"\x85R"
    return {
        "a second PROTO forgets nothing": b"\x80\x04" + kept + b"\x80\x04" + usual + b"00h\x00h\x01" + run + b".",
        "a mark takes the names away": b"\x80\x04" + text(SYSTEM) + text("system") + b"(" + usual + b"1" + run + b".",
        "the memo is counted, not numbered": b"\x80\x04"
        + (text("sklearn.base") + b"q\x05" + text(SYSTEM) + b"\x94" + text("system") + b"\x9400")
        + (b"0h\x01h\x02" + run + b"."),
        "a way through a known module": b"\x80\x04" + text("joblib.parallel") + text("os.system") + run + b".",
        "a known module's own": pickle.dumps(Calls(joblib.load, str(marker.with_suffix(".inner")))),
        "behind numbers": joblib_bytes([np.arange(50.0), Calls(os.system, command)]),
        "behind bytes that look like its end": joblib_bytes(
            [np.frombuffer(b"." * 64, "u1"), Calls(os.system, command)]
        ),
        "among the fields of a record": joblib_bytes(
            [np.array([(1.0, Calls(os.system, command))], [("a", "f8"), ("b", "O")])]
        ),
        "a name that is made": b"\x80\x04" + text(SYSTEM) + made.replace(text("u1"), text("system")) + run + b".",
        "behind an array in a frame": b"\x80\x04" + (framed(wrapper("u1", 99) + b"0" + call) + bytes(99) + b"."),
        "behind an array whose type is made": b"\x80\x04" + wrapper("u1", 3, kind=made) + b"abc0" + call + b".",
        "behind more numbers than there are": b"\x80\x04" + wrapper("u1", 2**30, 2**30, 16) + b"0" + call + b".",
        "behind an array by another name": b"\x80\x04"
        + (wrapper("u1", 3, module="joblib._store_backends") + b"abc0" + call + b"."),
        "behind a model": pickle.dumps([fitted(), Calls(os.system, command)]),
        "zlib in gzip": gzip.compress(zlib.compress(pickle.dumps(Calls(os.system, command)))),
        "gzip in lz4": lz4.frame.compress(gzip.compress(pickle.dumps(Calls(os.system, command)))),
        "a pickle, and a zip at its end": pickle.dumps(Calls(os.system, command)) + b"PK\x05\x06" + bytes(18),
    }


TRICKS = list(tricks(Path("marker")))
HARMLESS = ("behind more numbers than there are", "behind an array by another name", "zlib in gzip", "gzip in lz4")
"""Those that joblib itself does not open, today."""


@pytest.mark.parametrize("kind", TRICKS)
def test_nothing_runs_that_was_not_shown(kind: str, tmp_path: Path) -> None:
    """Trusted, it may run what it likes: but what ran was shown before, as strange."""
    marker = tmp_path / "marker"
    (tmp_path / "marker.inner").write_bytes(pickle.dumps(Calls(os.system, f"touch {marker}")))
    data = tricks(marker)[kind]
    (tmp_path / "m").write_bytes(data)
    with pytest.raises(ModelError, match="not trusted"):
        open_model(tmp_path / "m")
    assert not marker.exists()
    with suppress(Exception):
        joblib.load(tmp_path / "m")
    assert marker.exists() != (kind in HARMLESS)  # the payloads are real
    marker.unlink(missing_ok=True)
    _, told = trusted(tmp_path / "m", data)
    shown = [name for found in told for name in found.strange]
    assert not marker.exists() or any(name.endswith(("system", "joblib.numpy_pickle.load")) for name in shown)


HIDDEN = (
    *("a name that is made", "behind an array in a frame", "behind an array whose type is made"),
    *HARMLESS,
)


@pytest.mark.parametrize("kind", HIDDEN)
def test_what_the_scan_cannot_see_is_not_imported(kind: str, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    error, told = trusted(tmp_path / "m", tricks(marker)[kind])
    assert isinstance(error, ModelError)
    assert not marker.exists()
    assert not any(found.complete and not found.strange for found in told)


def test_arrays_in_other_files_are_not_followed(tmp_path: Path) -> None:
    """As joblib wrote them before 0.10: the digest of one file says nothing of another."""
    marker = tmp_path / "marker"
    np.save(tmp_path / "m_01.npy", np.array([Calls(os.system, f"touch {marker}")], dtype=object), allow_pickle=True)
    for name in ("joblib.numpy_pickle_compat", "joblib.numpy_pickle"):
        state = text("filename") + text(str(tmp_path / "m_01.npy")) + text("subclass") + b"cnumpy\nndarray\n"
        data = b"\x80\x04" + text(name) + text("NDArrayWrapper") + b"\x93)\x81}(" + state + b"ub."
        error, _ = trusted(tmp_path / "m", data)
        assert "lie in other files" in str(error)
        assert not marker.exists()
    with suppress(Exception):
        joblib.load(tmp_path / "m")
    assert marker.exists()  # joblib follows them


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "zlib": zlib.compress,
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "lz4": lz4.frame.compress,
}


@pytest.mark.parametrize("kind", PACKERS)
def test_a_bomb_is_not_unpacked_whole(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = PACKERS[kind](b"\x80\x04" + b"N0" * 10**7 + b".")
    monkeypatch.setattr(pickle_scan, "LARGEST", 10**6)
    monkeypatch.setattr(pickle_scan, "MOST_OPCODES", 1000)
    monkeypatch.setattr(unpickling, "LARGEST", 10**6)
    tracemalloc.start()
    try:
        found = scan(bomb)
        error, told = trusted(tmp_path / "m", bomb)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert not found.complete
    assert told == []
    assert "cannot be unpacked; found more than 1,000,000 bytes" in str(error)
    assert peak < 15 * 10**6  # xz has a window of 8 MiB


def test_opcodes_of_a_file_that_nobody_trusts_are_counted() -> None:
    assert not scan(zlib.compress(b"\x80\x04" + b"N0" * 10**6 + b".")).complete
    assert scan_bytes(b"\x80\x04" + b"N0" * 1000 + b"N.").complete


@pytest.mark.parametrize("data", [rb"S'\}'" + b"\n.", rb"ca\}" + b"\nb\n."])
def test_escapes_that_python_no_longer_likes_are_read_in_silence(data: bytes) -> None:
    assert scan_bytes(data).complete  # a warning would be an error here


@pytest.mark.parametrize("kind", PACKERS)
def test_compressed_bytes_that_are_damaged(kind: str, tmp_path: Path) -> None:
    whole = PACKERS[kind](pickle.dumps(fitted()))
    for data in (whole[:-9], whole[: len(whole) // 2], whole[:20] + b"\x00\xff" * 20 + whole[60:]):
        error, told = trusted(tmp_path / "m", data)
        assert isinstance(error, ModelError)
        assert told == []
        assert not scan(data).complete


def test_without_lz4_such_a_file_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lz4", None)
    monkeypatch.setitem(sys.modules, "lz4.frame", None)
    packed = lz4.frame.compress(pickle.dumps(fitted()))
    error, told = trusted(tmp_path / "m", packed)
    assert told == []
    assert str(error) == (
        "lz4 is needed for pickles that it compressed and is not installed; remedy: pip install 'explainkit[lz4]'"
    )
    with pytest.raises(MissingExtraError):
        open_model(tmp_path / "m")


def test_names_that_do_more_than_models_need_are_strange() -> None:
    for name in (
        *("builtins.eval", "builtins.getattr", "joblib.numpy_pickle.load", "numpy.load", "pandas.read_pickle"),
        *("pandas.HDFStore", "pandas.io.pytables.HDFStore", "sklearn.base:subprocess.Popen", "joblib.memory.Memory"),
        *("numpy.testing._private.utils.runstring", "a persistent object", "copyreg.extension 1", "sklearn.base"),
    ):
        assert not is_known(name), name


def test_a_name_is_one_short_word() -> None:
    assert pickle_scan.clean(
        "a;b\n\x1b[31m" + "c" * 100
    ) == "a\N{REPLACEMENT CHARACTER}b" + "\N{REPLACEMENT CHARACTER}" * 3 + ("31m" + "c" * 71)
    assert "; " not in str(Scan(imports=("x.y; it imports nothing",), complete=True))
