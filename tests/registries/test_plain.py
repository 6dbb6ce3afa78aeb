"""A plain folder as a registry."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import explainkit as ek
from explainkit.errors import InputError, OutputError, VerificationError
from tests.sign.builders import read


def test_releases_go_to_a_folder_and_the_last_one_comes_back(
    release: Path, other_release: Path, tmp_path: Path
) -> None:
    place = f"dir:{tmp_path / 'a' / 'Kredit 信用'}"
    first = ek.attach(release, place)
    assert ek.attach(release, place) == first
    second = ek.attach(other_release, place)
    folder = tmp_path / "a" / "Kredit 信用"
    assert {f"sha256:{p.name}" for p in (folder / "cards").iterdir()} == {first.revision, second.revision}
    said = json.loads((folder / "current.json").read_text("utf-8"))
    assert (said["release"], said["explainkit.gates"]) == (second.revision, "failed")
    assert read(ek.fetch(place, tmp_path / "back")) == read(other_release)


def test_two_at_once(release: Path, other_release: Path, tmp_path: Path) -> None:
    place = f"dir:{tmp_path / 'cards'}"
    with ThreadPoolExecutor() as pool:
        done = list(pool.map(lambda r: ek.attach(r, place), [release, other_release]))
    assert len({d.revision for d in done}) == 2
    assert read(ek.fetch(place, tmp_path / "back")) in (read(release), read(other_release))


def test_a_stored_card_that_was_changed(release: Path, tmp_path: Path) -> None:
    place = f"dir:{tmp_path / 'cards'}"
    done = ek.attach(release, place)
    card = tmp_path / "cards" / "cards" / done.revision[7:] / "card.json"
    card.write_bytes(card.read_bytes() + b" ")
    with pytest.raises(VerificationError, match="the stored card was changed"):
        ek.fetch(place, tmp_path / "back")
    ek.attach(release, place)
    assert read(ek.fetch(place, tmp_path / "back")) == read(release)


@pytest.mark.parametrize("pointer", ["{", "[]", '{"release": "../.."}', '{"release": "sha256:%s"}' % ("0" * 64)])
def test_a_pointer_that_names_no_card(release: Path, tmp_path: Path, pointer: str) -> None:
    (tmp_path / "current.json").write_text(pointer)
    with pytest.raises(VerificationError):
        ek.fetch(f"dir:{tmp_path}", tmp_path / "back")


def test_what_cannot_be(release: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no card is attached"):
        ek.fetch(f"dir:{tmp_path}", tmp_path / "back")
    with pytest.raises(InputError, match="no folder is named"):
        ek.attach(release, "dir:")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        ek.attach(release, f"dir:{tmp_path / 'file'}")
    ek.attach(release, f"dir:{tmp_path / 'cards'}")
    with pytest.raises(VerificationError, match="not promoted"):
        ek.promote(f"dir:{tmp_path / 'cards'}", alias="champion")
