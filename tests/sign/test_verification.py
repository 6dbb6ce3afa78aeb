"""A release is verified: what is accepted, what is unknown, and what is refused, each for its reason."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import json
import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from explainkit.errors import InputError
from explainkit.sign.keys import Signer, TrialKeys
from explainkit.sign.release import sign_release
from explainkit.sign.verdict import Verification
from explainkit.sign.verification import verify_release
from tests.sign.builders import make_evidence, make_files, read, restate, unknown, write, wrong
from tests.sign.certificate_kit import Identity, authority, save, seal, usage, write_certificate

FOLDER = "signatures/01-provider/"
SIGNATURE_FILES = ("card.json.p7s", "card.html.p7s", "chain.pem", "statement.dsse.json")


# What is accepted, and what is unknown


def test_signed_then_verified_with_the_authority_is_valid(signed_once: Path, keys: TrialKeys) -> None:
    found = verify_release(signed_once, trust=[keys.ca])
    assert (found.state, found.exit_code, found.reasons) == ("valid", 0, ())
    assert {f.name for f in found.files} == set(read(signed_once))
    assert all(f.listed and f.intact for f in found.files)
    assert [(s.role, s.kind, s.covers, s.level) for s in found.signatures] == [
        ("provider", "dsse", "the release", "B-B"),
        ("provider", "cades", "card.json", "B-B"),
        ("provider", "cades", "card.html", "B-B"),
        ("provider", "pades", "card.pdf", "B-B"),
    ]
    for signature in found.signatures:
        assert (signature.intact, signature.valid, signature.trusted, signature.test) == (True, True, True, True)
        assert signature.signer == "TEST provider, explainkit TEST"
    for signature in found.signatures[1:]:
        assert signature.signed_at is not None
        age = dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(signature.signed_at)
        assert dt.timedelta(0) <= age < dt.timedelta(minutes=30)


def test_paths_may_be_text(signed_once: Path, keys: TrialKeys) -> None:
    for trust in ([str(keys.ca)], str(keys.ca), keys.ca):
        assert verify_release(str(signed_once), trust=trust).state == "valid"


@pytest.mark.parametrize("whom", ["nobody", "a stranger"])
def test_the_signer_is_unknown_without_the_right_authority(signed_once: Path, stranger: TrialKeys, whom: str) -> None:
    found = verify_release(signed_once, trust=[] if whom == "nobody" else [stranger.ca])
    assert "the signer is unknown" in unknown(found)
    assert "--trust CA.pem" in unknown(found)
    for signature in found.signatures:
        assert (signature.intact, signature.valid, signature.trusted) == (True, True, False)
        assert signature.state == "indeterminate"
    assert all(f.intact for f in found.files)


def test_several_authorities_and_the_signer_itself_can_be_trusted(
    signed_once: Path, keys: TrialKeys, stranger: TrialKeys, tmp_path: Path
) -> None:
    assert verify_release(signed_once, trust=[stranger.ca, keys.ca]).state == "valid"
    pinned = tmp_path / "own.der"
    pinned.write_bytes(keys.signer.open().chain[0].public_bytes(serialization.Encoding.DER))
    assert verify_release(signed_once, trust=[pinned]).state == "valid"


def test_a_chain_over_an_intermediate_authority(
    tmp_path: Path, signed: Callable[..., Path], unsigned_files: dict[str, bytes]
) -> None:
    root = authority("Root")
    middle = authority("Middle", issuer=root, kind="rsa3072b")
    signer = save(tmp_path, seal("Bank", issuer=middle, kind="rsa3072c"), middle)
    folder = signed(unsigned_files, signer=signer)
    found = verify_release(folder, trust=[write_certificate(tmp_path / "root.pem", root)])
    assert found.state == "valid"
    assert not any(s.test for s in found.signatures)
    other = write_certificate(tmp_path / "other.pem", authority("Root", kind="rsa3072d"))
    assert verify_release(folder, trust=[other]).state == "indeterminate"


def test_an_expired_certificate_leaves_the_time_of_signing_unproven(signed_once: Path, keys: TrialKeys) -> None:
    now = dt.datetime.now(dt.UTC)
    after = verify_release(signed_once, trust=[keys.ca], at=now + dt.timedelta(days=400))
    assert "expired on" in unknown(after)
    assert "no time stamp" in unknown(after)
    before = verify_release(signed_once, trust=[keys.ca], at=now - dt.timedelta(days=400))
    assert "not valid before" in unknown(before)
    assert verify_release(signed_once, trust=[keys.ca], at=now + dt.timedelta(days=300)).state == "valid"
    with pytest.raises(InputError, match="needs its time zone"):
        verify_release(signed_once, trust=[keys.ca], at=now.replace(tzinfo=None))


def revocation_list(root: Identity, *, revoked: x509.Certificate | None = None) -> bytes:
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(root.certificate.subject)
        .last_update(now - dt.timedelta(hours=1))
        .next_update(now + dt.timedelta(days=9))
        .add_extension(x509.CRLNumber(1), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root.key.public_key()), critical=False)
    )
    if revoked is not None:
        one = x509.RevokedCertificateBuilder().serial_number(revoked.serial_number)
        builder = builder.add_revoked_certificate(one.revocation_date(now - dt.timedelta(hours=2)).build())
    return builder.sign(root.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def test_a_certificate_that_can_be_revoked_needs_a_revocation_list(
    tmp_path: Path, signed: Callable[..., Path], unsigned_files: dict[str, bytes]
) -> None:
    root = authority("Root")
    point = x509.DistributionPoint([x509.UniformResourceIdentifier("http://ca.invalid/ca.crl")], None, None, None)
    one = seal("Bank", issuer=root, extensions=(usage(), x509.CRLDistributionPoints([point])))
    folder = signed(unsigned_files, signer=save(tmp_path, one))
    ca = write_certificate(tmp_path / "root.pem", root)
    assert "no revocation list was given" in unknown(verify_release(folder, trust=[ca]))
    crl = tmp_path / "crl.pem"
    crl.write_bytes(revocation_list(root))
    assert verify_release(folder, trust=[ca, crl]).state == "valid"
    crl.write_bytes(revocation_list(root, revoked=one.certificate))
    assert "revoked" in wrong(verify_release(folder, trust=[ca, crl]))


# The PDF alone


def test_a_pdf_alone_is_indeterminate_at_best(release: Path, keys: TrialKeys, tmp_path: Path) -> None:
    pdf = shutil.copy(release / "card.pdf", tmp_path / "alone.pdf")
    found = verify_release(pdf, trust=[keys.ca])
    assert "a PDF alone does not say" in unknown(found)
    (signature,) = found.signatures
    assert (signature.kind, signature.intact, signature.valid, signature.trusted) == ("pades", True, True, True)
    assert len(verify_release(pdf).reasons) == 2


def test_an_unsigned_pdf_is_not_valid(tmp_path: Path, unsigned_files: dict[str, bytes]) -> None:
    write(tmp_path, {"card.pdf": unsigned_files["card.pdf"]})
    assert "one to 64 signatures are due" in wrong(verify_release(tmp_path / "card.pdf"))


# Rules for a release in earnest


@pytest.fixture
def bank(tmp_path: Path) -> tuple[Signer, Path]:
    """A certificate that does not say TEST, and its authority's."""
    root = authority("Root of a bank")
    return save(tmp_path, seal("Bank", issuer=root)), write_certificate(tmp_path / "root.pem", root)


def test_a_release_in_earnest(
    signed: Callable[..., Path], bank: tuple[Signer, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    signer, ca = bank
    good = signed(make_files(make_evidence()), signer=signer, name="good")
    assert verify_release(good, trust=[ca], release=True).state == "valid"
    blank = signed(make_files(make_evidence(complete=False)), signer=signer, name="blank")
    assert verify_release(blank, trust=[ca]).state == "valid"
    assert "required statements are blank: digest_in_production, owner, intended_use" in wrong(
        verify_release(blank, trust=[ca], release=True)
    )
    # A signer that is wrong about what it does.
    monkeypatch.setattr("explainkit.sign.release.REACHED", {False: ("B-T",)})
    low = signed(make_files(make_evidence(level="B-T")), signer=signer, name="low")
    assert verify_release(low, trust=[ca]).state == "valid"
    assert "level B-T was intended, B-B is reached" in wrong(verify_release(low, trust=[ca], release=True))
    assert "required statements" in wrong(verify_release(blank / "card.pdf", trust=[ca], release=True))
    assert "level B-T" in wrong(verify_release(low / "card.pdf", trust=[ca], release=True))


def test_a_test_certificate_proves_nothing_in_earnest(signed_once: Path, keys: TrialKeys) -> None:
    assert "a TEST certificate" in wrong(verify_release(signed_once, trust=[keys.ca], release=True))
    assert "a TEST certificate" in wrong(verify_release(signed_once / "card.pdf", trust=[keys.ca], release=True))


def test_an_authority_far_above_that_says_test(
    tmp_path: Path, signed: Callable[..., Path], unsigned_files: dict[str, bytes]
) -> None:
    root = authority("TEST root")
    middle = authority("Middle", issuer=root, kind="rsa3072b")
    folder = signed(unsigned_files, signer=save(tmp_path, seal("Bank", issuer=middle, kind="rsa3072c"), middle))
    found = verify_release(folder, trust=write_certificate(tmp_path / "root.pem", root), release=True)
    assert "a TEST certificate" in wrong(found)
    assert all(s.test for s in found.signatures)


# Nothing there to verify


def test_nothing_to_verify(tmp_path: Path, signed_once: Path, keys: TrialKeys) -> None:
    (tmp_path / "empty").mkdir()
    write(tmp_path / "other", {"README.md": b"x"})
    write(tmp_path, {"note.txt": b"x", "nobody.pem": b"x"})
    os.mkfifo(tmp_path / "pipe")
    for path, message in {
        "absent": "no such release",
        "empty": "nothing to verify here",
        "other": "nothing to verify here",
        "note.txt": "neither a release nor a PDF",
        "pipe": "neither a release nor a PDF",
    }.items():
        with pytest.raises(InputError, match=message) as caught:
            verify_release(tmp_path / path)
        assert caught.value.exit_code == 2
    for trust, message in {
        "absent.pem": "no such file",
        "empty": "a folder",
        "nobody.pem": "no certificate in this file",
        "pipe": "a pipe or a device",
    }.items():
        with pytest.raises(InputError, match=message):
            verify_release(signed_once, trust=[tmp_path / trust])
    key = write(tmp_path, {"key.pem": b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"}) / "key.pem"
    with pytest.raises(InputError, match="no certificate"):
        verify_release(signed_once, trust=[keys.ca, key])


def test_a_file_that_cannot_be_read_says_nothing_about_the_release(
    release: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open

    def denied(path: str | Path, flags: int, *more: int) -> int:
        if str(path).endswith("card.json"):
            raise PermissionError(13, "Permission denied")
        return real(path, flags, *more)

    monkeypatch.setattr(os, "open", denied)  # root, as whom tests may run, reads everything
    with pytest.raises(InputError, match="card.json: the file cannot be read; found Permission denied"):
        verify_release(release)


# Files added, removed, moved


def test_an_unsigned_release_is_not_valid(tmp_path: Path, unsigned_files: dict[str, bytes]) -> None:
    assert "not signed by the provider" in wrong(verify_release(write(tmp_path / "r", unsigned_files)))


@pytest.mark.parametrize(
    "name", ["card.pdf", "card.json", "public/summary.json", "verify.py", *(FOLDER + n for n in SIGNATURE_FILES)]
)
def test_a_file_removed(release: Path, keys: TrialKeys, name: str) -> None:
    (release / name).unlink()
    assert "missing" in wrong(verify_release(release, trust=[keys.ca]))


def test_every_signature_removed(release: Path, keys: TrialKeys) -> None:
    shutil.rmtree(release / "signatures")
    assert "not signed" in wrong(verify_release(release, trust=[keys.ca]))
    shutil.copytree(release, release.parent / "other")
    (release.parent / "other" / FOLDER).mkdir(parents=True)
    assert "not signed" in wrong(verify_release(release.parent / "other", trust=[keys.ca]))


@pytest.mark.parametrize(
    "name", ["more.txt", "public/more.html", FOLDER + "more.pem", "card.json.bak", "public/card.json", "CARD.json"]
)
def test_a_file_added(release: Path, keys: TrialKeys, name: str) -> None:
    write(release, {name: b"more"})
    found = verify_release(release, trust=[keys.ca])
    assert f"{name}: not listed by any statement" in wrong(found)
    (verdict,) = (f for f in found.files if f.name == name)
    assert (verdict.listed, verdict.intact) == (False, None)


@pytest.mark.parametrize(
    "name",
    [".hidden", "public/.hidden", "sp ace", "more/x", "public/more/x", "signatures/x", FOLDER + "more/x", "-rf", "a\nb",
     "signatures/02-validator/x", "signatures/1-provider/x", "caf\u00e9"],
)  # fmt: skip
def test_what_does_not_belong_to_a_release(release: Path, keys: TrialKeys, name: str) -> None:
    write(release, {name: b"more"})
    assert "\n" not in wrong(verify_release(release, trust=[keys.ca]))


def test_links_pipes_and_empty_folders(release: Path, keys: TrialKeys) -> None:
    def linked() -> None:
        (release / "card.json").rename(release.parent / "moved")
        (release / "card.json").symlink_to(release.parent / "moved")

    def linked_folder() -> None:
        (release / "public").rename(release.parent / "moved")
        (release / "public").symlink_to(release.parent / "moved")

    def folder_for_file() -> None:
        (release / "verify.py").unlink()
        (release / "verify.py").mkdir()

    original = read(release)
    changes: dict[str, Callable[[], object]] = {
        "card.json: a link": linked,
        "public: a link": linked_folder,
        "verify.py/: a folder": folder_for_file,
        "pipe: neither a file nor a folder": lambda: os.mkfifo(release / "pipe"),
        "more/: a folder": lambda: (release / "more").mkdir(),
        "signatures/02-approver/: an empty folder": lambda: (release / "signatures" / "02-approver").mkdir(),
    }
    for message, change in changes.items():
        change()
        assert message in wrong(verify_release(release, trust=[keys.ca]))
        shutil.rmtree(release)
        shutil.rmtree(release.parent / "moved", ignore_errors=True)
        (release.parent / "moved").unlink(missing_ok=True) if (release.parent / "moved").is_file() else None
        write(release, original)
        assert verify_release(release, trust=[keys.ca]).state == "valid"


def test_a_file_renamed(release: Path, keys: TrialKeys) -> None:
    (release / "policy.json").rename(release / "policies.json")
    text = wrong(verify_release(release, trust=[keys.ca]))
    assert "policy.json: missing" in text
    assert "policies.json: not listed" in text


def test_two_files_exchanged(release: Path, keys: TrialKeys) -> None:
    one, other = release / FOLDER / "card.json.p7s", release / FOLDER / "card.html.p7s"
    first = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(first)
    assert "changed since it was signed" in wrong(verify_release(release, trust=[keys.ca]))


def test_files_exchanged_between_two_valid_releases(
    release: Path, keys: TrialKeys, signed: Callable[..., Path]
) -> None:
    other = signed(make_files(make_evidence(name="other", value=0.9), public=True))
    assert verify_release(other, trust=[keys.ca]).state == "valid"
    ours, theirs = read(release), read(other)
    assert set(ours) == set(theirs)
    differing = [name for name in ours if ours[name] != theirs[name]]
    assert {"card.pdf", "card.json", "card.html", FOLDER + "statement.dsse.json"} <= set(differing)
    groups = [(name,) for name in differing]
    groups += [("card.json", FOLDER + "card.json.p7s"), tuple(n for n in differing if n.startswith(FOLDER))]
    groups += [tuple(n for n in differing if n != "card.pdf"), tuple(n for n in differing if not n.startswith(FOLDER))]
    for group in groups:
        write(release, {**ours, **{name: theirs[name] for name in group}})
        wrong(verify_release(release, trust=[keys.ca]))
    write(release, theirs)
    assert verify_release(release, trust=[keys.ca]).state == "valid"


def test_a_file_too_large_is_not_read(release: Path, keys: TrialKeys) -> None:
    os.truncate(release / "card.json", 201 * 2**20)
    assert "card.json: larger than 200 MB" in wrong(verify_release(release, trust=[keys.ca]))
    os.truncate(release / "card.pdf", 201 * 2**20)
    assert "larger than 200 MB" in wrong(verify_release(release / "card.pdf", trust=[keys.ca]))


def test_too_much_together_is_not_read(release: Path, keys: TrialKeys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explainkit.sign.folder.LARGEST_RELEASE", 2**20)
    write(release / "public", {"a.html": b"x" * 600_000, "b.html": b"x" * 600_000})
    assert "public/b.html: beyond 1 MB" in wrong(verify_release(release, trust=[keys.ca]))


def test_too_many_files(release: Path, keys: TrialKeys) -> None:
    write(release / "public", {f"f{n}": b"" for n in range(1001)})
    assert "more than 1000 files" in wrong(verify_release(release, trust=[keys.ca]))


# The report of a verification


VERIFICATION_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["path", "state", "exit_code", "reasons", "files", "signatures", "release", "opinions", "withdrawal"],
    "properties": {
        "path": {"type": "string"},
        "state": {"enum": ["valid", "invalid", "indeterminate"]},
        "exit_code": {"enum": [0, 1, 3]},
        "opinions": {"type": "array", "items": {"required": ["role", "opinion", "name", "signer", "lapsed"]}},
        "withdrawal": {"type": ["object", "null"], "required": ["role", "signer", "date", "reason"]},
        "release": {"type": "boolean"},
        "reasons": {"type": "array", "items": {"required": ["state", "where", "problem", "remedy"]}},
        "files": {"type": "array", "items": {"required": ["name", "listed", "intact"]}},
        "signatures": {"type": "array", "items": {"required": ["role", "kind", "state", "level", "trusted"]}},
    },
}


def test_the_report_as_json_and_as_lines(release: Path, keys: TrialKeys) -> None:
    (release / "policy.json").write_text("{}")
    for found in (
        verify_release(release, trust=[keys.ca]),
        verify_release(release),
        verify_release(release / "card.pdf"),
    ):
        document = json.loads(json.dumps(found.to_json()))
        jsonschema.validate(document, VERIFICATION_SCHEMA)
        assert document["state"] == found.state
        lines = found.lines()
        assert found.state.upper() in lines[0]
        assert sum(line.startswith("  provider, ") for line in lines) == len(found.signatures)
        assert len(lines) >= 1 + len(found.signatures) + len(found.reasons)
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.state = "valid"  # type: ignore[misc]


def test_a_hostile_text_does_nothing_to_a_terminal(release: Path, keys: TrialKeys) -> None:
    page = (release / "card.html").read_bytes()
    (release / "card.html").write_bytes(
        page.replace(b"<h1>", b"<data data-figure='\x1b[2J\n' value='\x1b]0;x'></data>")
    )
    restate(release, keys.signer, role="\x1b[31mprovider")
    write(release, {"\x1b[2J": b""})
    found = verify_release(release, trust=[keys.ca])
    assert "where card.json has no such number" in wrong(found)
    assert all(line.isprintable() for line in found.lines())


def test_what_is_wrong_comes_before_what_is_unknown(release: Path) -> None:
    (release / "policy.json").write_text("{}")
    found = verify_release(release)
    assert [r.state for r in found.reasons] == ["invalid", "indeterminate"]
    assert found.state == "invalid"


def test_nothing_of_pyhanko_reaches_the_user(
    release: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    before = logging.getLogger("pyhanko").level
    verify_release(release)
    (release / "card.pdf").write_bytes(b"%PDF-1.7\n" + b"/ByteRange [0 1 2 3]" * 2)
    verify_release(release / "card.pdf")
    assert capfd.readouterr() == ("", "")
    assert [r for r in caplog.records if r.name.startswith("pyhanko")] == []
    assert logging.getLogger("pyhanko").level == before


def test_verification_and_signing_where_an_event_loop_runs(
    tmp_path: Path, keys: TrialKeys, unsigned_files: dict[str, bytes]
) -> None:
    async def notebook() -> Verification:
        folder = write(tmp_path / "r", unsigned_files)
        sign_release(folder, keys.signer)
        return verify_release(folder, trust=[keys.ca])

    assert asyncio.run(notebook()).state == "valid"
