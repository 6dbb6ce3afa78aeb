"""Check a signed model card with nothing but Python's standard library and OpenSSL.

    python3 verify.py [--trust CA.pem] [--time TSA-CA.pem] [FOLDER]

FOLDER is the release; the folder of this file when left out. CA.pem holds the certificates of the authorities that
vouch for those who signed, TSA-CA.pem that of the authority that vouches for the time stamp server: get them by another
way than this release. One line is printed for each check. Exit code 0: everything holds, and the signers are vouched
for by CA.pem. 1: so it is, but a signer rejects the card, or it was withdrawn. 3: something does not hold, or a signer
is unknown. 2: wrong usage. With TSA-CA.pem a certificate that has expired since counts for the time of the stamp.
Python 3.8 or later is enough.
"""

from __future__ import annotations

import argparse
import base64
import calendar
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
FOLDER = re.compile(r"signatures/([0-9]{2})-(provider|validator|approver|withdrawal|archive)")
STATEMENT = "/statement.dsse.json"
CHAIN = "/chain.pem"
MANIFEST = "/manifest.json"
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
    """A release folder, the certificates to trust, and a folder for what OpenSSL needs as files."""

    def __init__(self, folder: Path, trust: str | None, time: str | None, scratch: Path) -> None:
        self.folder = folder
        self.trust = trust
        self.time = time
        self.scratch = scratch
        self.said: list[str] = []
        self.refused = False
        self.names = sorted(p.relative_to(folder).as_posix() for p in folder.glob("signatures/*"))
        self.archives = [name for name in self.names if name.endswith("-archive")]
        self.signers: list[Signer] = []
        for name in self.names:
            if name not in self.archives:
                self.signers.append(Signer(self, name, self.signers[-1].folder if self.signers else None))

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

    def order(self) -> str:
        """The provider signed first, then others, one folder each, and a withdrawal comes last."""
        found = self.names
        parts = [FOLDER.fullmatch(name) for name in found]
        demand(all(parts), "a folder of no known role")
        numbers = [int(part[1]) for part in parts if part is not None]
        every = [part[2] for part in parts if part is not None]
        roles = [role for role in every if role != "archive"]
        demand(numbers == list(range(1, len(found) + 1)), "the folders are not numbered one after another")
        demand(every[:1] == ["provider"], "the provider has to be the first who signs")
        demand(len(set(roles)) == len(roles) and "withdrawal" not in roles[:-1], "these cannot follow one another")
        return ", ".join(every)

    def files(self) -> str:
        """Every listed file is there with its length and digest, and there is no other."""
        demand(all(s.listed for s in self.signers) and bool(self.signers), "no statement to compare them with")
        wrong = []
        for signer in self.signers:
            if signer.shared() != self.signers[0].shared():
                wrong.append(f"{signer.folder} covers other files of the card than the provider")
            for name, subject in sorted(signer.listed.items()):
                demand(bool(NAME.fullmatch(name)), f"{name!r} is not the name of a file")
                length, data = subject["annotations"]["length"], self.read(name)
                if name == "card.pdf":  # the signatures of others were appended
                    data = data[:length]
                if (len(data), hashlib.sha256(data).hexdigest()) != (length, subject["digest"]["sha256"]):
                    wrong.append(f"{name} was changed")
        listed = {name for s in self.signers for name in s.listed}
        for folder in self.archives:
            for member in json.loads(self.read(folder + MANIFEST))["files"]:
                data = self.read(member["name"])
                data = data[: member["length"]] if member["name"] == "card.pdf" else data
                if (len(data), hashlib.sha256(data).hexdigest()) != (member["length"], member["sha256"]):
                    wrong.append(f"{member['name']} was changed")
                listed.add(member["name"])
        due = listed | {f + MANIFEST + end for f in self.archives for end in ("", ".tst")}
        due |= {name for s in self.signers for name in (s.folder + STATEMENT, s.folder + STATEMENT + ".tst")}
        folders = {"public", "signatures", *self.names}
        for path in sorted(self.folder.rglob("*")):
            name = path.relative_to(self.folder).as_posix()
            if path.is_symlink() or (name not in due and not (path.is_dir() and name in folders)):
                wrong.append(f"{name!a} does not belong to the release")
        demand(not wrong, "; ".join(wrong[:5]))
        return f"{len(listed)} listed, unchanged, nothing else"

    def pdf(self) -> str:
        """Each signature in card.pdf covers it up to the end of its own revision; the last one covers all of it."""
        data = self.read("card.pdf")
        found = re.findall(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]", data)
        parts = [name for name in self.names if not name.endswith("-withdrawal")]
        demand(len(found) == len(parts) == data.count(b"/ByteRange"), "not one signature for each signer and archive")
        before = 0
        for folder, numbers in zip(parts, found):  # noqa: B905 - Python 3.8 knows no strict
            start, first, second, rest = (int(number) for number in numbers)
            demand(start == 0 and before < first < second, "a signature does not cover its revision")
            before = second + rest
            demand(before == self.stated(folder), f"the revision of {folder} does not end where it is stated")
            gap = re.fullmatch(rb"<((?:[0-9A-F]{2})+)>", data[first:second])
            demand(gap is not None, "the gap holds more than the signature")
            assert gap is not None
            signature = self.put("p7s", bytes.fromhex(gap[1].decode()))
            content = self.put("content", data[:first] + data[second:before])
            signer = next((s for s in self.signers if s.folder == folder), None)
            if signer is not None:
                signer.cms(signature, content)
            elif self.time is not None:
                openssl("ts", "-verify", "-in", signature, "-token_in", "-data", content, *self.clock())
        demand(before == len(data), "the last signature does not cover the whole file")
        return f"signed {len(parts) - len(self.archives)} times, stamped {len(self.archives)} times"

    def stated(self, folder: str) -> int:
        """Where the revision of a signer or an archive ends, by their own list."""
        for signer in self.signers:
            if signer.folder == folder:
                return int(signer.listed["card.pdf"]["annotations"]["length"]) if signer.listed else 0
        members = json.loads(self.read(folder + MANIFEST))["files"]
        return int(next(m["length"] for m in members if m["name"] == "card.pdf"))

    def clock(self) -> list[str]:
        """OpenSSL's options for trusting TSA-CA.pem and nothing else."""
        return ["-CAfile", str(self.time)]

    def stamp(self, name: str) -> tuple[str, list[str]]:
        """A time stamp over a file: what it says, and OpenSSL's option for that moment."""
        token = self.put("tst", self.read(name + ".tst"))
        openssl(
            "ts", "-verify", "-in", token, "-token_in", "-data", self.put("stamped", self.read(name)), *self.clock()
        )
        text = openssl("ts", "-reply", "-in", token, "-token_in", "-text")
        found = re.search(r"Time stamp: (\w{3}) +(\d+) (\d+):(\d+):(\d+)(?:\.\d+)? (\d{4}) GMT", text)
        demand(found is not None, "no time in the time stamp")
        assert found is not None
        month = "JanFebMarAprMayJunJulAugSepOctNovDec".index(found[1]) // 3 + 1
        when = calendar.timegm((int(found[6]), month, *(int(found[i]) for i in (2, 3, 4, 5))))
        return found[0], ["-attime", str(when)]

    def words(self) -> str:
        """What validator and approver say, and whether the card was withdrawn."""
        for signer in self.signers:
            for name in ("opinion.json", "withdrawal.json"):
                if signer.folder + "/" + name in signer.listed:
                    document = json.loads(self.read(signer.folder + "/" + name))
                    card = "sha256:" + hashlib.sha256(self.read("card.json")).hexdigest()
                    demand(document["card"] == card, f"{signer.folder}/{name} is about another card")
                    role = document["role"] if name == "opinion.json" else "withdrawal"
                    demand(signer.folder.endswith("-" + role), f"{signer.folder}/{name} is another role's")
                    what = document.get("opinion", "withdrawn")
                    self.refused = self.refused or what in ("reject", "withdrawn")
                    self.said.append(f"{document['role']} {document.get('name', '')} {document['date']}: {what}")
        return "; ".join(self.said) or "none"


class Signer:
    """One folder of signatures, and what its statement says."""

    def __init__(self, release: Release, folder: str, before: str | None) -> None:
        self.release = release
        self.folder = folder
        self.before = before
        self.listed: dict[str, Any] = {}
        self.certificate = ""
        self.moment: list[str] = []

    def chain(self) -> str:
        """The certificate in chain.pem leads to one trusted."""
        pem = self.release.put("chain.pem", self.release.read(self.folder + CHAIN))
        self.certificate = openssl("x509", "-in", pem, "-outform", "PEM")
        name = openssl("x509", "-in", pem, "-noout", "-subject", "-nameopt", "RFC2253")
        if self.release.trust is None:
            raise CheckError(f"{name}: unknown signer; give the certificate of the authority you trust, --trust CA.pem")
        openssl("verify", *self.anchors(), "-untrusted", pem, "-purpose", "any", pem)
        return name

    def shared(self) -> dict[str, str]:
        """Digests of the files that every signer covers; card.pdf has a revision for each."""
        kept = {n: s["digest"]["sha256"] for n, s in self.listed.items() if not n.startswith("signatures/")}
        return {**kept, "card.pdf": ""}

    def anchors(self) -> list[str]:
        """OpenSSL's options for trusting CA.pem and nothing else, at the time that is proven."""
        return ["-no-CApath", "-no-CAstore", "-CAfile", str(self.release.trust), *self.moment]

    def stamp(self) -> str:
        """The time stamp over the statement, which covers everything that its folder signs."""
        said, self.moment = self.release.stamp(self.folder + STATEMENT)
        return said

    def statement(self) -> str:
        """The statement is signed by the key of the certificate in chain.pem, and follows the one before."""
        raw = self.release.read(self.folder + STATEMENT)
        envelope = json.loads(raw)
        payload = base64.b64decode(envelope["payload"], validate=True)
        entry = envelope["signatures"][0]
        again = {"payload": base64.b64encode(payload).decode(), "payloadType": KIND.decode()}
        signature = base64.b64decode(entry["sig"], validate=True)
        again_entry = {"keyid": entry["keyid"], "sig": base64.b64encode(signature).decode()}
        text = json.dumps({**again, "signatures": [again_entry]}, separators=(",", ":"))
        demand(text.encode() == raw, "the envelope is not written as it was signed")
        pem = self.release.put("chain.pem", self.release.read(self.folder + CHAIN))
        print_ = openssl("x509", "-in", pem, "-noout", "-fingerprint", "-sha256").rpartition("=")[2]
        demand(print_.replace(":", "").lower() == entry["keyid"], "the envelope names another certificate")
        key = self.release.put("key.pem", openssl("x509", "-in", pem, "-noout", "-pubkey").encode() + b"\n")
        signed = self.release.put("pae", b"DSSEv1 %d %s %d %s" % (len(KIND), KIND, len(payload), payload))
        openssl("dgst", "-sha256", "-verify", key, "-signature", self.release.put("sig", signature), signed)
        document = json.loads(payload)
        predicate = document["predicate"]
        demand(self.folder.endswith("-" + predicate["role"]), "the statement is another role's")
        before = None if self.before is None else hashlib.sha256(self.release.read(self.before + STATEMENT)).hexdigest()
        demand((predicate["previous"] or {}).get("sha256") == before, "the statement follows another one")
        self.listed = {subject["name"]: subject for subject in document["subject"]}
        demand(len(self.listed) == len(document["subject"]), "the statement lists a file twice")
        demand({"card.pdf", "card.html", "card.json"} <= set(self.listed), "the statement does not list the card")
        return f"lists {len(self.listed)} files"

    def detached(self) -> str:
        """Files with a signature of their own."""
        signatures = sorted(name for name in self.listed if name.startswith(self.folder) and name.endswith(".p7s"))
        demand(bool(signatures), "no signatures")
        checked = []
        for name in signatures:
            plain = name[len(self.folder) + 1 : -len(".p7s")]
            content = plain if plain in ("card.json", "card.html") else f"{self.folder}/{plain}"
            signature = self.release.put("p7s", self.release.read(name))
            self.cms(signature, self.release.put("content", self.release.read(content)))
            checked.append(plain)
        return ", ".join(checked)

    def cms(self, signature: str, content: str) -> None:
        """A CMS signature by the certificate in chain.pem over some content."""
        signer = self.release.scratch / "signer.pem"
        trust = ["-noverify"] if self.release.trust is None else [*self.anchors(), "-purpose", "any", "-cades"]
        where = ["-in", signature, "-inform", "DER", "-content", content, "-out", str(self.release.scratch / "out")]
        openssl("cms", "-verify", "-binary", *where, *trust, "-signer", str(signer))
        demand(openssl("x509", "-in", str(signer)) == self.certificate, "signed by somebody else than the statement")


def stamped(release: Release, folder: str) -> Callable[[], str]:
    """The check of an archive's time stamp."""
    return lambda: release.stamp(folder + MANIFEST)[0]


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
    parser.add_argument("--trust", metavar="CA.pem", help="certificates of the authorities that you trust")
    parser.add_argument("--time", metavar="TSA-CA.pem", help="certificate of the time stamp server's authority")
    parser.add_argument("folder", nargs="?", default=str(Path(__file__).resolve().parent), help="the release")
    asked = parser.parse_args()
    files = [name for name in (asked.trust, asked.time) if name is not None]
    if not Path(asked.folder).is_dir() or not all(Path(name).is_file() for name in files):
        parser.error("no such folder or file")
    with tempfile.TemporaryDirectory() as scratch:
        release = Release(Path(asked.folder), asked.trust, asked.time, Path(scratch))
        results = [check("signers", release.order)]
        for signer in release.signers:
            own = signer.folder.rpartition("/")[2]
            if asked.time is not None:
                results.append(check(f"{own}, time", signer.stamp))
            results.append(check(f"{own}, signer", signer.chain))
            results.append(check(f"{own}, statement", signer.statement))
        if asked.time is not None:
            results += [check(f"{name[11:]}, time", stamped(release, name)) for name in release.archives]
        results.append(check("files", release.files))
        results += [check(f"{s.folder.rpartition('/')[2]}, signed", s.detached) for s in release.signers]
        results.append(check("card.pdf", release.pdf))
        results.append(check("opinions", release.words))
    return 3 if not all(results) else 1 if release.refused else 0


if __name__ == "__main__":
    sys.exit(main())
