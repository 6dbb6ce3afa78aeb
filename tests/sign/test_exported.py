"""What is wrong with a signed release is seen before it is exported."""

from __future__ import annotations

from pathlib import Path

import pytest

import explainkit as ek
from explainkit.sign.keys import TrialKeys
from explainkit.sign.release import countersign_release, withdraw_release
from tests.sign.builders import make_opinion
from tests.sign.test_countersigning import withdrawal


def test_a_changed_release_is_not_exported(release: Path, tmp_path: Path) -> None:
    ek.export(release, to="model-card", out=tmp_path / "before.md")
    with (release / "card.html").open("ab") as stream:
        stream.write(b" ")
    with pytest.raises(ek.VerificationError, match=r"the release is not valid; found card\.html"):
        ek.export(release, to="model-card", out=tmp_path / "after.md")
    assert not (tmp_path / "after.md").exists()


def test_a_withdrawn_card_is_not_exported(release: Path, keys: TrialKeys) -> None:
    withdraw_release(release, keys.signer, withdrawal())
    with pytest.raises(ek.VerificationError, match=r"the card was withdrawn; remedy: explainkit verify says by whom"):
        ek.export(release, to="cyclonedx")


def test_a_rejected_card_is_not_exported(release: Path, keys: TrialKeys) -> None:
    countersign_release(release, keys.signers["validator"], make_opinion(opinion="reject"))
    with pytest.raises(ek.VerificationError, match=r"the card is rejected by one who signed it"):
        ek.export(release, to="cyclonedx")
