"""Archives: a release is still judged when its certificates have ended, and only by what time stamps prove."""

from __future__ import annotations

import datetime as dt
import io
import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pikepdf
import pytest
from cryptography import x509
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import InvisSigSettings
from pyhanko.sign.signers.pdf_signer import PdfTimeStamper

from explainkit.cli.main import main
from explainkit.errors import InputError, ServiceError, VerificationError
from explainkit.sign.hanko import quiet, run
from explainkit.sign.keys import Signer, TrialKeys, make_test_pki
from explainkit.sign.policy import Policy
from explainkit.sign.release import countersign_release, renew_release, sign_release, withdraw_release
from explainkit.sign.timestamps import Stamper, check_token
from explainkit.sign.trust import read_trust
from explainkit.sign.verification import verify_release
from tests.sign.builders import make_evidence, make_files, make_opinion, read, unknown, write, wrong
from tests.sign.certificate_kit import Identity, authority, save, seal, usage, write_certificate
from tests.sign.test_countersigning import withdrawal
from tests.sign.test_flips import flipped, refused
from tests.sign.test_signature_attacks import new_content, script
from tests.sign.test_stock_tools import follow
from tests.sign.test_stock_tools import run as tool
from tests.sign.test_stock_tools import script as verify_py
from tests.sign.test_verification import revocation_list
from tests.sign.time_server import TimeServer, served

DAY = dt.timedelta(days=1)
Servers = tuple[TimeServer, str, TimeServer, str]


def later(days: int) -> dt.datetime:
    return dt.datetime.now(dt.UTC) + days * DAY


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """A time stamp server whose certificate ends in a year, and one of the years after."""
    first = TimeServer(tmp_path_factory.mktemp("first"), days=365)
    second = TimeServer(tmp_path_factory.mktemp("second"), days=4000)
    with served(first) as one, served(second) as other:
        yield first, one, second, other


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> TrialKeys:
    """Keys whose certificates end in thirty days, and their authority in three hundred."""
    return make_test_pki(tmp_path_factory.mktemp("short"), passphrase=None, days=30, roles=("validator",))


@pytest.fixture(scope="module")
def archived_once(tmp_path_factory: pytest.TempPathFactory, servers: Servers, short: TrialKeys) -> Path:
    """Signed, archived, countersigned, archived."""
    folder = write(
        tmp_path_factory.mktemp("archived") / "release", make_files(make_evidence(level="B-LTA"), public=True)
    )
    sign_release(folder, short.signer.with_time_stamps(servers[1]))
    opinion = make_opinion(make_evidence(level="B-LTA"))
    countersign_release(folder, short.signers["validator"].with_time_stamps(servers[1]), opinion)
    return folder


@pytest.fixture
def archived(tmp_path: Path, archived_once: Path) -> Path:
    return Path(shutil.copytree(archived_once, tmp_path / "release"))


def test_the_level_is_reached(archived_once: Path, servers: Servers, short: TrialKeys) -> None:
    found = verify_release(archived_once, trust=[short.ca, servers[0].ca])
    assert (found.state, found.reasons) == ("valid", ())
    assert sorted(p.name for p in (archived_once / "signatures").iterdir()) == [
        *("01-provider", "02-archive", "03-validator", "04-archive")
    ]
    assert {s.level for s in found.signatures if s.role != "archive"} == {"B-LTA"}
    assert [(s.kind, s.covers) for s in found.signatures if s.role == "archive"] == [
        *[("time stamp", "the release")] * 2,
        *[("time stamp", "card.pdf")] * 2,
    ]
    assert all(s.stamped_at for s in found.signatures)
    alone = verify_release(archived_once / "card.pdf", trust=[short.ca, servers[0].ca])
    assert [s.level for s in alone.signatures] == ["B-LTA", None, "B-LTA", None]


def test_without_the_authority_of_the_time_it_is_unknown(archived_once: Path, short: TrialKeys) -> None:
    found = verify_release(archived_once, trust=[short.ca])
    assert "vouches for the time stamp server" in unknown(found)
    assert {s.level for s in found.signatures if s.role != "archive"} == {"B-B"}


def test_it_outlives_its_certificates(archived: Path, servers: Servers, short: TrialKeys) -> None:
    first, _, second, url = servers
    trust = [short.ca, first.ca, second.ca]
    # The signers' certificates and their authority's have ended, that of the time stamp server has not.
    assert verify_release(archived, trust=trust, at=later(350)).state == "valid"
    assert verify_release(archived / "card.pdf", trust=trust, at=later(350)).state == "indeterminate"
    # That one has ended, too: nothing proves anything any more, unless somebody renewed in time.
    assert "vouches for" in unknown(verify_release(archived, trust=trust, at=later(400)))
    renew_release(archived, tsa=url)
    for days in (0, 400, 3000):
        found = verify_release(archived, trust=trust, at=later(days))
        assert (found.state, found.reasons) == ("valid", ()), days
        assert {s.level for s in found.signatures if s.role != "archive"} == {"B-LTA"}
    assert verify_release(archived, trust=trust, at=later(4100)).state == "indeterminate"
    assert verify_release(archived, trust=[short.ca, first.ca], at=later(400)).state == "indeterminate"


def test_a_time_stamp_alone_outlives_the_signer(tmp_path: Path, servers: Servers, short: TrialKeys) -> None:
    folder = write(tmp_path / "r", make_files(make_evidence(level="B-T")))
    sign_release(folder, short.signer.with_time_stamps(servers[1]))
    trust = [short.ca, servers[0].ca]
    for days in (0, 100, 350):
        assert verify_release(folder, trust=trust, at=later(days)).state == "valid"
    assert verify_release(folder, trust=[short.ca], at=later(100)).state == "indeterminate"
    (folder / "signatures/01-provider/statement.dsse.json.tst").unlink()
    assert "no time stamp proves an earlier signature" in unknown(verify_release(folder, trust=trust, at=later(100)))


def test_stock_tools_check_it(archived: Path, servers: Servers, short: TrialKeys) -> None:
    done = follow(archived, short.ca)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "one signature for each signer" in done.stdout
    for folder, name in (("02-archive", "manifest.json"), ("01-provider", "statement.dsse.json")):
        place = archived / "signatures" / folder / name
        given = ("-in", f"{place}.tst", "-token_in", "-data", place, "-CAfile", servers[0].ca)
        assert tool("openssl", "ts", "-verify", *given).returncode == 0
    said = verify_py(archived, "--trust", short.ca, "--time", servers[0].ca)
    assert said.returncode == 0, said.stdout
    assert said.stdout.count(", time: Time stamp: ") == 4
    assert "card.pdf: signed 2 times, stamped 2 times" in said.stdout
    place = archived / "signatures/02-archive/manifest.json"
    place.write_bytes(place.read_bytes().replace(b"card.html", b"card.htm1"))
    assert verify_py(archived, "--trust", short.ca, "--time", servers[0].ca).returncode == 3


def test_the_pdf_in_pdfsig(archived_once: Path) -> None:
    if shutil.which("pdfsig") is None:
        pytest.skip("poppler-utils is not installed")
    report = tool("pdfsig", "-nocert", archived_once / "card.pdf").stdout
    assert report.count("Signature Validation: Signature is Valid.") == 2
    assert report.count("Signature Type: unknown") == 2  # document time stamps, which poppler 22.12 does not judge
    assert report.count("Signature has not yet been verified.") == 2


def test_the_pdf_in_pyhankos_command_line(archived_once: Path, short: TrialKeys, servers: Servers) -> None:
    """It judges the signers, with their time stamps, and does not speak of document time stamps."""
    command = [Path(sys.executable).with_name("pyhanko"), "sign", "validate", "--executive-summary"]
    roots = [word for path in (short.ca, servers[0].ca, servers[2].ca) for word in ("--trust", path)]
    done = tool(*command, *roots, archived_once / "card.pdf")
    assert done.returncode == 0, done.stderr
    assert [line.split(":")[::2] for line in done.stdout.split()] == [["Provider", "VALID"], ["Validator", "VALID"]]


def test_a_pdf_with_cross_reference_streams(tmp_path: Path, servers: Servers, short: TrialKeys) -> None:
    """As cards are written."""
    evidence = make_evidence(level="B-LTA")
    files, out = make_files(evidence), io.BytesIO()
    with pikepdf.open(io.BytesIO(files["card.pdf"])) as pdf:
        pdf.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    assert b"/XRef" in out.getvalue()
    folder = write(tmp_path / "r", {**files, "card.pdf": out.getvalue()})
    sign_release(folder, short.signer.with_time_stamps(servers[1]))
    countersign_release(folder, short.signers["validator"].with_time_stamps(servers[1]), make_opinion(evidence))
    renew_release(folder, tsa=servers[3])
    for path in (folder, folder / "card.pdf"):
        found = verify_release(path, trust=[short.ca, servers[0].ca, servers[2].ca], policy=Policy())
        assert (found.state, found.reasons) == ("valid", ()), found.lines()


# Revocation

Revocable = tuple[Identity, Signer, Path]


@pytest.fixture
def revocable(tmp_path: Path) -> Revocable:
    """An authority that publishes a revocation list, a signer certified by it, and the authority's certificate."""
    root = authority("Authority")
    point = x509.DistributionPoint([x509.UniformResourceIdentifier("http://ca.example/crl")], None, None, None)
    extensions = (usage(), x509.CRLDistributionPoints([point]))
    signer = save(tmp_path, seal("A bank", issuer=root, extensions=extensions))
    return root, signer, write_certificate(tmp_path / "root.pem", root)


def test_revocation_lists_are_kept(tmp_path: Path, servers: Servers, revocable: Revocable) -> None:
    root, signer, ca = revocable
    folder = write(tmp_path / "r", make_files(make_evidence(level="B-LTA")))
    before = read(folder)
    with pytest.raises(InputError, match="can be revoked, and the list of its authority is not there.*A bank"):
        sign_release(folder, signer.with_time_stamps(servers[1]))
    assert read(folder) == before
    (tmp_path / "crl.pem").write_bytes(revocation_list(root))
    sign_release(folder, signer.with_time_stamps(servers[1], crls=[tmp_path / "crl.pem"]))
    for at in (later(0), later(30), later(360)):  # the list itself was good for nine days
        found = verify_release(folder, trust=[ca, servers[0].ca], at=at)
        assert (found.state, found.reasons) == ("valid", ()), found.lines()
        assert {s.level for s in found.signatures if s.role != "archive"} == {"B-LTA"}
    alone = verify_release(folder / "card.pdf", trust=[ca, servers[0].ca], at=later(30))
    assert [s.level for s in alone.signatures] == ["B-LTA", None]


def test_a_list_that_the_verifier_brings_tells_more(tmp_path: Path, servers: Servers, revocable: Revocable) -> None:
    """The list in the archive is clean; the authority found out later that the key was stolen before it signed."""
    root, signer, ca = revocable
    own = x509.load_pem_x509_certificate((tmp_path / "seal.pem").read_bytes())
    (tmp_path / "crl.pem").write_bytes(revocation_list(root))
    folder = write(tmp_path / "r", make_files(make_evidence(level="B-LTA")))
    sign_release(folder, signer.with_time_stamps(servers[1], crls=[tmp_path / "crl.pem"]))
    (tmp_path / "later.pem").write_bytes(revocation_list(root, revoked=own))
    for path in (folder, folder / "card.pdf"):
        assert verify_release(path, trust=[ca, servers[0].ca], policy=Policy()).state == "valid"
        found = verify_release(path, trust=[ca, servers[0].ca, tmp_path / "later.pem"], policy=Policy())
        assert "revoked" in wrong(found)


def test_a_certificate_that_was_revoked_before(tmp_path: Path, servers: Servers, revocable: Revocable) -> None:
    root, signer, ca = revocable
    own = x509.load_pem_x509_certificate((tmp_path / "seal.pem").read_bytes())
    (tmp_path / "crl.pem").write_bytes(revocation_list(root, revoked=own))
    folder = write(tmp_path / "r", make_files(make_evidence(level="B-LTA")))
    sign_release(folder, signer.with_time_stamps(servers[1], crls=[tmp_path / "crl.pem"]))
    assert "revoked" in wrong(verify_release(folder, trust=[ca, servers[0].ca]))


def test_what_is_no_revocation_list(tmp_path: Path, archived: Path, short: TrialKeys) -> None:
    with pytest.raises(InputError, match="a certificate where revocation lists are due"):
        renew_release(archived, tsa="http://127.0.0.1:9/", crls=[short.ca])
    with pytest.raises(InputError, match="no such file"):
        renew_release(archived, tsa="http://127.0.0.1:9/", crls=[tmp_path / "none.pem"])


# Tampering


def hidden_revision(folder: Path, url: str, change: Callable[[IncrementalPdfFileWriter], object] | None) -> None:
    """A document time stamp by a real server over a revision that holds more; no folder says so."""
    writer, out = IncrementalPdfFileWriter(io.BytesIO((folder / "card.pdf").read_bytes())), io.BytesIO()
    writer._update_meta = lambda: None
    if change is not None:
        change(writer)
    hand = PdfTimeStamper(Stamper(url), field_name="Archive3", invis_settings=InvisSigSettings(box_out_of_bounds=True))
    run(hand.async_timestamp_pdf(writer, "sha256", output=out))
    (folder / "card.pdf").write_bytes(out.getvalue())


def cut(folder: Path, revision: int) -> None:
    pdf = (folder / "card.pdf").read_bytes()
    found = re.findall(rb"/ByteRange \[0 \d+ (\d+) (\d+)\]", pdf)[revision]
    (folder / "card.pdf").write_bytes(pdf[: int(found[0]) + int(found[1])])


MUTANTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "the last archive's folder removed": (lambda f: shutil.rmtree(f / "signatures/04-archive"), "has no folder"),
    "the last archive's revision cut": (lambda f: cut(f, 2), "changed since it was signed"),
    "an archive's time stamp of the other": (
        lambda f: shutil.copy(
            f / "signatures/02-archive/manifest.json.tst", f / "signatures/04-archive/manifest.json.tst"
        ),
        "of something else",
    ),
    "an archive's manifest of the other": (
        lambda f: shutil.copy(f / "signatures/02-archive/manifest.json", f / "signatures/04-archive/manifest.json"),
        "of something else",
    ),
    "an archive without its time stamp": (
        lambda f: (f / "signatures/04-archive/manifest.json.tst").unlink(),
        "missing",
    ),
    "an archive with another revocation list": (
        lambda f: write(f, {"signatures/04-archive/revocation.pem": b"x"}),
        "not revocation lists",
    ),
    "a manifest of nothing": (
        lambda f: write(f, {"signatures/04-archive/manifest.json": b"{}"}),
        "not the list of an archive",
    ),
    "a file in the archive's folder": (
        lambda f: write(f, {"signatures/04-archive/more.txt": b"x"}),
        "leaves out signatures/04-archive/more.txt",
    ),
    "the statement's time stamp removed": (
        lambda f: (f / "signatures/01-provider/statement.dsse.json.tst").unlink(),
        "missing",
    ),
    "an archive first": (
        lambda f: (
            (f / "signatures/01-provider").rename(f / "signatures/02-provider"),
            (f / "signatures/02-archive").rename(f / "signatures/01-archive"),
        ),
        "the provider has to be the first who signs",
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_mutants_of_an_archived_release(archived: Path, servers: Servers, short: TrialKeys, name: str) -> None:
    change, message = MUTANTS[name]
    change(archived)
    assert message in wrong(verify_release(archived, trust=[short.ca, servers[0].ca]))
    assert verify_py(archived, "--trust", short.ca, "--time", servers[0].ca).returncode == 3


def visible(writer: IncrementalPdfFileWriter) -> None:
    from pyhanko.sign.fields import SigFieldSpec, append_signature_field

    append_signature_field(writer, SigFieldSpec("Archive3", box=(0, 0, 100, 100)))


def in_sight(writer: IncrementalPdfFileWriter) -> None:
    """As the field of an archive in everything but its place."""
    from pyhanko.sign.fields import SigFieldSpec, append_signature_field

    away = InvisSigSettings(box_out_of_bounds=True)
    append_signature_field(writer, SigFieldSpec("Archive3", readable_field_name="Time", invis_sig_settings=away))
    field = writer.root["/AcroForm"]["/Fields"][-1]
    field["/Rect"] = generic.ArrayObject(map(generic.NumberObject, (0, 0, 100, 100)))
    writer.update_container(field)


def store(writer: IncrementalPdfFileWriter) -> None:
    writer.root["/DSS"]["/More"] = generic.NameObject("/Anything")
    writer.update_container(writer.root["/DSS"])


def emptied(writer: IncrementalPdfFileWriter) -> None:
    writer.root["/DSS"]["/Certs"] = generic.ArrayObject()
    writer.update_container(writer.root["/DSS"])


def loose(writer: IncrementalPdfFileWriter) -> None:
    writer.add_object(generic.StreamObject(stream_data=b"anything"))


def language(writer: IncrementalPdfFileWriter) -> None:
    writer.root["/Lang"] = generic.TextStringObject("de")
    writer.update_root()


def note(writer: IncrementalPdfFileWriter) -> None:
    page = writer.root["/Pages"]["/Kids"][0]
    page["/Annots"].append(writer.add_object(generic.DictionaryObject({pdf_name("/Subtype"): pdf_name("/FreeText")})))
    writer.update_container(page)


CHANGES = [None, new_content, script, visible, in_sight, store, emptied, loose, language, note]


@pytest.mark.parametrize("change", CHANGES, ids=lambda c: "nothing" if c is None else c.__name__)
def test_a_stamped_revision_holds_an_archive_alone(
    archived: Path,
    servers: Servers,
    short: TrialKeys,
    change: Callable[[IncrementalPdfFileWriter], object] | None,
) -> None:
    hidden_revision(archived, servers[1], change)
    trust = [short.ca, servers[0].ca]
    together = wrong(verify_release(archived, trust=trust))
    if change is None:
        assert "signed as archive, of whom the release has no folder" in together
        assert verify_release(archived / "card.pdf", trust=trust).state == "indeterminate"
    else:
        wrong(verify_release(archived / "card.pdf", trust=trust))


def test_every_byte_of_a_time_stamp_that_lies_alone(archived_once: Path, servers: Servers) -> None:
    """No statement lists it, so no byte of it may be free: also those that no signature covers."""
    place = archived_once / "signatures/04-archive/manifest.json"
    data, token = place.read_bytes(), place.with_name("manifest.json.tst").read_bytes()
    trust, now = read_trust([servers[0].ca]), later(0)
    assert check_token(token, data, trust, now).trusted
    free = []
    with quiet():
        for at in range(len(token)):
            try:
                stamp = check_token(flipped(token, at, 1), data, trust, now)
            except VerificationError:
                continue
            free += [at] if stamp.sound and stamp.trusted else []
    assert free == []


@pytest.mark.slow
def test_bytes_of_an_archived_release(archived: Path, servers: Servers, short: TrialKeys) -> None:
    """Bytes of the time stamps and the manifests, which no key signs."""
    trusted = TrialKeys(ca=archived.parent / "both.pem", signers=short.signers)
    trusted.ca.write_bytes(short.ca.read_bytes() + servers[0].ca.read_bytes())
    for name in ("02-archive/manifest.json", "04-archive/manifest.json.tst", "03-validator/statement.dsse.json.tst"):
        data = (archived / "signatures" / name).read_bytes()
        for at in range(5, len(data), len(data) // 12):
            refused(archived, trusted, f"signatures/{name}", flipped(data, at, 1), at)


# From the command line


def command(*arguments: str) -> int:
    code = main.main(args=list(arguments), prog_name="explainkit", standalone_mode=False)
    return code if isinstance(code, int) else 0


def test_the_whole_story(
    tmp_path: Path, servers: Servers, short: TrialKeys, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(tmp_path / "release", make_files(make_evidence(level="B-LTA")))
    key = ("--key", str(short.signer.key), "--certificate", str(short.signer.certificate))
    with pytest.raises(InputError, match="the intended level cannot be reached.*B-LTA needs a time stamp server"):
        command("sign", str(folder), *key)
    assert command("sign", str(folder), *key, "--tsa", servers[1]) == 0
    assert command("sign", str(folder), "--renew", "--tsa", servers[3]) == 0
    assert "stamped anew" in capsys.readouterr().out
    trust = ("--trust", str(short.ca), "--trust", str(servers[0].ca), "--trust", str(servers[2].ca))
    assert command("verify", str(folder), *trust, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [s["kind"] for s in told["signatures"]].count("time stamp") == 4
    with pytest.raises(InputError, match="an archive is signed by nobody"):
        command("sign", str(folder), "--renew", *key, "--tsa", servers[3])
    with pytest.raises(InputError, match="no time stamp server"):
        command("sign", str(folder), "--renew")
    before = read(folder)
    with pytest.raises(ServiceError, match="127.0.0.1:9"):
        command("sign", str(folder), "--renew", "--tsa", "http://127.0.0.1:9/")
    assert read(folder) == before


def test_what_is_unsigned_or_wrong_is_not_renewed(tmp_path: Path, archived: Path) -> None:
    unsigned = write(tmp_path / "unsigned", make_files(make_evidence()))
    with pytest.raises(InputError, match="not signed by the provider yet"):
        renew_release(unsigned, tsa="http://127.0.0.1:9/")


def test_a_withdrawn_release_can_be_renewed(archived: Path, servers: Servers, short: TrialKeys) -> None:
    card = make_opinion(make_evidence(level="B-LTA")).card
    withdraw_release(archived, short.signer.with_time_stamps(servers[1]), withdrawal(card=card))
    renew_release(archived, tsa=servers[3])
    found = verify_release(archived, trust=[short.ca, servers[0].ca, servers[2].ca], at=later(1000))
    assert (found.state, found.exit_code) == ("valid", 1)
