"""A release is countersigned with opinions, and withdrawn: what stays, what is shown, and what is refused."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import io
import json
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import DEFAULT_DIFF_POLICY, ModificationLevel
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner

import explainkit as ek
from explainkit.cli.main import main
from explainkit.errors import InputError, VerificationError
from explainkit.sign.keys import TrialKeys
from explainkit.sign.opinion import Finding, Opinion, Withdrawal
from explainkit.sign.policy import Policy
from explainkit.sign.release import countersign_release, sign_release, withdraw_release
from explainkit.sign.verification import verify_release
from tests.bounded import share
from tests.sign.builders import make_evidence, make_files, make_opinion, opened, read, restate, write, wrong
from tests.sign.certificate_kit import authority, save, seal
from tests.sign.test_flips import flipped, places, refused
from tests.sign.test_signature_attacks import attachment, new_content, note, script
from tests.sign.test_stock_tools import follow
from tests.sign.test_stock_tools import script as verify_py

SECOND, THIRD = "signatures/02-validator/", "signatures/03-approver/"
FINDINGS = """
name = "Vera Valid"
scope = "All but the use in production."
independence = "Not of the team that built the model."
valid_until = 2027-11-30
[[findings]]
id = "F-1"
severity = "low"
text = "Few rows."
figures = ["performance.roc_auc"]
due = 2027-01-31
"""


def withdrawal(**changes: str) -> Withdrawal:
    given = {"card": make_opinion().card, "role": "provider", "date": "2026-12-01", "reason": "The population changed."}
    return Withdrawal(**{**given, **changes})


# What is accepted


def test_three_roles_sign_and_nothing_before_changes(
    signed_once: Path, countersigned_once: Path, keys: TrialKeys
) -> None:
    found = verify_release(countersigned_once, trust=[keys.ca])
    assert (found.state, found.exit_code, found.reasons) == ("valid", 0, ())
    per_role = [("dsse", "the release"), ("cades", "card.json"), ("cades", "card.html")]
    opinion = [("cades", "opinion.json")]
    assert [(s.role, s.kind, s.covers) for s in found.signatures] == [
        *(("provider", *one) for one in [*per_role, ("pades", "card.pdf")]),
        *(("validator", *one) for one in [*per_role, *opinion, ("pades", "card.pdf")]),
        *(("approver", *one) for one in [*per_role, *opinion, ("pades", "card.pdf")]),
    ]
    assert all(s.intact and s.valid and s.trusted and s.level == "B-B" for s in found.signatures)
    assert {f.name for f in found.files} == set(read(countersigned_once))
    assert all(f.listed and f.intact for f in found.files)
    assert [(o.role, o.opinion, o.name, o.findings, o.open_findings) for o in found.opinions] == [
        ("validator", "approve", "Vera Valid", 1, 1),
        ("approver", "approve", "Vera Valid", 1, 1),
    ]
    before, after = read(signed_once), read(countersigned_once)
    assert after.pop("card.pdf").startswith(before.pop("card.pdf"))
    assert {name: after[name] for name in before} == before


def test_the_pdf_alone_shows_all_three(countersigned_once: Path, keys: TrialKeys) -> None:
    found = verify_release(
        countersigned_once / "card.pdf", trust=[keys.ca], policy=Policy(required_roles=("approver",))
    )
    assert found.state == "valid"
    assert [s.role for s in found.signatures] == ["provider", "validator", "approver"]


def test_a_general_validator_allows_what_was_added(countersigned_once: Path) -> None:
    """pyHanko's own analysis of differences, which verification leaves out: it has to find signatures alone."""
    reader = PdfFileReader(io.BytesIO((countersigned_once / "card.pdf").read_bytes()), strict=True)
    for revision in (1, 2):
        found = DEFAULT_DIFF_POLICY.apply(
            reader.get_historical_resolver(revision),
            reader.get_historical_resolver(revision + 1),
            doc_mdp=MDPPerm.FILL_FORMS,
        )
        assert found.modification_level == ModificationLevel.FORM_FILLING
        assert found.changed_form_fields == {("Validator", "Approver")[revision - 1]}


def test_the_approver_may_sign_before_the_validator(release: Path, keys: TrialKeys) -> None:
    for role in ("approver", "validator"):
        countersign_release(release, keys.signers[role], make_opinion(role=role))
    found = verify_release(release, trust=[keys.ca])
    assert found.state == "valid"
    assert [o.role for o in found.opinions] == ["approver", "validator"]


def test_stock_tools_check_all_signers(countersigned: Path, keys: TrialKeys) -> None:
    done = follow(countersigned, keys.ca)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("Verified OK") == 3
    assert done.stdout.splitlines().count("follows") == 2
    assert done.stderr.count("CAdES Verification successful") == 3 + 2 * 4
    said = verify_py(countersigned, "--trust", keys.ca)
    assert said.returncode == 0, said.stdout
    assert "card.pdf: signed 3 times" in said.stdout
    assert "validator Vera Valid 2026-11-29: approve; approver Vera Valid" in said.stdout


# Rejected, lapsed, withdrawn


def test_a_rejection_is_genuine_and_refuses(release: Path, keys: TrialKeys) -> None:
    countersign_release(release, keys.signers["validator"], make_opinion(opinion="reject"))
    found = verify_release(release, trust=[keys.ca])
    assert (found.state, found.refused, found.exit_code) == ("valid", True, 1)
    assert any("validator Vera Valid REJECTS the card" in line for line in found.lines())
    assert verify_py(release, "--trust", keys.ca).returncode == 1


def test_a_withdrawal_is_genuine_and_refuses(countersigned: Path, keys: TrialKeys) -> None:
    before = read(countersigned)
    withdraw_release(countersigned, keys.signer, withdrawal())
    after = read(countersigned)
    assert {name: after[name] for name in before} == before
    found = verify_release(countersigned, trust=[keys.ca])
    assert (found.state, found.refused, found.exit_code) == ("valid", True, 1)
    assert found.withdrawal is not None
    assert (found.withdrawal.role, found.withdrawal.reason) == ("provider", "The population changed.")
    assert any(line.startswith("  WITHDRAWN as provider by TEST provider") for line in found.lines())
    assert follow(countersigned, keys.ca).stdout.count("Verified OK") == 4
    done = verify_py(countersigned, "--trust", keys.ca)
    assert done.returncode == 1
    assert "withdrawn" in done.stdout
    for role in ("validator", "approver"):
        with pytest.raises(InputError, match="was withdrawn"):
            countersign_release(countersigned, keys.signers[role], make_opinion(role=role))
    with pytest.raises(InputError, match="was withdrawn"):
        withdraw_release(countersigned, keys.signer, withdrawal())


def test_a_policy_asks_for_opinions(countersigned_once: Path, release: Path, keys: TrialKeys, tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    text = 'version = 1\n[opinions]\nvalidator = ["approve", "conditions"]\n'
    path.write_text(text)
    assert verify_release(countersigned_once, trust=[keys.ca], policy=path).state == "valid"
    assert "asks for approve or conditions of the validator, which is not there" in wrong(
        verify_release(release, trust=[keys.ca], policy=path)
    )
    opinion = make_opinion(opinion="conditions", conditions=("Watch it.",), valid_until="2026-12-31")
    countersign_release(release, keys.signers["validator"], opinion)
    inside, after = (dt.datetime(2026, 12, 31, 23, tzinfo=dt.UTC), dt.datetime(2027, 1, 1, 1, tzinfo=dt.UTC))
    assert verify_release(release, trust=[keys.ca], policy=path, at=inside).state == "valid"
    late = verify_release(release, trust=[keys.ca], policy=path, at=after)
    assert "the validator's opinion has lapsed on 2026-12-31" in wrong(late)
    assert any("(LAPSED)" in line for line in late.lines())
    path.write_text(text.replace(', "conditions"', ""))
    assert "who says conditions" in wrong(verify_release(release, trust=[keys.ca], policy=path, at=inside))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("opinions = 1", "a table of opinions"),
        ('opinions = {provider = ["approve"]}', "validator, approver"),
        ('opinions = {validator = ["fine"]}', "approve, conditions, reject"),
        ('opinions = {validator = "approve"}', "a list of texts"),
    ],
)
def test_a_policy_with_other_opinions(release: Path, tmp_path: Path, line: str, message: str) -> None:
    (tmp_path / "p.toml").write_text(f"version = 1\n{line}\n")
    with pytest.raises(InputError, match=message):
        verify_release(release, policy=tmp_path / "p.toml")


# What is not signed


def test_what_is_not_countersigned(release: Path, countersigned_once: Path, tmp_path: Path, keys: TrialKeys) -> None:
    def refusal(work: Callable[[], object], folder: Path) -> str:
        before = read(folder)
        with pytest.raises((InputError, VerificationError)) as caught:
            work()
        assert read(folder) == before
        return str(caught.value)

    unsigned = write(tmp_path / "unsigned", make_files(make_evidence()))
    validator = keys.signers["validator"]
    opinion = make_opinion()
    assert "not signed by the provider yet" in refusal(
        lambda: countersign_release(unsigned, validator, opinion), unsigned
    )
    assert "the validator has signed already" in refusal(
        lambda: countersign_release(countersigned_once, validator, opinion), countersigned_once
    )
    assert "the validator cannot sign with the key of the provider" in refusal(
        lambda: countersign_release(release, keys.signer, opinion), release
    )
    assert "another card" in refusal(
        lambda: countersign_release(release, validator, dataclasses.replace(opinion, card="sha256:" + "0" * 64)),
        release,
    )
    assert "nobody gives an opinion as this" in refusal(
        lambda: countersign_release(release, validator, dataclasses.replace(opinion, role="provider")), release
    )
    (release / "policy.json").write_bytes(b"{}")
    assert "only a release in which nothing is wrong is signed again" in refusal(
        lambda: countersign_release(release, validator, opinion), release
    )
    with pytest.raises(InputError, match="not a release"):
        countersign_release(tmp_path, validator, opinion)


def test_a_test_key_does_not_sign_a_real_release(tmp_path: Path, keys: TrialKeys) -> None:
    folder = write(tmp_path / "r", make_files(make_evidence()))
    sign_release(folder, save(tmp_path, seal("A bank", issuer=authority("An authority"))))
    before = read(folder)
    with pytest.raises(InputError, match="a TEST key does not sign a real release"):
        countersign_release(folder, keys.signers["validator"], make_opinion())
    assert read(folder) == before


# What a verifier refuses


def swapped(folder: Path, keys: TrialKeys) -> None:
    """The validator's folder of another card, by the same keys."""
    other = make_evidence(value=0.74)
    card = write(folder.parent / "other", make_files(other, public=True))
    sign_release(card, keys.signer)
    countersign_release(card, keys.signers["validator"], make_opinion(other))
    shutil.rmtree(folder / SECOND)
    shutil.copytree(card / SECOND, folder / SECOND)


def cut(folder: Path, revision: int) -> None:
    pdf = (folder / "card.pdf").read_bytes()
    found = re.findall(rb"/ByteRange \[0 \d+ (\d+) (\d+)\]", pdf)[revision]
    (folder / "card.pdf").write_bytes(pdf[: int(found[0]) + int(found[1])])


def opinion_again(folder: Path, keys: TrialKeys, **changes: object) -> None:
    """The validator's own words changed, and the own signatures made anew: only their meaning is wrong."""
    from explainkit.sign.cades import detached_signature

    data = make_opinion(**changes).to_json()  # type: ignore[arg-type]
    hand = opened(keys.signers["validator"]).hand()
    signature = asyncio.run(detached_signature(data, hand, at=dt.datetime.now(dt.UTC).replace(microsecond=0)))
    write(folder, {SECOND + "opinion.json": data, SECOND + "opinion.json.p7s": signature})
    shutil.rmtree(folder / THIRD)
    cut(folder, 1)
    restate(folder, keys.signers["validator"], act="02-validator", before="01-provider")


MUTANTS: dict[str, tuple[Callable[[Path, TrialKeys], object], str]] = {
    "the last folder removed": (lambda f, k: shutil.rmtree(f / THIRD), "of whom the release has no statement"),
    "a folder in the middle removed": (lambda f, k: shutil.rmtree(f / SECOND), "not numbered one after another"),
    "the first folder removed": (lambda f, k: shutil.rmtree(f / "signatures/01-provider"), "not numbered"),
    "the last revision cut": (lambda f, k: cut(f, 1), "changed since it was signed"),
    "back to the provider's revision": (lambda f, k: cut(f, 0), "changed since it was signed"),
    "the validator as approver": (
        lambda f, k: (shutil.rmtree(f / THIRD), (f / SECOND).rename(f / "signatures/02-approver"), cut(f, 1)),
        "made for another place: role 'validator'",
    ),
    "a number left out": (
        lambda f, k: (f / THIRD).rename(f / "signatures/04-approver"),
        "not numbered one after another",
    ),
    "a folder of nobody": (
        lambda f, k: shutil.copytree(f / THIRD, f / "signatures/04-auditor"),
        "is the folder of no known role",
    ),
    "a folder twice": (lambda f, k: shutil.copytree(f / SECOND, f / "signatures/04-validator"), "signs more than once"),
    "two folders exchanged": (
        lambda f, k: (
            (f / SECOND).rename(f / "signatures/02-approver"),
            (f / THIRD).rename(f / "signatures/03-validator"),
        ),
        "made for another place",
    ),
    "an opinion changed": (
        lambda f, k: write(f, {SECOND + "opinion.json": (f / SECOND / "opinion.json").read_bytes() + b" "}),
        "changed since it was signed",
    ),
    "an opinion of the other": (
        lambda f, k: shutil.copy(f / THIRD / "opinion.json", f / SECOND / "opinion.json"),
        "changed since it was signed",
    ),
    "an opinion removed": (lambda f, k: (f / SECOND / "opinion.json").unlink(), "missing"),
    "a folder of another card": (swapped, "covers other files of the card"),
    "an opinion about another card": (
        lambda f, k: opinion_again(f, k, card="sha256:" + "1" * 64),
        "about another card",
    ),
    "an opinion of another role": (lambda f, k: opinion_again(f, k, role="approver"), "the opinion of another role"),
    "a statement that follows nothing": (
        lambda f, k: (
            shutil.rmtree(f / THIRD),
            cut(f, 1),
            restate(f, k.signers["validator"], act="02-validator"),
        ),
        "does not follow the statement before it",
    ),
    "a statement that leaves the page out": (
        lambda f, k: (
            shutil.rmtree(f / THIRD),
            cut(f, 1),
            restate(f, k.signers["validator"], act="02-validator", before="01-provider", omit=("public/summary.html",)),
        ),
        "covers other files of the card",
    ),
    "a withdrawal without its statement": (
        lambda f, k: write(f, {"signatures/04-withdrawal/withdrawal.json": withdrawal().to_json()}),
        "missing",
    ),
    "signed after the withdrawal": (
        lambda f, k: (
            withdraw_release(f, k.signer, withdrawal()),
            (f / "signatures/04-withdrawal").rename(f / "signatures/03-withdrawal"),
            (f / THIRD).rename(f / "signatures/04-approver"),
        ),
        "signed after the card was withdrawn",
    ),
    "withdrawn for another card": (
        lambda f, k: (
            withdraw_release(f, k.signer, withdrawal()),
            write(f, {"signatures/04-withdrawal/withdrawal.json": withdrawal(card="sha256:" + "2" * 64).to_json()}),
        ),
        "changed since it was signed",
    ),
    "a file beside": (lambda f, k: write(f, {SECOND + "more.json": b"{}"}), "not listed by any statement"),
    "a time stamp of nothing": (
        lambda f, k: write(f, {SECOND + "statement.dsse.json.tst": b"\x30\x00"}),
        "not a time stamp",
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_mutants_of_a_countersigned_release(countersigned: Path, keys: TrialKeys, name: str) -> None:
    change, message = MUTANTS[name]
    change(countersigned, keys)
    assert message in wrong(verify_release(countersigned, trust=[keys.ca]))
    done = verify_py(countersigned, "--trust", keys.ca)
    # Without --time the script looks at no time stamp.
    assert done.returncode == 3 or name == "a time stamp of nothing", done.stdout


def test_rolled_back_to_the_provider(countersigned: Path, signed_once: Path, keys: TrialKeys) -> None:
    """What is left is what the provider signed: only a policy tells that something is gone."""
    for folder in (SECOND, THIRD):
        shutil.rmtree(countersigned / folder)
    cut(countersigned, 0)
    assert read(countersigned) == read(signed_once)
    assert verify_release(countersigned, trust=[keys.ca]).state == "valid"
    asked = Policy(required_roles=("provider", "validator"))
    assert "asks for the validator's signature" in wrong(verify_release(countersigned, trust=[keys.ca], policy=asked))


def test_by_the_right_person_in_the_wrong_role(release: Path, keys: TrialKeys) -> None:
    """The provider's own key as the validator's, forced past the check on signing."""
    import explainkit.sign.release as module

    original = module._refuse_key
    module._refuse_key = lambda *args: None  # type: ignore[assignment]
    try:
        countersign_release(release, keys.signer, make_opinion())
    finally:
        module._refuse_key = original
    assert "the validator signed with the key of the provider" in wrong(verify_release(release, trust=[keys.ca]))


def test_a_stranger_countersigns(release: Path, keys: TrialKeys, stranger: TrialKeys) -> None:
    countersign_release(release, stranger.signer, make_opinion())
    found = verify_release(release, trust=[keys.ca])
    assert (found.state, found.exit_code) == ("indeterminate", 3)
    assert {s.state for s in found.signatures if s.role == "provider"} == {"valid"}
    assert {s.state for s in found.signatures if s.role == "validator"} == {"indeterminate"}
    assert verify_release(release, trust=[keys.ca, stranger.ca]).state == "valid"


# A revision that holds more than the signature


def other_field(writer: IncrementalPdfFileWriter) -> None:
    field = writer.root["/AcroForm"]["/Fields"][2]
    field["/TU"] = generic.TextStringObject("Approved")
    writer.update_container(field)


def own_appearance(writer: IncrementalPdfFileWriter) -> None:
    field = writer.root["/AcroForm"]["/Fields"][1]
    stream = generic.StreamObject(stream_data=b"BT ET", dict_data={pdf_name("/Subtype"): pdf_name("/Form")})
    field["/AP"] = generic.DictionaryObject({pdf_name("/N"): writer.add_object(stream)})
    writer.update_container(field)


def own_name(writer: IncrementalPdfFileWriter) -> None:
    field = writer.root["/AcroForm"]["/Fields"][1]
    field["/TU"] = generic.TextStringObject("Rejected")
    writer.update_container(field)


def loose_object(writer: IncrementalPdfFileWriter) -> None:
    writer.add_object(generic.StreamObject(stream_data=b"anything"))


def catalogue(writer: IncrementalPdfFileWriter) -> None:
    writer.update_root()


def information(writer: IncrementalPdfFileWriter) -> None:
    writer.set_info(generic.DictionaryObject({pdf_name("/Title"): generic.TextStringObject("Another card")}))


CHANGES = [
    *(new_content, note, script, attachment),
    *(other_field, own_appearance, own_name, loose_object, catalogue, information),
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_signers_revision_holds_the_signature_alone(
    release: Path, keys: TrialKeys, change: Callable[[IncrementalPdfFileWriter], None]
) -> None:
    """The validator signs everything, properly, and slips something in: also where a general validator allows it."""
    first = (release / "card.pdf").read_bytes()
    countersign_release(release, keys.signers["validator"], make_opinion())
    writer = IncrementalPdfFileWriter(io.BytesIO(first))
    writer._update_meta = lambda: None
    change(writer)
    pdf = signed_as_validator(writer, keys)
    (release / "card.pdf").write_bytes(pdf)
    restate(release, keys.signers["validator"], act="02-validator", before="01-provider")
    text = wrong(verify_release(release, trust=[keys.ca]))
    assert re.search("revision changes|revision begins|changed after it was certified|OpenAction|PAdES", text), text
    wrong(verify_release(release / "card.pdf", trust=[keys.ca]))


def test_pyhankos_command_line_passes_over_what_is_refused_here(release: Path, keys: TrialKeys) -> None:
    writer = IncrementalPdfFileWriter(io.BytesIO((release / "card.pdf").read_bytes()))
    own_appearance(writer)
    loose_object(writer)
    (release / "card.pdf").write_bytes(signed_as_validator(writer, keys))
    command = [str(Path(sys.executable).with_name("pyhanko")), "sign", "validate", "--no-revocation-check"]
    more = ["--executive-summary", "--trust", str(keys.ca), str(release / "card.pdf")]
    done = subprocess.run([*command, *more], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout.count(":VALID")) == (0, 2), done.stderr
    wrong(verify_release(release / "card.pdf", trust=[keys.ca]))


def signed_as_validator(writer: IncrementalPdfFileWriter, keys: TrialKeys, **options: Any) -> bytes:
    out = io.BytesIO()
    settings_ = {"field_name": "Validator", "md_algorithm": "sha256", "subfilter": SigSeedSubFilter.PADES, **options}
    hand = opened(keys.signers["validator"]).hand()
    asyncio.run(
        PdfSigner(PdfSignatureMetadata(**settings_), signer=hand).async_sign_pdf(
            writer, output=out, existing_fields_only=True
        )
    )
    return out.getvalue()


@pytest.mark.parametrize("options", [{}, {"reason": "I approve"}, {"location": "Here"}, {"name": "Somebody else"}])
def test_a_later_signature_says_nothing_else(release: Path, keys: TrialKeys, options: dict[str, Any]) -> None:
    first = (release / "card.pdf").read_bytes()
    countersign_release(release, keys.signers["validator"], make_opinion())
    writer = IncrementalPdfFileWriter(io.BytesIO(first))
    writer._update_meta = lambda: None
    (release / "card.pdf").write_bytes(signed_as_validator(writer, keys, **options))
    restate(release, keys.signers["validator"], act="02-validator", before="01-provider")
    found = verify_release(release, trust=[keys.ca])
    if options:
        assert "says more than that it was made" in wrong(found)
    else:
        assert found.state == "valid", found.lines()


@pytest.mark.slow
def test_bytes_of_a_countersigned_release(countersigned: Path, keys: TrialKeys) -> None:
    chance = random.Random(20261105)
    for name, data in read(countersigned).items():
        for at in places(data, share(200, 6), chance):
            refused(countersigned, keys, name, flipped(data, at, chance.randrange(1, 256)), at)
    pdf = (countersigned / "card.pdf").read_bytes()
    for found in re.finditer(rb"/ByteRange \[0 (\d+) (\d+) (\d+)\]|%%EOF|startxref|trailer|\nxref", pdf):
        near = {found.start(), found.end()} | {int(n) for n in found.groups() if n is not None and int(n) < len(pdf)}
        for at in sorted(near):
            if at < len(pdf):
                refused(countersigned, keys, "card.pdf", flipped(pdf, at, 1), at)


# Opinions


def test_an_opinion_is_read_as_it_was_written() -> None:
    opinion = make_opinion(opinion="conditions", conditions=("Watch it.",), valid_until="2027-01-01")
    assert Opinion.from_json(opinion.to_json()) == opinion
    assert Withdrawal.from_json(withdrawal().to_json()) == withdrawal()


BAD: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "another version": (lambda d: d.update(schema_version="2.0"), "unknown schema version"),
    "no version": (lambda d: d.pop("schema_version"), "not an opinion"),
    "a member more": (lambda d: d.update(more=1), "unknown members"),
    "a member less": (lambda d: d.pop("scope"), "lacks scope"),
    "no text": (lambda d: d.update(scope=" "), "scope is missing"),
    "a number": (lambda d: d.update(name=1), "name is missing"),
    "another opinion": (lambda d: d.update(opinion="fine"), "opinion is not what it can be"),
    "conditions for an approval": (lambda d: d.update(conditions=["x"]), "do not fit"),
    "no finding for a rejection": (lambda d: d.update(opinion="reject", findings=[]), "without a finding"),
    "no day": (lambda d: d.update(date="yesterday"), "date is not a day"),
    "a finding without text": (lambda d: d["findings"][0].update(text=""), "text is missing"),
    "another severity": (lambda d: d["findings"][0].update(severity="dire"), "severity is not what it can be"),
    "findings twice": (lambda d: d["findings"].append(d["findings"][0]), "the same id"),
    "many findings": (lambda d: d.update(findings=[{**d["findings"][0], "id": str(i)} for i in range(1001)]), "reads"),
    "a finding that is text": (lambda d: d.update(findings=["x"]), "not an opinion"),
    "deep": (lambda d: d.update(conditions=[[["x"]]]), "conditions is missing"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_opinion(name: str) -> None:
    from explainkit.records import canonical

    change, message = BAD[name]
    document = json.loads(make_opinion().to_json())
    change(document)
    with pytest.raises(VerificationError, match=message):
        Opinion.from_json(canonical(document))


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_arbitrary_bytes_are_no_opinion(data: bytes) -> None:
    for kind in (Opinion, Withdrawal):
        with pytest.raises(VerificationError):
            kind.from_json(data)


# From the command line


def command(*arguments: str) -> int:
    code = main.main(args=list(arguments), prog_name="explainkit", standalone_mode=False)
    return code if isinstance(code, int) else 0


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an unsigned release and keys, as a new user has them."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "release", make_files(make_evidence()))
    (tmp_path / "findings.toml").write_text(FINDINGS)
    assert command("keygen", "keys", "--role", "validator", "--role", "approver", "-q") == 0
    return tmp_path


def by(role: str) -> tuple[str, ...]:
    return ("--key", f"keys/test-{role}.key", "--certificate", f"keys/test-{role}.pem")


def test_the_whole_story(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("sign", "release", *by("provider")) == 0
    given = ("--opinion", "approve", "--findings", "findings.toml")
    assert command("sign", "release", "--role", "validator", *given, *by("validator")) == 0
    assert command("verify", "release", "--trust", "keys/test-ca.pem") == 0
    assert command("sign", "release", "--role", "approver", *given, *by("approver"), "--json") == 0
    assert command("withdraw", "release", "--reason", "No longer used.", *by("provider")) == 0
    out = capsys.readouterr().out
    assert "release: signed as validator, opinion: approve" in out
    assert "validator Vera Valid approves" in out
    assert "release: withdrawn as provider" in out
    assert command("verify", "release", "--trust", "keys/test-ca.pem") == 1
    assert ek.verify_release("release", trust="keys/test-ca.pem").withdrawal is not None
    assert sorted(p.name for p in place.iterdir()) == ["findings.toml", "keys", "release"]


def test_from_python(place: Path) -> None:
    signers = {
        role: ek.Signer.from_pem(f"keys/test-{role}.key", f"keys/test-{role}.pem") for role in ("provider", "validator")
    }
    command("sign", "release", *by("provider"))
    said = ek.countersign(
        "release", signer=signers["validator"], role="validator", opinion="approve", findings="findings.toml"
    )
    assert said.findings == (
        Finding(id="F-1", severity="low", text="Few rows.", figures=("performance.roc_auc",), due="2027-01-31"),
    )
    assert ek.withdraw("release", signer=signers["provider"], reason="Wrong data.").reason == "Wrong data."
    assert ek.verify_release("release", trust="keys/test-ca.pem").exit_code == 1
    with pytest.raises(InputError, match="without a reason"):
        ek.withdraw("release", signer=signers["provider"], reason=" ")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "Vera Valid"', "", "name is missing"),
        ("scope", "scoop", "unknown key; found scoop; allowed: did you mean 'scope'?"),
        ('severity = "low"', "", "a finding lacks something; found no severity"),
        ('severity = "low"', 'severity = "mild"', "severity is not what it can be"),
        ("performance.roc_auc", "performance.auc", "names a figure that the card has not"),
        ("2027-11-30", '"soon"', "valid_until is not a day"),
        ("[[findings]]", "[findings]", "findings are tables"),
        ("[[findings]]", "[[findings", "not a file of findings"),
        ("id =", "code =", "unknown key; found code"),
        ('text = "Few rows."', "text = 3", "text is missing"),
        ("due = 2027-01-31", 'figures_ = "x"', "unknown key"),
    ],
)
def test_findings_that_say_too_little(place: Path, old: str, new: str, message: str) -> None:
    command("sign", "release", *by("provider"))
    before = read(place / "release")
    text = FINDINGS.replace(old, new, 1)
    assert text != FINDINGS
    (place / "findings.toml").write_text(text)
    with pytest.raises(InputError, match=re.escape(message)):
        command(
            *("sign", "release", "--role", "validator", "--opinion", "approve", "--findings", "findings.toml"),
            *by("validator"),
        )
    assert read(place / "release") == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--role", "validator"), "a bare signature of the validator would read as approval"),
        (("--role", "validator", "--opinion", "approve"), "a bare signature"),
        (("--opinion", "approve", "--findings", "findings.toml"), "the provider has no opinion"),
        (
            ("--role", "validator", "--opinion", "approve", "--findings", "none.toml", *by("validator")),
            "none.toml: no such file",
        ),
        (("--role", "validator", "--opinion", "approve", "--findings", "findings.toml"), "no key to sign with"),
        (
            ("--role", "validator", "--opinion", "approve", "--findings", "findings.toml", *by("validator")),
            "/release: not signed by the provider yet",
        ),
    ],
)
def test_wrong_usage(place: Path, arguments: tuple[str, ...], message: str) -> None:
    before = read(place / "release")
    with pytest.raises(InputError) as caught:
        command("sign", "release", *arguments)
    assert message in str(caught.value)
    assert ".partial" not in str(caught.value)
    assert read(place / "release") == before
