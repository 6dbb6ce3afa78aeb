"""Cases named by a secret key."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from explainkit.errors import PlanError
from explainkit.explain.cases import choose_cases, numbered, position_of
from explainkit.load import case_names
from explainkit.load.case_names import read_key, with_case_names
from explainkit.plan import plan_from
from tests.assess.builders import subject_of

KEY = bytes(range(40, 72))
IDS = ("A-1", "B-22", "Çé-3")
posix = pytest.mark.skipif(os.name != "posix", reason="modes of files are those of POSIX")


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "case.key"
    path.write_bytes(KEY)
    path.chmod(0o600)
    return path


def hmac_sha256(key: bytes, message: bytes) -> str:
    """RFC 2104, from its definition."""
    block = (hashlib.sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in block) + message).digest()
    return hashlib.sha256(bytes(b ^ 0x5C for b in block) + inner).hexdigest()


def named(key: Path, **given):
    plan = plan_from({"privacy": {"id_key_file": key.name}})
    return with_case_names(subject_of(np.array([0.1, 0.9, 0.4]), **given), plan, base=key.parent)


def test_names_are_the_hmac_of_the_id(key: Path) -> None:
    subject = named(key, case_ids=IDS)
    assert subject.case_names == tuple(hmac_sha256(KEY, name.encode())[:16] for name in IDS)
    assert [c.key for c in choose_cases(subject, ("B-22",))] == [subject.case_names[1]]
    assert {c.key for c in choose_cases(subject, 3)} == set(subject.case_names)
    assert not any(name in repr(subject) for name in subject.case_names)


def test_without_a_key_nothing_is_named(key: Path) -> None:
    subject = with_case_names(subject_of(np.array([0.1]), case_ids=("A",)), plan_from({}), base=key.parent)
    assert subject.case_names is None


def test_ids_of_others_are_not_told_where_they_are_hidden(key: Path) -> None:
    subject = named(key, case_ids=IDS)
    for ask in (lambda: choose_cases(subject, ("A-2",)), lambda: position_of(subject, "A-2")):
        with pytest.raises(PlanError) as caught:
            ask()
        assert "'A-2'" in str(caught.value)
        assert not any(name in str(caught.value) for name in IDS)
    open_ = subject_of(np.array([0.1, 0.9, 0.4]), case_ids=IDS)
    with pytest.raises(PlanError, match="'A-1'"):
        position_of(open_, "A-2")


def test_rows_are_found_by_id_by_name_and_by_position(key: Path) -> None:
    subject = named(key, case_ids=IDS)
    assert [position_of(subject, name) for name in IDS] == [0, 1, 2]
    assert [position_of(subject, name) for name in subject.case_names or ()] == [0, 1, 2]
    bare = subject_of(np.array([0.1, 0.9, 0.4]))
    assert position_of(bare, "3") == numbered(subject, "3") == 2
    for wrong in ("0", "4", "-1", "x", "1.0", "", "²"):
        with pytest.raises(PlanError, match="allowed: 1 to 3"):
            position_of(bare, wrong)


def test_the_key_needs_ids(key: Path) -> None:
    with pytest.raises(PlanError, match=r"no id column.*data\.id"):
        named(key)


@pytest.mark.parametrize("data", [b"", b"short", b"x" * 32])
def test_a_weak_key_is_refused(key: Path, data: bytes) -> None:
    key.write_bytes(data)
    with pytest.raises(PlanError, match=r"id_key_file.*urandom"):
        read_key(key)


@posix
@pytest.mark.parametrize("mode", [0o644, 0o604, 0o602, 0o777])
def test_a_key_open_to_everybody_is_refused(key: Path, mode: int) -> None:
    key.chmod(mode)
    with pytest.raises(PlanError, match="chmod 600"):
        read_key(key)


def test_a_key_that_is_not_there(key: Path) -> None:
    with pytest.raises(PlanError, match="no such key file"):
        read_key(key.with_name("other.key"))


def test_two_ids_with_one_name_are_refused(key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case_names, "LENGTH", 1)
    with pytest.raises(PlanError, match="another key"):
        named(key, case_ids=tuple(f"c{i}" for i in range(17)), evaluation=None)


def test_the_plan_in_the_card_names_the_file_alone() -> None:
    plan = plan_from({"privacy": {"id_key_file": "/secret/place/case.key"}})
    assert plan.document()["privacy"] == {"id_key_file": "case.key"}
