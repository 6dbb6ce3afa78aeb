"""Statement, card, page and PDF have to agree, also where the signer's own statement lists them as they are."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from explainkit.errors import InputError
from explainkit.sign.certificates import fingerprint
from explainkit.sign.dsse import seal as seal_envelope
from explainkit.sign.folder import FileOnDisk
from explainkit.sign.hanko import run
from explainkit.sign.keys import TrialKeys
from explainkit.sign.manifest import Statement, listed, subjects
from explainkit.sign.open_keys import KeyInMemory
from explainkit.sign.release import sign_release
from explainkit.sign.verification import verify_release
from tests.sign.builders import make_evidence, read, restate, unknown, write, wrong
from tests.sign.certificate_kit import authority, seal, write_certificate

FOLDER = "signatures/01-provider/"


# Statements


def test_a_release_signed_by_a_stranger_is_the_strangers(
    release: Path, keys: TrialKeys, stranger: TrialKeys, unsigned_files: dict[str, bytes]
) -> None:
    shutil.rmtree(release)
    sign_release(write(release, unsigned_files), stranger.signer)
    found = verify_release(release, trust=[keys.ca])
    assert "the signer is unknown" in unknown(found)
    assert {s.signer for s in found.signatures} == {"TEST provider, Stranger"}


def test_a_statement_by_a_stranger_over_anothers_signatures(
    release: Path, keys: TrialKeys, stranger: TrialKeys
) -> None:
    (release / FOLDER / "chain.pem").unlink()
    restate(release, stranger.signer)
    text = wrong(verify_release(release, trust=[keys.ca, stranger.ca]))
    assert "signed with another certificate (TEST provider, explainkit TEST) than the statement" in text
    assert text.count("signed with another certificate") == 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"role": "validator"}, "made for another place"),
        ({"previous": "ab" * 32}, "made for another place"),
        ({"certificate": "ab" * 32}, "names another certificate"),
        ({"omit": (FOLDER + "card.json.p7s",)}, "does not list signatures/01-provider/card.json.p7s"),
        ({"omit": ("card.pdf",)}, "does not list card.pdf"),
        ({"omit": ("verify.py",)}, "verify.py: not listed by any statement"),
    ],
)
def test_a_statement_that_says_something_else(
    release: Path, keys: TrialKeys, changes: dict[str, object], message: str
) -> None:
    assert verify_release(restate(release, keys.signer), trust=[keys.ca]).state == "valid"
    restate(release, keys.signer, **changes)  # type: ignore[arg-type]
    assert message in wrong(verify_release(release, trust=[keys.ca]))


def test_a_statement_about_another_model(release: Path, keys: TrialKeys) -> None:

    about = subjects(make_evidence())
    for other in (
        dataclasses.replace(about, model="cd" * 32),
        dataclasses.replace(about, model=None),
        dataclasses.replace(about, plan="cd" * 32),
        dataclasses.replace(about, datasets=()),
    ):
        restate(release, keys.signer, subjects=other)
        assert "names another model" in wrong(verify_release(release, trust=[keys.ca]))


@pytest.mark.parametrize(
    ("name", "edit", "message"),
    [
        ("public/summary.json", lambda d: d.replace(b'"card":"sha256:', b'"card":"sha256:00', 1), "another card.json"),
        ("public/summary.json", lambda d: d + b" ", "not a summary"),
        ("public/summary.json", lambda d: b"[]", "not a summary"),
        ("public/summary.html", lambda d: d.replace(b"0.7312", b"0.9312"), "performance.roc_auc"),
    ],
)
def test_a_summary_that_is_not_of_this_card(
    release: Path, keys: TrialKeys, name: str, edit: Callable[[bytes], bytes], message: str
) -> None:
    """Also where it is stated anew, and it is not signed in the first place."""
    before = (release / name).read_bytes()
    (release / name).write_bytes(edit(before))
    assert (release / name).read_bytes() != before
    assert f"{name}: changed since it was signed" in wrong(verify_release(release, trust=[keys.ca]))
    restate(release, keys.signer)
    assert message in wrong(verify_release(release, trust=[keys.ca]))
    unsigned = {n: data for n, data in read(release).items() if not n.startswith("signatures/")}
    shutil.rmtree(release)
    with pytest.raises(InputError, match="the public summary cannot be signed"):
        sign_release(write(release, unsigned), keys.signer)


def test_a_certificate_unfit_to_sign_is_refused_whoever_vouches_for_it(release: Path, tmp_path: Path) -> None:
    root = authority("Root")
    unfit = seal("None", issuer=root, extensions=())
    chain = unfit.certificate.public_bytes(serialization.Encoding.PEM)
    write(release, {FOLDER + "chain.pem": chain})
    files = read(release)
    del files[FOLDER + "statement.dsse.json"]
    statement = Statement(
        role="provider",
        certificate=fingerprint(unfit.certificate),
        files=listed(FileOnDisk(name=n, data=d) for n, d in files.items()),
        subjects=subjects(make_evidence()),
    )
    hand = KeyInMemory(private=unfit.key, chain=(unfit.certificate,)).hand()
    envelope = run(seal_envelope(statement.to_payload(), hand, unfit.certificate))
    write(release, {FOLDER + "statement.dsse.json": envelope.to_json()})
    found = verify_release(release, trust=[write_certificate(tmp_path / "root.pem", root)])
    assert "it has no KeyUsage extension" in wrong(found)


# Content


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (b"value='0.7312'", b"value='0.73120'", "performance.roc_auc, value: 0.73120 where card.json has 0.7312"),
        (b"value='0.7312'", b"value='0.8312'", "0.8312 where card.json has 0.7312"),
        (b"value='0.7312'", b"value", "an attribute twice or empty"),
        (b"value='0.7312'", b"", "nothing where card.json has 0.7312"),
        (b"value='0.7312'", b"value='0.8312' value='0.7312'", "an attribute twice"),
        (b"data-field='value'", b"data-field='level'", "performance.roc_auc, level"),
        (b"data-field='value'", b"data-field='__class__'", "no such number"),
        (b"data-field='low'", b"", "performance.roc_auc, value: 0.68 where card.json has 0.7312"),
        (b"data-figure='performance.roc_auc'", b"data-figure='performance.auc'", "performance.auc, value"),
        (b"data-figure='performance.roc_auc'", b"data-figure='performance.mcc'", "performance.mcc, value"),
        (b"data-figure='performance.roc_auc'", b"", "no such number"),
        (b"data-row='1'", b"data-row='2'", "performance.roc_curve, false_positive_rate, 2"),
        (b"data-row='1'", b"data-row='-2'", "no such number"),
        (b"data-row='1'", b"data-row='9'", "no such number"),
        (b"data-column='false_positive_rate'", b"data-column='fpr'", "no such number"),
        (b"data-series='performance.roc_curve'", b"data-series='x'", "no such number"),
        (b"<table data-series='performance.roc_curve'", b"<table data-series='x'", "no such number"),
        (b"<table data-series='performance.roc_curve'", b"<table", "no such number"),
        (b"<table data-series", b"<table data-series='x' data-series", "no such number"),
        (
            b"<table data-series='performance.roc_curve'><tr>",
            b"<table data-series='performance.roc_curve'></table>",
            "no ",
        ),
        (b"<h1>", b"<h1>\xff", "not UTF-8"),
        (b"<h1>", b"<h1><DATA VALUE='1'></DATA>", "a number that names no figure"),
    ],
)
def test_numbers_on_the_page_that_are_not_the_cards(
    release: Path, keys: TrialKeys, before: bytes, after: bytes, message: str
) -> None:
    page = (release / "card.html").read_bytes()
    assert before in page
    (release / "card.html").write_bytes(page.replace(before, after, 1))
    restate(release, keys.signer)
    assert message in wrong(verify_release(release, trust=[keys.ca]))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda card: b"",
        lambda card: b"{}",
        lambda card: card + b"\n",
        lambda card: card.replace(b'"schema_version":"1.0"', b'"schema_version":"9.0"'),
        lambda card: card.replace(b'"value":0.7312', b'"value":"0.7312"'),
        lambda card: card.replace(b'"value":0.7312', b'"value":' + b"9" * 400),
        lambda card: card.replace(b'"value":0.7312', b'"value":' + b"9" * 5000),
        lambda card: card.replace(b"performance.roc_auc", b"no id at all [["),
        lambda card: card.replace(b'"required":true', b'"required":[]').replace(b'"id":"owner"', b'"id":7'),
        lambda card: b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        lambda card: b"\xff\xfe",
        lambda card: card.replace(b'"digest":"sha256:', b'"digest":"sha256;'),
    ],
)
@pytest.mark.parametrize("rules", ["usual", "in earnest"])
def test_a_card_that_is_not_a_card(release: Path, keys: TrialKeys, spoil: Callable[[bytes], bytes], rules: str) -> None:
    card = (release / "card.json").read_bytes()
    spoilt = spoil(card)
    assert spoilt != card
    (release / "card.json").write_bytes(spoilt)
    restate(release, keys.signer)
    wrong(verify_release(release, trust=[keys.ca], release=rules == "in earnest"))
