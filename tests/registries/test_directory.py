"""A release is there whole, or not at all; nothing that exists is lost."""

from __future__ import annotations

import errno
import os
import subprocess
import time
from pathlib import Path

import pytest

from explainkit.artifact import Artifact
from explainkit.errors import OutputError
from explainkit.registries import directory
from explainkit.registries.directory import check_target, staging_name, write_release

CARD = b'{"plan_digest":"sha256:00","schema_version":"1.0"}'


def files(mark: bytes = b"one") -> list[Artifact]:
    return [
        Artifact(name="card.json", data=CARD, media_type="application/json"),
        Artifact(name="card.pdf", data=mark, media_type="application/pdf"),
        Artifact(name="public/summary.json", data=b"{}", media_type="application/json"),
    ]


def nothing(folder: Path) -> None:
    """The unsigned release is finished as it is."""


def names(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_a_new_release(tmp_path: Path) -> None:
    write_release(tmp_path / "release", files(), finish=nothing)
    assert names(tmp_path) == ["release/card.json", "release/card.pdf", "release/public/summary.json"]


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "release").mkdir()
    write_release(tmp_path / "release", files(), finish=nothing)
    assert len(names(tmp_path)) == 3


@pytest.mark.parametrize("exchange", [True, False])
def test_an_earlier_release_goes_only_by_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exchange: bool) -> None:
    if not exchange:
        monkeypatch.setattr(directory, "_exchange", lambda one, other: False)
    target = tmp_path / "release"
    write_release(target, files(), finish=nothing)
    with pytest.raises(OutputError, match="a release stands there already; remedy: --force"):
        write_release(target, files(b"two"), finish=nothing)
    assert (target / "card.pdf").read_bytes() == b"one"
    write_release(target, files(b"two"), finish=nothing, force=True)
    assert (target / "card.pdf").read_bytes() == b"two"
    assert [p.name for p in tmp_path.iterdir()] == ["release"]


def test_what_is_not_ours_is_never_replaced(tmp_path: Path) -> None:
    target = tmp_path / "thesis"
    target.mkdir()
    (target / "chapter.txt").write_text("years of work")
    for force in (False, True):
        with pytest.raises(OutputError, match="exists and is not a release"):
            write_release(target, files(), finish=nothing, force=force)
    (target / "card.json").write_text('{"schema_version": "1.0"}')
    with pytest.raises(OutputError, match="exists and is not a release"):
        check_target(target, force=True)
    assert names(tmp_path) == ["thesis/card.json", "thesis/chapter.txt"]


def test_files_links_and_missing_folders(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("file", "link"):
        with pytest.raises(OutputError, match="is taken; found not a folder"):
            check_target(tmp_path / name, force=True)
    with pytest.raises(OutputError, match="no such folder"):
        check_target(tmp_path / "a" / "b", force=True)


@pytest.mark.parametrize("error", [RuntimeError("signing failed"), KeyboardInterrupt()])
def test_nothing_is_left_when_finishing_fails(tmp_path: Path, error: BaseException) -> None:
    target = tmp_path / "release"
    write_release(target, files(), finish=nothing)

    def fail(folder: Path) -> None:
        raise error

    with pytest.raises(type(error)):
        write_release(target, files(b"two"), finish=fail, force=True)
    assert (target / "card.pdf").read_bytes() == b"one"
    assert [p.name for p in tmp_path.iterdir()] == ["release"]


def test_what_killed_processes_left_is_removed_after_an_hour(tmp_path: Path) -> None:
    target, hours_ago = tmp_path / "release", time.time() - 2 * 3600
    ended = subprocess.Popen(["true"])
    ended.wait()
    write_release(target, files(), finish=nothing)
    gone, old, mine, others = (
        tmp_path / name
        for name in (
            staging_name(target, ended.pid),
            staging_name(target, ended.pid) + ".old",
            staging_name(target, os.getppid()),
            staging_name(tmp_path / "another", ended.pid),
        )
    )
    for folder in (gone, old, mine, others):
        folder.mkdir()
        os.utime(folder, (hours_ago, hours_ago))
    write_release(target, files(), finish=nothing, force=True)
    assert [folder.exists() for folder in (gone, old, mine, others)] == [False, False, True, True]
    gone.mkdir()
    write_release(target, files(), finish=nothing, force=True)
    assert gone.exists()


def test_a_release_that_cannot_be_put_in_place_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an exchange, the old one is moved away and back."""
    target = tmp_path / "release"
    write_release(target, files(), finish=nothing)
    monkeypatch.setattr(directory, "_exchange", lambda one, other: False)
    replace = os.replace

    def refusing(one: Path, other: Path) -> None:
        if one.name.endswith(".partial"):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        replace(one, other)

    monkeypatch.setattr(os, "replace", refusing)
    with pytest.raises(OutputError):
        write_release(target, files(b"two"), finish=nothing, force=True)
    assert (target / "card.pdf").read_bytes() == b"one"
    assert [p.name for p in tmp_path.iterdir()] == ["release"]


def test_a_full_disk_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match="found No space left on device; remedy: free some space"):
        write_release(tmp_path / "release", files(), finish=nothing)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if (
        os.geteuid() != 0
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True, check=False
        ).returncode
    ):
        pytest.skip("a file system of its own can be mounted by root only")
    try:
        with pytest.raises(OutputError, match="No space left on device"):
            write_release(disk / "release", files(b"x" * 100_000), finish=nothing)
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", disk], check=True)
