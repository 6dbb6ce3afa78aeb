"""Hostile models, trusted and run: they do nothing outside their process, and one line says what happened.

Each attack is tried twice: once as it is, and once without the measures that stop it, where it has to succeed.
"""

from __future__ import annotations

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import skops.io

from explainkit import pipeline
from explainkit.errors import ModelError
from explainkit.evidence import UNCONFINED
from explainkit.explain.inside import Inside, look_inside
from explainkit.explain.margins import agrees, margin
from explainkit.load.assemble import load_subject
from explainkit.load.confined import client, landlock
from explainkit.load.confined.client import Confined, Limits
from explainkit.load.confined.confinement import MEASURES
from explainkit.load.confined.facts import ConfinedAdapter, adapter_of
from explainkit.load.confined.frames import GarbledError, receive
from explainkit.load.confined.opening import open_confined
from explainkit.load.confined.seccomp import denied
from explainkit.pipeline import gather
from explainkit.plan import read_plan
from explainkit.recomputation import compared
from tests.cli.made_up import PLAN, rows
from tests.load.hostile_models import FAILED, ROWS, SUCCEEDED, hostile


def confining() -> bool:
    """Whether this kernel has every measure."""
    return sys.platform.startswith("linux") and landlock.version(client_libc()) >= 6


def client_libc() -> object:
    import ctypes

    return ctypes.CDLL(None, use_errno=True)


linux = pytest.mark.skipif(not confining(), reason="no Linux with Landlock of version 6 or later")


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> object:
    """Set limits for the models of a test."""
    return lambda **given: monkeypatch.setattr(client, "LIMITS", Limits(**given))


@pytest.fixture
def listener() -> Iterator[int]:
    """A port of this machine that answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def opened(folder: Path, *, opening: str = "", attack: str = "pass") -> ConfinedAdapter:
    path, digest = hostile(folder, opening=opening, attack=attack)
    return open_confined(path, trust=[digest])


def outcome(folder: Path, attack: str) -> float:
    """What a model answers that tries an attack first."""
    adapter = opened(folder, attack=attack)
    answer = float(adapter.predict(ROWS)[0, 1])
    adapter.native.close()
    return answer


def test_a_harmless_model_answers(tmp_path: Path) -> None:
    adapter = opened(tmp_path)
    assert adapter.identity.kind == "Model"
    assert (adapter.task, adapter.classes, adapter.features) == ("binary", (0, 1), ("a",))
    assert adapter.predict(ROWS)[:, 1].tolist() == [SUCCEEDED] * 3
    if confining():
        assert adapter.shortfalls == ()


ATTACKS = {
    "reads a secret": ("open(r'{secret}').read()", ("files",)),
    "reads a file of the system": ("open('/etc/passwd').read()", ("files",)),
    "lists a folder": ("import os; os.listdir(r'{folder}')", ("files",)),
    "writes a file": ("open(r'{marker}', 'w').close()", ("files",)),
    "writes beside the model": ("open(r'{folder}/model.pkl', 'ab').close()", ("files",)),
    "removes a file": ("import os; os.remove(r'{secret}')", ("files",)),
    "changes rights": ("import os; os.chmod(r'{secret}', 0o777)", ("calls",)),
    "changes a time": ("import os; os.utime(r'{secret}', (0, 0))", ("calls",)),
    "looks at another process": ("import os; open(f'/proc/{{os.getppid()}}/cmdline').read()", ("files",)),
    "forks": ("import os; pid = os.fork(); pid or os._exit(0); os.waitpid(pid, 0)", ("calls",)),
    "runs a program": ("import subprocess; subprocess.run(['/bin/touch', r'{marker}'])", ("calls", "files")),
    "makes a socket": ("import socket; socket.socket().close()", ("calls",)),
    "connects": (
        "import socket; socket.create_connection(('127.0.0.1', {port}), 2).close()",
        ("calls", "ports", "files", "network"),
    ),
    "signals the parent": ("import os; os.kill(os.getppid(), 0)", ("calls", "files")),
    "lifts its limits": (
        "import resource; resource.prlimit(__import__('os').getppid(), resource.RLIMIT_CORE, (0, 0))",
        ("calls",),
    ),
    "outlives its parent": ("import ctypes\nif ctypes.CDLL(None).prctl(1, 0, 0, 0, 0): raise OSError", ("calls",)),
}


def outcomes(folder: Path, kinds: Sequence[str], port: int) -> list[float]:
    """What a model answers that tries one attack after the other, one for each row."""
    secret, marker = folder / "secret", folder / "marker"
    lines = [ATTACKS[kind][0].format(secret=secret, marker=marker, folder=folder, port=port) for kind in kinds]
    adapter = opened(folder, attack=f"exec({lines!r}[int(rows['a'].iloc[0])])")
    found = [float(adapter.predict(pd.DataFrame({"a": [float(place)]}))[0, 1]) for place in range(len(kinds))]
    adapter.native.close()
    return found


@linux
def test_attacks_fail(tmp_path: Path, listener: int) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    told = secret.stat()
    found = outcomes(tmp_path, list(ATTACKS), listener)
    assert dict(zip(ATTACKS, found, strict=True)) == dict.fromkeys(ATTACKS, FAILED)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.pkl", "secret"]
    assert secret.read_text() == "secret"
    assert (secret.stat().st_mode, secret.stat().st_mtime_ns) == (told.st_mode, told.st_mtime_ns)


@linux
@pytest.mark.slow
@pytest.mark.parametrize("measures", sorted({measures for _, measures in ATTACKS.values()}))
def test_without_these_measures_attacks_succeed(
    measures: tuple[str, ...], tmp_path: Path, listener: int, limits: object
) -> None:
    (tmp_path / "secret").write_text("secret")
    kinds = [kind for kind, (_, needed) in ATTACKS.items() if needed == measures]
    limits(without=measures)  # type: ignore[operator]
    found = dict(zip(kinds, outcomes(tmp_path, kinds, listener), strict=True))
    assert found == dict.fromkeys(kinds, SUCCEEDED)


@linux
@pytest.mark.slow
@pytest.mark.parametrize("kept", ["calls", "network", "files"])
def test_each_measure_against_the_network_is_enough(kept: str, tmp_path: Path, listener: int, limits: object) -> None:
    limits(without=tuple({*ATTACKS["connects"][1]} - {kept}))  # type: ignore[operator]
    assert outcomes(tmp_path, ["connects"], listener) == [FAILED]


@linux
@pytest.mark.slow
def test_memory_runs_out(tmp_path: Path, limits: object) -> None:
    attack = "held = np.ones(3 * 2**26)"
    limits(memory=2**30)  # type: ignore[operator]
    with pytest.raises(ModelError, match=r"MemoryError") as refused:
        outcome(tmp_path, attack)
    assert "\n" not in str(refused.value)
    with pytest.raises(ModelError, match=r"needs more memory than it may have"):
        opened(tmp_path, opening=attack)
    limits(memory=2**30, without=("memory",))  # type: ignore[operator]
    assert outcome(tmp_path, attack) == SUCCEEDED


def test_threads_work(tmp_path: Path) -> None:
    attack = """
    import threading
    done = []
    threads = [threading.Thread(target=done.append, args=(1,)) for _ in range(4)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    if len(done) != 4: raise OSError
    """
    assert outcome(tmp_path, attack) == SUCCEEDED


@pytest.mark.slow
@pytest.mark.parametrize(
    ("attack", "line"),
    [
        ("import time; time.sleep(1000)", "the model gave no answer in time, and its process was ended"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "was ended by SIGSEGV"),
        ("import ctypes; ctypes.string_at(0)", "was ended by SIGSEGV"),
        ("import os; os.abort()", "was ended by SIGABRT"),
        ("import os; os._exit(7)", "ended without an answer; found exit code 7"),
        ("raise SystemExit(3)", "ended without an answer; found exit code"),
        ("import os; os.closerange(3, 100)", "ended without an answer"),
        ("raise RuntimeError('one\\ntwo')", "one"),
        ("class Odd(Exception):\n    def __str__(self): return '\\x1b[31mred'\nraise Odd", "[31mred"),
    ],
)
@pytest.mark.parametrize("when", ["opening", "asked"])
def test_an_end_is_one_line(when: str, attack: str, line: str, tmp_path: Path, limits: object) -> None:
    limits(opening=8.0 if "no answer" in line else 300.0, answering=1.0)  # type: ignore[operator]
    adapter = None if when == "opening" else opened(tmp_path, attack=attack)
    with pytest.raises(ModelError) as refused:
        opened(tmp_path, opening=attack) if adapter is None else adapter.predict(ROWS)
    said = str(refused.value)
    assert line in said
    assert "\n" not in said
    assert said.isprintable()
    assert refused.value.exit_code == 2
    if adapter is not None and "ended" in line:
        with pytest.raises(ModelError, match=re.escape(line)):  # and it stays ended
            adapter.predict(ROWS)


def message(head: bytes, body: bytes = b"") -> bytes:
    return b"ekm1" + len(head).to_bytes(8, "big") + head + body


def announced(kind: str, shape: object, body: bytes = b"") -> bytes:
    """A message with one array."""
    return message(json.dumps({"arrays": [{"type": kind, "shape": shape}]}).encode(), body)


GARBAGE = {
    "bytes": b"garbage" * 1000,
    "an endless head": b"ekm1" + (2**40).to_bytes(8, "big"),
    "no JSON": message(b"{"),
    "deep JSON": message(b"[" * 10**6),
    "a list": message(b"[]"),
    "no arrays": message(b"{}"),
    "objects": announced("|O", [3], bytes(24)),
    "a record": announced("V8", [3], bytes(24)),
    "text": announced("<U2", [3], bytes(24)),
    "times": announced("<M8[ns]", [3], bytes(24)),
    "a negative size": announced("<f8", [-3]),
    "a size that is none": announced("<f8", [True], bytes(8)),
    "no size": announced("<f8", None, bytes(8)),
    "a huge array": announced("<f8", [99_999_999, 99_999]),
    "a product beyond 64 bits": announced("<f8", [2**47, 2**47, 2**47]),
    "NaN": message(b'{"arrays": [], "x": NaN}'),
    "no flag": announced("|b1", [3], b"abc"),
    "too many arrays": message(json.dumps({"arrays": [{"type": "<f8", "shape": [0]}] * 10_001}).encode()),
}


@pytest.mark.parametrize("kind", GARBAGE)
def test_a_message_that_is_none(kind: str) -> None:
    with pytest.raises(GarbledError):
        receive(io.BytesIO(GARBAGE[kind]), most=2**30)


def test_a_message_that_is_cut() -> None:
    whole = announced("<f8", [3], bytes(24))
    assert receive(io.BytesIO(whole), most=24).arrays[0].tolist() == [0.0] * 3
    for length in range(len(whole)):
        with pytest.raises(EOFError):
            receive(io.BytesIO(whole[:length]), most=24)


@pytest.mark.slow
@pytest.mark.parametrize(
    "answer",
    [
        b"garbage" * 1000,
        announced("|O", [3], bytes(24)),
        announced("<f8", [2, 2], bytes(32)),
        announced("<i8", [3, 2], bytes(48)),
        announced("<f8", [3], bytes(24)),
        message(b'{"arrays": []}'),
        message(b'{"arrays": [], "error": 1}'),
    ],
)
def test_an_answer_that_is_none(answer: bytes, tmp_path: Path) -> None:
    attack = f"""
    import os
    for place in range(3, 64):
        try:
            os.write(place, {answer!r})
        except OSError:
            pass
    """
    adapter = opened(tmp_path, attack=attack)
    with pytest.raises(ModelError, match="gave an answer that cannot be used") as refused:
        adapter.predict(ROWS)
    assert "\n" not in str(refused.value)


GOOD = {
    "identity": {
        "family": "xgboost",
        "kind": "",
        "steps": [],
        "parameters": [["a", "1"]],
        "library": None,
        "target_encoded": [["a", "TargetEncoder"]],
    },
    "task": "binary",
    "classes": [0, 1],
    "features": ["a"],
    "width": 1,
    "saved_by": None,
    "caster": {"categorical": ["a"], "known": {"a": ["x", {"float": "nan"}]}},
}
FORGED: dict[str, dict[str, object]] = {
    "no identity": {"identity": 1},
    "another family": {"identity": {**GOOD["identity"], "family": "other"}},  # type: ignore[dict-item]
    "a name that is none": {"identity": {**GOOD["identity"], "kind": 1}},  # type: ignore[dict-item]
    "an encoder without a column": {"identity": {**GOOD["identity"], "target_encoded": [[None, "E"]]}},  # type: ignore[dict-item]
    "a class twice": {"classes": [1, 1]},
    "a class that is none": {"classes": [[1], [2]]},
    "a class out of range": {"classes": [{"numpy": "int8", "value": 300}, 1]},
    "a class of another type": {"classes": [{"numpy": "object_", "value": 1}, 1]},
    "features that are no names": {"features": [1]},
    "features that are none": {"features": "a"},
    "a negative width": {"width": -1},
    "a version that is no text": {"saved_by": 7},
    "a strange caster": {"caster": {"other": []}},
    "a caster of no columns": {"caster": {"categorical": [1], "known": {}}},
    "another task": {"task": "other"},
}


class Stub:
    """Stands for the process."""

    where = "model"
    not_understood = Confined.not_understood


def test_a_model_says_what_it_is() -> None:
    adapter = adapter_of(GOOD, Stub(), digest="sha256:0", digest_of="the file")  # type: ignore[arg-type]
    assert adapter.identity.parameters == (("a", "1"),)
    assert adapter.identity.target_encoded == (("a", "TargetEncoder"),)
    assert adapter.caster is not None
    assert adapter.caster.categorical == ("a",)  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", FORGED)
def test_a_model_that_says_something_else_of_itself(kind: str) -> None:
    with pytest.raises(ModelError, match="cannot be used"):
        adapter_of({**GOOD, **FORGED[kind]}, Stub(), digest="sha256:0", digest_of="the file")  # type: ignore[arg-type]


def test_what_it_prints_is_heard_by_nobody(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    attack = """
    import os, sys, warnings
    print('x' * 10**6)
    print('x' * 10**6, file=sys.stderr, flush=True)
    os.write(1, b'raw'); os.write(2, b'raw')
    warnings.warn('warned')
    """
    adapter = opened(tmp_path, opening=attack, attack=attack)
    assert adapter.predict(ROWS)[:, 1].tolist() == [SUCCEEDED] * 3
    assert capfd.readouterr() == ("", "")


@linux
@pytest.mark.slow
def test_it_has_nothing_of_its_parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither files that are open there, nor the environment but for what libraries read."""
    monkeypatch.setenv("PASSPHRASE", "secret")
    (tmp_path / "secret").write_text("secret")
    attack = """
    import os
    kinds = [os.readlink(f'/proc/self/fd/{place}').partition(':')[0] for place in range(32)
             if os.path.lexists(f'/proc/self/fd/{place}')]
    if set(kinds) - {'/dev/null', 'pipe'} or kinds.count('pipe') != 2 or 'PASSPHRASE' in os.environ: raise OSError
    """
    with (tmp_path / "secret").open() as held:
        os.set_inheritable(held.fileno(), True)
        assert outcome(tmp_path, attack) == SUCCEEDED


@linux
@pytest.mark.slow
def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    path, digest = hostile(tmp_path)
    script = (
        "import sys, time\nfrom pathlib import Path\n"
        "from explainkit.load.confined.opening import open_confined\n"
        f"model = open_confined(Path({str(path)!r}), trust=[{digest!r}])\n"
        "print(model.native._child._process.pid, flush=True)\ntime.sleep(1000)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        os.kill(child, 0)
        parent.send_signal(signal.SIGKILL)
    for _ in range(100):
        if not Path(f"/proc/{child}").exists() or " Z " in Path(f"/proc/{child}/stat").read_text():
            return
        time.sleep(0.05)
    pytest.fail("the process of the model lives on")


def test_it_ends_when_it_is_no_longer_needed(tmp_path: Path) -> None:
    adapter = opened(tmp_path)
    process = adapter.native._child._process
    assert process.poll() is None
    del adapter
    assert process.wait(10) == -signal.SIGKILL


def test_it_is_gone_before_documents_are_made(sample_models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []

    def measured(subject: Any, plan: Any, **named: Any) -> None:
        found.append(subject.model.native._child._process)
        assert found[0].poll() is None

    def documents(*_: object) -> None:
        assert found[0].poll() == -signal.SIGKILL
        found.append("made")

    monkeypatch.setattr(pipeline, "gather", measured)
    monkeypatch.setattr(pipeline, "_release", documents)
    case = sample_models / "credit"
    pipeline.audit_plan(read_plan(case / "audit-lightgbm.toml"), base=case)
    assert found[1:] == ["made"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads what a process has loaded")
@pytest.mark.parametrize(("model", "loaded"), [("model-lightgbm.txt", "lightgbm"), ("model.skops", "sklearn")])
def test_a_booster_does_without_scikit_learn(sample_models: Path, model: str, loaded: str) -> None:
    case = sample_models / "credit"
    adapter = open_confined(case / model)
    assert adapter.features is not None
    data, _ = adapter.adapt(pd.read_parquet(case / "test.parquet")[list(adapter.features)].head(5))
    inside = look_inside(adapter.native, data)
    assert isinstance(inside, Inside)
    assert agrees(margin(inside, inside.prepare(data)), adapter.predict(data), "binary", "margin")
    maps = Path(f"/proc/{adapter.native._child._process.pid}/maps").read_text()
    assert {name for name in ("lightgbm", "sklearn") if f"/{name}/" in maps} == {loaded}


def test_what_the_system_lacks_is_told(tmp_path: Path, limits: object) -> None:
    limits(without=MEASURES)  # type: ignore[operator]
    adapter = opened(tmp_path)
    assert adapter.predict(ROWS)[:, 1].tolist() == [SUCCEEDED] * 3
    assert [(entry.kind, entry.what) for entry in adapter.shortfalls] == [("assumed", UNCONFINED)] * len(MEASURES)
    assert len({entry.reason for entry in adapter.shortfalls}) == len(MEASURES)


def test_numbers_of_system_calls() -> None:
    """A few against the kernel's headers (unistd_64.h, asm-generic/unistd.h)."""
    one, other = denied("x86_64"), denied("aarch64")
    assert {one["socket"], one["execve"], one["fork"], one["ptrace"], one["bpf"]} == {41, 59, 57, 101, 321}
    assert {other["socket"], other["execve"], other["ptrace"], other["bpf"]} == {198, 221, 117, 280}
    assert "fork" not in other
    assert len(set(one.values())) == len(one)
    assert len(set(other.values())) == len(other)


@pytest.mark.slow
def test_a_card_says_what_was_lacking_and_is_recomputed_elsewhere(tmp_path: Path, limits: object) -> None:
    from sklearn.linear_model import LogisticRegression

    data = rows()
    data.to_csv(tmp_path / "rows.csv", index=False)
    skops.io.dump(LogisticRegression().fit(data[["income", "debt"]], data["bad"]), tmp_path / "model.skops")
    (tmp_path / "audit.toml").write_text(PLAN)
    plan = read_plan(tmp_path / "audit.toml")
    cards = []
    for without in ((), ("files", "network")):
        limits(without=without)  # type: ignore[operator]
        cards.append(gather(load_subject(plan, base=tmp_path), plan))
    whole, lacking = cards
    assert [entry.what for entry in lacking.ledger].count(UNCONFINED) == 4  # Landlock is three of them
    assert [entry.what for entry in lacking.ledger][-4:] == [UNCONFINED] * 4
    assert lacking.figures == whole.figures
    assert compared(whole, lacking).differences == ()


def test_a_file_cannot_fill_the_disk_with_complaints(tmp_path: Path, limits: object) -> None:
    """What the process says on stderr lies in a file; nobody but the process itself may write there."""
    limits(without=MEASURES)  # type: ignore[operator]
    adapter = opened(tmp_path, opening="import os\nfor _ in range(100): os.write(2, b'x' * 10**6)")
    child = adapter.native._child
    assert os.fstat(child._complaints.fileno()).st_size == 0
    adapter.native.close()
