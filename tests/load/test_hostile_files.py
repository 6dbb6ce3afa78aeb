"""Hostile model files run nothing, whatever they are called, and one line says what was found."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import pickle
import threading
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import lz4.frame
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from explainkit.errors import ExplainkitError, ModelError
from explainkit.load.open_model import open_model
from explainkit.load.pickle_scan import Scan, scan

NAMES = ("model.pkl", "model.skops", "model.json", "model.ubj", "model.txt", "model.cbm", "model.onnx", "model")


class Calls:
    """Calls a function with arguments when it is unpickled."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call


def by_hand(*parts: bytes) -> bytes:
    return b"".join((*parts, b"."))


def text(value: str) -> bytes:
    data = value.encode()
    return b"\x8c" + bytes([len(data)]) + data


def joblib_bytes(value: Any) -> bytes:
    """As joblib writes it: an array of objects is a pickle inside the pickle."""
    stream = io.BytesIO()
    joblib.dump(value, stream)
    return stream.getvalue()


def kinds(marker: Path) -> dict[str, tuple[bytes, str]]:
    """Pickles that would write the marker, or stand for ways to hide a call; and what the scan has to name."""
    command, code = f"touch {marker}", f"open({str(marker)!r}, 'w').close()"
    import subprocess
    import timeit

    system = (os.system.__module__ + ".system", text(os.system.__module__), text("system"))
    arguments = text(command) + b"\x85R"
    nested = pickle.dumps(Calls(os.system, command))
    return {
        "os.system": (nested, system[0]),
        "eval": (pickle.dumps(Calls(eval, code)), "builtins.eval"),
        "exec, protocol 0": (pickle.dumps(Calls(exec, code), protocol=0), "__builtin__.exec"),
        "a process": (pickle.dumps(Calls(subprocess.call, ["touch", str(marker)])), "subprocess.call"),
        "a gadget of the standard library": (pickle.dumps(Calls(timeit.timeit, code)), "timeit.timeit"),
        "INST": (by_hand(b"(S'", command.encode(), b"'\n", b"i", b"os\nsystem\n"), "os.system"),
        "OBJ": (by_hand(b"(cos\nsystem\nS'", command.encode(), b"'\no"), "os.system"),
        "GLOBAL": (
            by_hand(b"\x80\x02cos\nsystem\n", b"X", len(command).to_bytes(4, "little"), command.encode(), b"\x85R"),
            "os.system",
        ),
        "STACK_GLOBAL": (by_hand(b"\x80\x04", system[1], system[2], b"\x93", arguments), system[0]),
        "names from the memo": (
            by_hand(
                b"\x80\x04", system[1], b"\x94", b"0", system[2], b"\x94", b"0", b"h\x00", b"h\x01", b"\x93", arguments
            ),
            system[0],
        ),
        "an extension": (by_hand(b"\x80\x02\x82\x01)R"), "copyreg.extension 1"),
        "a persistent object": (by_hand(b"\x80\x02X\x01\x00\x00\x00aQ"), "a persistent object"),
        "a pickle in a pickle": (pickle.dumps(Calls(pickle.loads, nested)), "_pickle.loads"),
        "behind a model": (pickle.dumps([LogisticRegression(), Calls(os.system, command)]), system[0]),
        "in an array of objects": (pickle.dumps(np.array([Calls(os.system, command)], dtype=object)), system[0]),
        "behind an array of objects": (
            joblib_bytes([np.array([None], dtype=object), Calls(os.system, command)]),
            system[0],
        ),
        "behind another pickle": (pickle.dumps(1) + nested, system[0]),
        "zlib": (zlib.compress(nested), system[0]),
        "gzip": (gzip.compress(nested), system[0]),
        "bz2": (bz2.compress(nested), system[0]),
        "xz": (lzma.compress(nested), system[0]),
        "lzma": (lzma.compress(nested, lzma.FORMAT_ALONE), system[0]),
        "lz4": (lz4.frame.compress(nested), system[0]),
        "in the second part of a file": (gzip.compress(nested[:30]) + gzip.compress(nested[30:]), system[0]),
    }


KINDS = list(kinds(Path("marker")))


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_runs_under_any_name(kind: str, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    data, named = kinds(marker)[kind]
    for name in NAMES:
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(ModelError) as refused:
            open_model(path)
        assert "\n" not in str(refused.value)
        path.unlink()
    assert named in scan(data).imports
    assert not marker.exists()


def test_the_payloads_are_real(tmp_path: Path) -> None:
    """Python itself would run them: the marker is written."""
    marker = tmp_path / "marker"
    for kind in ("os.system", "eval", "INST", "OBJ", "GLOBAL", "STACK_GLOBAL", "names from the memo", "a process"):
        pickle.loads(kinds(marker)[kind][0])
        assert marker.exists(), kind
        marker.unlink()


def test_a_skops_file_that_holds_a_pickle(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    for member in ("schema.json", "model.pkl", "__main__.py"):
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            archive.writestr(member, kinds(marker)["os.system"][0])
        (tmp_path / "model.skops").write_bytes(data.getvalue())
        with pytest.raises(ModelError):
            open_model(tmp_path / "model.skops")
    assert not marker.exists()


@pytest.mark.parametrize("compress", [0, 3, ("gzip", 3), ("bz2", 3), ("xz", 3), ("lz4", 3)])
def test_the_names_of_an_honest_model(tmp_path: Path, compress: Any) -> None:
    joblib.dump(LogisticRegression().fit([[0.0], [1.0]], [0, 1]), tmp_path / "m.joblib", compress=compress)
    found = scan((tmp_path / "m.joblib").read_bytes())
    assert found.complete
    assert found.strange == ()
    assert "sklearn.linear_model._logistic.LogisticRegression" in found.imports
    assert str(found).startswith("imports ")
    with pytest.raises(ModelError, match=r"not trusted; it imports \d+ names of libraries for models"):
        open_model(tmp_path / "m.joblib")


def test_names_are_cleaned_and_counted() -> None:
    found = Scan(imports=tuple(f"x{i}.y\n\x1b[31m" for i in range(9)), complete=False)
    assert "\x1b" not in str(found)
    assert str(found).endswith("4 more, as far as it can be read")


def test_what_is_cut_or_no_pickle() -> None:
    for data in (b"", b"\x80", b"\x80\x04", b"x\x9cgarbage", b"\x80\x04" + b"\xff" * 50, b"BZh9", bytes(range(256))):
        assert not scan(data).complete


def test_a_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "model.skops")
    ended: list[BaseException] = []

    def attempt() -> None:
        try:
            open_model(tmp_path / "model.skops")
        except ExplainkitError as error:
            ended.append(error)

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(10)
    assert [str(error).partition(": ")[2].partition(";")[0] for error in ended] == ["not a regular file"]


@pytest.mark.parametrize("depth", [10_000, 1_000_000])
def test_deep_nesting(tmp_path: Path, depth: int) -> None:
    (tmp_path / "model.json").write_bytes(b'{"learner":' + b"[" * depth + b"]" * depth + b"}")
    (tmp_path / "model.ubj").write_bytes(
        b"{L\x00\x00\x00\x00\x00\x00\x00\x07learner" + b"[" * depth + b"]" * depth + b"}"
    )
    for name in ("model.json", "model.ubj"):
        with pytest.raises(ModelError):
            open_model(tmp_path / name)
