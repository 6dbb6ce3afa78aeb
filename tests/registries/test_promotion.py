"""What a card has to say before its model gets an alias; asked in a real container registry."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import explainkit as ek
from explainkit.artifact import sha256_of
from explainkit.errors import ExplainkitError, GateError, InputError, VerificationError
from explainkit.registered import compared, expiry_day
from explainkit.registries.seam import HeldModel, ModelFile
from explainkit.sign.keys import TrialKeys
from explainkit.sign.opinion import Withdrawal
from explainkit.sign.release import countersign_release, withdraw_release
from tests.registries.oci_model import push_model
from tests.registries.releases import card_about, release_about
from tests.registries.servers import Server
from tests.sign.builders import make_opinion


@pytest.fixture
def held(running_registry: Server, saved_model: Path, request: pytest.FixtureRequest) -> Callable[..., str]:
    """Attach a release to the model, in a repository of its own."""

    def do(release: Path, *, unverified: bool = False) -> str:
        name = f"promote-{sha256_of(request.node.name.encode())[:12]}"
        reference = push_model(running_registry.address, name, "1", saved_model / "model.skops")
        ek.attach(release, reference, unverified=unverified)
        return reference

    return do


@pytest.mark.parametrize(
    ("said", "kind", "problem"),
    [
        ({"outcome": "failed"}, GateError, "a gate failed; found performance.roc_auc"),
        ({"outcome": None}, GateError, "the card has no gates"),
        ({"expiry": "2026-01-31"}, VerificationError, "the card has expired; found valid until 2026-01-31"),
        ({"expiry": "next summer"}, VerificationError, "until when the card is valid is not stated as a day"),
        ({"expiry": ""}, VerificationError, "until when the card is valid is not stated as a day; found nothing"),
    ],
)
def test_a_card_that_does_not_allow_it(
    held: Callable[..., str],
    saved_model: Path,
    keys: TrialKeys,
    tmp_path: Path,
    said: dict[str, str],
    kind: type[ExplainkitError],
    problem: str,
) -> None:
    release = release_about(tmp_path / "r", card_about(saved_model / "model.skops", **said), keys.signer)
    with pytest.raises(kind, match=problem) as caught:
        ek.promote(held(release), alias="champion", trust=keys.ca)
    assert caught.value.exit_code == (1 if kind is GateError else 3)


def test_a_gate_that_only_warns_does_not_stop_it(
    held: Callable[..., str], saved_model: Path, keys: TrialKeys, tmp_path: Path
) -> None:
    card = card_about(saved_model / "model.skops", outcome="failed")
    card = replace(card, gates=tuple(replace(g, severity="warn") for g in card.gates))
    reference = held(release_about(tmp_path / "r", card, keys.signer))
    assert ek.promote(reference, alias="champion", trust=keys.ca).alias == "champion"


@pytest.mark.parametrize(
    ("opinion", "until", "problem"),
    [
        ("reject", None, "the validator rejects the card"),
        ("approve", "2026-11-30", "opinion has lapsed"),
        ("approve", None, None),
    ],
)
def test_what_a_validator_says_counts(
    held: Callable[..., str],
    release: Path,
    keys: TrialKeys,
    opinion: str,
    until: str | None,
    problem: str | None,
) -> None:
    card = "sha256:" + sha256_of((release / "card.json").read_bytes())
    said = replace(make_opinion(role="validator"), opinion=opinion, card=card, valid_until=until, conditions=())
    countersign_release(release, keys.signers["validator"], said)
    reference = held(release)
    later = dt.datetime.now(dt.UTC) + dt.timedelta(days=60)
    if problem is None:
        ek.promote(reference, alias="champion", trust=keys.ca, at=later)
        return
    with pytest.raises(ExplainkitError, match=problem):
        ek.promote(reference, alias="champion", trust=keys.ca, at=later)


def test_a_card_that_was_taken_back(held: Callable[..., str], release: Path, keys: TrialKeys) -> None:
    card = "sha256:" + sha256_of((release / "card.json").read_bytes())
    withdraw_release(
        release, keys.signer, Withdrawal(card=card, role="provider", date="2026-11-29", reason="wrong data")
    )
    with pytest.raises(GateError, match="the card was taken back; found wrong data"):
        ek.promote(held(release), alias="champion", trust=keys.ca)


def test_whoever_promotes_says_whom_to_trust(
    held: Callable[..., str], release: Path, keys: TrialKeys, tmp_path: Path
) -> None:
    reference = held(release)
    with pytest.raises(VerificationError, match="not promoted: the card is indeterminate"):
        ek.promote(reference, alias="champion")
    policy = tmp_path / "policy.toml"
    policy.write_text('version = 1\nrequired_roles = ["provider", "validator"]\n')
    with pytest.raises(VerificationError, match="the policy asks for the validator's signature"):
        ek.promote(reference, alias="champion", trust=keys.ca, policy=policy)


def test_an_alias_that_is_no_tag(held: Callable[..., str], release: Path, keys: TrialKeys) -> None:
    with pytest.raises(InputError, match="not a tag"):
        ek.promote(held(release), alias="the champion", trust=keys.ca)


# Parts


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2027-06-30", dt.date(2027, 6, 30)),
        ("until 2027-06-30, or a new training", dt.date(2027, 6, 30)),
        ("2027-13-45 or 2028-01-01", dt.date(2028, 1, 1)),
        ("12027-06-301", None),
        ("22 November 2027", None),
        (None, None),
    ],
)
def test_the_day_in_a_statement_of_expiry(text: str | None, day: dt.date | None) -> None:
    assert expiry_day(text) == day


HEX = [letter * 64 for letter in "ab"]


@given(
    st.lists(st.sampled_from(HEX), max_size=3),
    st.sampled_from([None, "a" * 64]),
    st.sampled_from([None, *HEX]),
    st.sampled_from(["the file m", "the folder m", "the object in memory"]),
)
def test_a_model_is_the_same_only_if_every_file_or_the_folder_is(
    files: list[str], digest: str | None, folder: str | None, what: str
) -> None:
    model = card_about(None).model
    if digest is not None:
        model = replace(model, digest=f"sha256:{digest}", digest_of=what)
    held = HeldModel(files=tuple(ModelFile(name="m", sha256=f) for f in files), folder=folder, reason="why")
    same, words = compared(model, held)
    if digest is None:
        assert same is None
    elif folder == digest or (what != "the folder m" and set(files) == {digest}):
        assert same is True
    elif what == "the folder m":
        assert same is (None if folder is None else False)
    else:
        assert same is (False if files and what == "the file m" else None)
    assert words.startswith("not compared: ") == (same is None)


def test_nothing_is_left_of_a_fetch_that_fails(release: Path, tmp_path: Path) -> None:
    ek.attach(release, f"dir:{tmp_path / 'cards'}")
    (stored,) = (tmp_path / "cards" / "cards").iterdir()
    shutil.rmtree(stored / "signatures")
    with pytest.raises(VerificationError, match="the stored card was changed"):
        ek.fetch(f"dir:{tmp_path / 'cards'}", tmp_path / "back")
    assert not (tmp_path / "back").exists()
