"""What stock tools say about a release: OpenSSL, poppler's pdfsig, and the commands and script that lie in it."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from explainkit.sign.aids import verifying_aids
from explainkit.sign.keys import TrialKeys
from tests.sign.builders import make_evidence, read, restate

FOLDER = "signatures/01-provider"
ROLES = ("Provider", "Validator", "Approver")


def run(*command: str | Path, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command with nothing of this process's environment but where to find tools."""
    clean = {"PATH": os.environ["PATH"], "LC_ALL": "C", **environment}
    return subprocess.run(command, cwd=cwd, env=clean, capture_output=True, text=True, check=False)


def openssl_cms(release: Path, name: str, ca: Path, *more: str) -> subprocess.CompletedProcess[str]:
    signature, content = release / FOLDER / f"{name}.p7s", release / name
    options = ["-binary", "-inform", "DER", "-in", str(signature), "-content", str(content), "-CAfile", str(ca)]
    return run("openssl", "cms", "-verify", *options, "-purpose", "any", "-out", os.devnull, *more)


@pytest.mark.parametrize("name", ["card.json", "card.html"])
def test_openssl_verifies_the_detached_signatures(
    release: Path, keys: TrialKeys, stranger: TrialKeys, name: str
) -> None:
    good = openssl_cms(release, name, keys.ca, "-cades")
    assert good.returncode == 0, good.stderr
    assert "CAdES Verification successful" in good.stderr
    assert openssl_cms(release, name, keys.ca).returncode == 0
    assert openssl_cms(release, name, stranger.ca, "-cades").returncode != 0
    (release / name).write_bytes((release / name).read_bytes() + b" ")
    assert openssl_cms(release, name, keys.ca, "-cades").returncode != 0


def test_openssl_verifies_the_statement(signed_once: Path, tmp_path: Path) -> None:
    envelope = json.loads((signed_once / FOLDER / "statement.dsse.json").read_bytes())
    kind, payload = envelope["payloadType"].encode(), base64.b64decode(envelope["payload"])
    (tmp_path / "pae").write_bytes(b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload))
    (tmp_path / "sig").write_bytes(base64.b64decode(envelope["signatures"][0]["sig"]))
    key = run("openssl", "x509", "-in", signed_once / FOLDER / "chain.pem", "-noout", "-pubkey")
    (tmp_path / "key").write_text(key.stdout)
    check = ["openssl", "dgst", "-sha256", "-verify", "key", "-signature", "sig", "pae"]
    assert run(*check, cwd=tmp_path).stdout == "Verified OK\n"
    with (tmp_path / "pae").open("ab") as stream:
        stream.write(b" ")
    assert run(*check, cwd=tmp_path).stdout == "Verification failure\n"


@pytest.mark.skipif(shutil.which("pdfsig") is None, reason="poppler-utils is not installed")
def test_pdfsig_reports_the_signature(signed_once: Path) -> None:
    done = run("pdfsig", "-nocert", signed_once / "card.pdf")
    report = [line.strip(" -") for line in done.stdout.splitlines()]
    assert done.returncode == 0
    for line in (
        "Signature Field Name: Provider",
        "Signer Certificate Common Name: TEST provider",
        "Signing Hash Algorithm: SHA-256",
        "Signature Type: ETSI.CAdES.detached",
        "Total document signed",
        "Signature Validation: Signature is Valid.",
    ):
        assert line in report
    assert report.count("The signature form field is not signed.") == 2


def pyhanko(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """PyHanko's own command line, of this environment; without revocation lists, which TEST CAs lack."""
    command = Path(sys.executable).with_name("pyhanko")
    return run(command, "sign", "validate", "--executive-summary", "--no-revocation-check", *arguments)


def test_pyhanko_judges_every_signer(countersigned: Path, keys: TrialKeys, stranger: TrialKeys) -> None:
    pdf = countersigned / "card.pdf"
    good = pyhanko("--trust", keys.ca, pdf)
    assert good.returncode == 0, good.stderr
    assert [line.split(":")[::2] for line in good.stdout.split()] == [[who, "VALID"] for who in ROLES]

    unknown = pyhanko("--trust", stranger.ca, pdf)
    assert (unknown.returncode, unknown.stdout.count("INVALID")) == (1, 3)

    data = pdf.read_bytes()
    pdf.write_bytes(data[:40] + bytes([data[40] ^ 1]) + data[41:])
    changed = pyhanko("--trust", keys.ca, pdf)
    assert (changed.returncode, changed.stdout.count("INVALID")) == (1, 3)


def test_pyhanko_judges_the_detached_signatures(release: Path, keys: TrialKeys) -> None:
    card, signature = release / "card.json", release / FOLDER / "card.json.p7s"
    assert pyhanko("--trust", keys.ca, "--detached", signature, card).returncode == 0
    card.write_bytes(card.read_bytes() + b" ")
    changed = pyhanko("--trust", keys.ca, "--detached", signature, card)
    assert changed.returncode == 1
    assert "INVALID" in changed.stderr


@pytest.mark.skipif(shutil.which("qpdf") is None, reason="qpdf is not installed")
def test_qpdf_finds_the_signed_pdf_sound(signed_once: Path) -> None:
    done = run("qpdf", "--check", signed_once / "card.pdf")
    assert done.returncode == 0, done.stdout + done.stderr


# VERIFY.md


def commands_of(text: str) -> str:
    """The blocks of shell commands, as written."""
    return "\n".join(re.findall(r"^```sh\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE))


def follow(release: Path, ca: Path) -> subprocess.CompletedProcess[str]:
    script = commands_of((release / "VERIFY.md").read_text())
    # A reader looks at what each command prints; here every command has to succeed (-e), in pipes, too.
    return run("bash", "-eu", "-o", "pipefail", "-c", script, cwd=release, CA=str(ca))


def test_the_commands_of_verify_md_run_as_written(release: Path, keys: TrialKeys) -> None:
    before = read(release)
    done = follow(release, keys.ca)
    assert done.returncode == 0, done.stderr
    out = done.stdout.splitlines()
    assert f"{FOLDER}/chain.pem: OK" in out
    assert "Verified OK" in out
    alone = (f"{FOLDER}/statement.dsse.json", "card.pdf")
    assert {f"{name}: OK" for name in before if name not in alone} | {"-: OK"} <= set(out)
    assert "nothing else is here" in out
    assert "the whole file is covered" in out
    assert done.stderr.count("CAdES Verification successful") == 3
    assert "one signature for each signer" in out
    assert [line.split()[0] for line in out[-7:]] == ["holds"] * 7
    assert read(release) == before


def test_the_ca_beside_the_release_is_found_by_itself(release: Path, keys: TrialKeys) -> None:
    shutil.copy(keys.ca, release.parent / "test-ca.pem")
    script = commands_of((release / "VERIFY.md").read_text())
    done = run("bash", "-eu", "-o", "pipefail", "-c", script, cwd=release)
    assert done.returncode == 0, done.stderr


def tampered(kind: str, release: Path, keys: TrialKeys) -> None:
    """Change a release in one of several ways."""

    def change(name: str, edit: Callable[[bytes], bytes]) -> None:
        before = (release / name).read_bytes()
        (release / name).write_bytes(edit(before))
        assert (release / name).read_bytes() != before

    def middle(data: bytes) -> bytes:
        return data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :]

    if kind.startswith("change "):
        change(kind[7:], middle)
    elif kind == "add":
        (release / "public" / "more.txt").write_text("x")
    elif kind == "hide":
        (release / ".more").write_text("x")
    elif kind == "remove":
        (release / "policy.json").unlink()
    elif kind.startswith("remove "):
        (release / kind[7:]).unlink()
    elif kind == "append to the PDF, stated anew":
        change("card.pdf", lambda data: data + b"\n%%EOF\n")
        restate(release, keys.signer)
    elif kind == "other JSON, stated anew":
        change("card.json", lambda data: data.replace(b"0.7312", b"0.9312"))
        restate(release, keys.signer)
    else:
        raise AssertionError(kind)


KINDS = [
    "change card.json",
    "change card.html",
    "change card.pdf",
    "change VERIFY.md",
    "change verify.py",
    "change signatures/01-provider/card.json.p7s",
    "change signatures/01-provider/chain.pem",
    "change signatures/01-provider/statement.dsse.json",
    "change public/summary.html",
    "remove public/summary.json",
    "add",
    "hide",
    "remove",
    "append to the PDF, stated anew",
    "other JSON, stated anew",
]


@pytest.mark.parametrize("kind", KINDS)
def test_the_commands_of_verify_md_fail_on_a_changed_release(release: Path, keys: TrialKeys, kind: str) -> None:
    script = (release / "VERIFY.md").read_text()
    tampered(kind, release, keys)

    done = run("bash", "-eu", "-o", "pipefail", "-c", commands_of(script), cwd=release, CA=str(keys.ca))
    assert done.returncode != 0


# verify.py


def script(release: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the release's own script in an interpreter without site packages."""
    return run(sys.executable, "-I", "-S", release / "verify.py", *arguments)


def test_verify_py_needs_nothing_but_the_standard_library(release: Path, keys: TrialKeys) -> None:
    before = read(release)
    done = script(release, "--trust", keys.ca)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        f"holds  {what}"
        for what in (
            "signers",
            "01-provider, signer",
            "01-provider, statement",
            "files",
            "01-provider, signed",
            "card.pdf",
            "opinions",
        )
    ]
    assert done.stderr == ""
    assert read(release) == before


def test_verify_py_does_not_know_the_signer_by_itself(release: Path, stranger: TrialKeys) -> None:
    done = script(release)
    assert done.returncode == 3
    assert done.stdout.splitlines()[0].startswith("holds  signers: ")
    assert done.stdout.splitlines()[1].startswith("FAILS  01-provider, signer: ")
    assert "unknown signer; give the certificate" in done.stdout
    assert done.stdout.count("holds") == 6
    assert script(release, "--trust", stranger.ca).returncode == 3
    assert script(release, "--trust", "absent.pem").returncode == 2


@pytest.mark.parametrize("kind", [k for k in KINDS if k != "change verify.py"])
def test_verify_py_fails_on_a_changed_release(release: Path, keys: TrialKeys, tmp_path: Path, kind: str) -> None:
    tampered(kind, release, keys)
    done = script(release, "--trust", keys.ca)
    assert done.returncode == 3
    assert done.stderr == ""
    assert "FAILS" in done.stdout


@pytest.mark.parametrize("name", ["statement.dsse.json", "chain.pem", "card.json.p7s"])
@pytest.mark.parametrize("data", [b"", b"{}", b"[" * 100_000, b"\xff\x00", b'{"payload":"","signatures":[{}]}'])
def test_verify_py_shows_no_traceback_whatever_the_bytes(
    release: Path, keys: TrialKeys, name: str, data: bytes
) -> None:
    (release / FOLDER / name).write_bytes(data)
    done = script(release, "--trust", keys.ca)
    assert done.returncode == 3
    assert done.stderr == ""


def test_verify_py_is_written_for_older_pythons(signed_once: Path) -> None:
    import ast

    ast.parse((signed_once / "verify.py").read_text(), feature_version=(3, 8))


# policy.json


def test_the_aids_are_the_same_whatever_the_card_but_for_the_level() -> None:
    one = verifying_aids(make_evidence(name="one", value=0.6))
    other = verifying_aids(make_evidence(name="```sh\nrm -rf ~\n```", level="B-LTA"))
    assert [a.name for a in one] == ["VERIFY.md", "verify.py", "policy.json"]
    assert one[:2] == other[:2]
    policy = json.loads(other[2].data)
    assert policy["required_roles"] == ["provider"]
    assert policy["minimum_level"] == "B-LTA"
    assert "proposal" in policy["note"]
