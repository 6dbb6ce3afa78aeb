"""Check a signed model card with nothing but Python's standard library and OpenSSL.

    python3 verify.py [--trust CA.pem] [FOLDER]

FOLDER is the release; the folder of this file when left out. CA.pem is the certificate of the authority that vouches
for the provider: get it by another way than this release. One line is printed for each check. Exit code 0: everything
holds, and the signer is vouched for by CA.pem. 3: something does not hold, or the signer is unknown. 2: wrong usage.
Python 3.8 or later is enough.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

KIND = b"application/vnd.in-toto+json"
ROLE = "signatures/01-provider"
STATEMENT = ROLE + "/statement.dsse.json"
CHAIN = ROLE + "/chain.pem"
LIMIT = 200 * 2**20
NAME = re.compile(r"([A-Za-z0-9_][A-Za-z0-9._-]*/){0,2}[A-Za-z0-9_][A-Za-z0-9._-]*")


class CheckError(Exception):
    """A check that does not hold."""


def openssl(*arguments: str) -> str:
    """Run OpenSSL; what it says when it fails is the reason."""
    done = subprocess.run(["openssl", *arguments], capture_output=True, stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        lines = [line for line in done.stderr.decode("utf-8", "replace").splitlines() if line.strip()]
        raise CheckError("openssl: " + (lines[-1] if lines else "failed"))
    return done.stdout.decode("utf-8", "replace").strip()


def demand(condition: bool, problem: str) -> None:
    """Raise unless a condition holds."""
    if not condition:
        raise CheckError(problem)


class Release:
    """A release folder, what its statement says, and a folder for what OpenSSL needs as files."""

    def __init__(self, folder: Path, trust: str | None, scratch: Path) -> None:
        self.folder = folder
        self.trust = trust
        self.scratch = scratch
        self.listed: dict[str, Any] = {}
        self.certificate = ""

    def read(self, name: str) -> bytes:
        """Bytes of one regular file of the release."""
        path = self.folder / name
        demand(path.is_file() and not path.is_symlink(), f"{name} is missing, or not a file")
        demand(path.stat().st_size <= LIMIT, f"{name} is too large")
        return path.read_bytes()

    def put(self, name: str, data: bytes) -> str:
        """A file for OpenSSL."""
        path = self.scratch / name
        path.write_bytes(data)
        return str(path)

    def chain(self) -> str:
        """The certificate in chain.pem leads to the one trusted."""
        pem = self.put("chain.pem", self.read(CHAIN))
        self.certificate = openssl("x509", "-in", pem, "-outform", "PEM")
        name = openssl("x509", "-in", pem, "-noout", "-subject", "-nameopt", "RFC2253")
        if self.trust is None:
            raise CheckError(f"{name}: unknown signer; give the certificate of the authority you trust, --trust CA.pem")
        openssl("verify", *self.anchors(), "-untrusted", pem, "-purpose", "any", pem)
        return name

    def anchors(self) -> list[str]:
        """OpenSSL's options for trusting CA.pem and nothing else."""
        return ["-no-CApath", "-no-CAstore", "-CAfile", str(self.trust)]

    def statement(self) -> str:
        """The statement is signed by the key of the certificate in chain.pem."""
        raw = self.read(STATEMENT)
        envelope = json.loads(raw)
        payload = base64.b64decode(envelope["payload"], validate=True)
        entry = envelope["signatures"][0]
        again = {"payload": base64.b64encode(payload).decode(), "payloadType": KIND.decode()}
        signature = base64.b64decode(entry["sig"], validate=True)
        again_entry = {"keyid": entry["keyid"], "sig": base64.b64encode(signature).decode()}
        text = json.dumps({**again, "signatures": [again_entry]}, separators=(",", ":"))
        demand(text.encode() == raw, "the envelope is not written as it was signed")
        pem = self.put("chain.pem", self.read(CHAIN))
        print_ = openssl("x509", "-in", pem, "-noout", "-fingerprint", "-sha256").rpartition("=")[2]
        demand(print_.replace(":", "").lower() == entry["keyid"], "the envelope names another certificate")
        key = self.put("key.pem", openssl("x509", "-in", pem, "-noout", "-pubkey").encode() + b"\n")
        signed = self.put("pae", b"DSSEv1 %d %s %d %s" % (len(KIND), KIND, len(payload), payload))
        openssl("dgst", "-sha256", "-verify", key, "-signature", self.put("sig", signature), signed)
        document = json.loads(payload)
        demand(document["predicate"]["role"] == "provider", "the statement is not the provider's")
        self.listed = {subject["name"]: subject for subject in document["subject"]}
        demand(len(self.listed) == len(document["subject"]), "the statement lists a file twice")
        return f"lists {len(self.listed)} files"

    def files(self) -> str:
        """Every listed file is there with its length and digest, and there is no other."""
        demand(bool(self.listed), "no statement to compare them with")
        wrong = []
        for name, subject in sorted(self.listed.items()):
            demand(bool(NAME.fullmatch(name)), f"{name!r} is not the name of a file")
            data = self.read(name)
            digest = hashlib.sha256(data).hexdigest()
            if (len(data), digest) != (subject["annotations"]["length"], subject["digest"]["sha256"]):
                wrong.append(f"{name} was changed")
        due = {*self.listed, STATEMENT}
        folders = {"public", "signatures", ROLE}
        for path in sorted(self.folder.rglob("*")):
            name = path.relative_to(self.folder).as_posix()
            if path.is_symlink() or (name not in due and not (path.is_dir() and name in folders)):
                wrong.append(f"{name!a} does not belong to the release")
        demand(not wrong, "; ".join(wrong[:5]))
        return f"{len(self.listed)} listed, unchanged, nothing else"

    def detached(self, name: str) -> str:
        """A file and its detached signature."""
        signature = self.put("p7s", self.read(f"{ROLE}/{name}.p7s"))
        return self.cms(signature, self.put("content", self.read(name)))

    def pdf(self) -> str:
        """The signature in card.pdf covers the whole file, and is good."""
        data = self.read("card.pdf")
        found = re.findall(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]", data)
        demand(len(found) == 1 and data.count(b"/ByteRange") == 1, "not exactly one signature")
        start, first, second, rest = (int(number) for number in found[0])
        demand(start == 0 and first < second and second + rest == len(data), "does not cover the whole file")
        gap = re.fullmatch(rb"<((?:[0-9A-F]{2})+)>", data[first:second])
        demand(gap is not None, "the gap holds more than the signature")
        assert gap is not None
        signature = self.put("p7s", bytes.fromhex(gap[1].decode()))
        return self.cms(signature, self.put("content", data[:first] + data[second:]))

    def cms(self, signature: str, content: str) -> str:
        """A CMS signature by the certificate in chain.pem over some content."""
        signer = self.scratch / "signer.pem"
        trust = ["-noverify"] if self.trust is None else [*self.anchors(), "-purpose", "any", "-cades"]
        where = ["-in", signature, "-inform", "DER", "-content", content, "-out", str(self.scratch / "out")]
        openssl("cms", "-verify", "-binary", *where, *trust, "-signer", str(signer))
        demand(openssl("x509", "-in", str(signer)) == self.certificate, "signed by somebody else than the statement")
        return "signed by the same certificate"


def check(label: str, work: Callable[[], str]) -> bool:
    """Run one check and print its line."""
    try:
        found = work()
    except (CheckError, OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        print(f"FAILS  {label}: {ascii(str(error) or type(error).__name__)[1:-1]}")
        return False
    print(f"holds  {label}: {ascii(found)[1:-1]}")
    return True


def main() -> int:
    """Check the release and say so."""
    parser = argparse.ArgumentParser(description="Check a signed model card.")
    parser.add_argument("--trust", metavar="CA.pem", help="certificate of the authority that you trust")
    parser.add_argument("folder", nargs="?", default=str(Path(__file__).resolve().parent), help="the release")
    asked = parser.parse_args()
    if not Path(asked.folder).is_dir() or (asked.trust and not Path(asked.trust).is_file()):
        parser.error("no such folder or file")
    with tempfile.TemporaryDirectory() as scratch:
        release = Release(Path(asked.folder), asked.trust, Path(scratch))
        checks = [
            ("signer", release.chain),
            ("statement", release.statement),
            ("files", release.files),
            ("card.json", lambda: release.detached("card.json")),
            ("card.html", lambda: release.detached("card.html")),
            ("card.pdf", release.pdf),
        ]
        results = [check(label, work) for label, work in checks]
    return 0 if all(results) else 3


if __name__ == "__main__":
    sys.exit(main())
