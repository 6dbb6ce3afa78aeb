"""Time stamps: a real server's are in the signatures, others are refused, and nothing is lost when it fails."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from explainkit.artifact import Artifact
from explainkit.errors import InputError, ServiceError
from explainkit.evidence import Evidence
from explainkit.release import Release
from explainkit.sign import timestamps
from explainkit.sign.keys import TrialKeys
from explainkit.sign.release import sign_release
from explainkit.sign.timestamps import check_url
from explainkit.sign.verification import verify_release
from tests.sign.builders import make_evidence, make_files, read, write
from tests.sign.time_server import TimeServer, served

FOLDER = "signatures/01-provider"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> TimeServer:
    return TimeServer(tmp_path_factory.mktemp("tsa"))


@pytest.fixture
def url(server: TimeServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server.behaviour, server.asked = "honest", 0
    monkeypatch.setattr(timestamps.time, "sleep", lambda seconds: None)
    with served(server) as address:
        yield address


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return make_files(make_evidence(level="B-T"), public=True)


@pytest.fixture(scope="module")
def stamped_once(
    tmp_path_factory: pytest.TempPathFactory, server: TimeServer, keys: TrialKeys, files: dict[str, bytes]
) -> Path:
    folder = write(tmp_path_factory.mktemp("stamped") / "release", files)
    server.behaviour = "honest"
    with served(server) as address:
        sign_release(folder, keys.signer.with_time_stamps(address))
    return folder


def test_the_time_is_proven(stamped_once: Path, server: TimeServer, keys: TrialKeys) -> None:
    found = verify_release(stamped_once, trust=[keys.ca, server.ca])
    assert (found.state, found.reasons) == ("valid", ())
    assert [(s.kind, s.level) for s in found.signatures] == [
        ("dsse", "B-T"),
        ("cades", "B-T"),
        ("cades", "B-T"),
        ("pades", "B-T"),
    ]
    for signature in found.signatures[1:]:
        assert signature.stamped_at is not None
        age = dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(signature.stamped_at)
        assert dt.timedelta(minutes=-1) < age < dt.timedelta(minutes=30)
        assert f"stamped at {signature.stamped_at}" in " ".join(found.lines())


def test_whoever_stamps_has_to_be_trusted(stamped_once: Path, server: TimeServer, keys: TrialKeys) -> None:
    found = verify_release(stamped_once, trust=[keys.ca])
    assert found.state == "indeterminate"
    assert {s.level for s in found.signatures if s.kind != "dsse"} == {"B-B"}
    assert "nobody that you trust vouches for the time stamp server (TEST time server)" in " ".join(found.lines())


def test_openssl_checks_the_signatures(stamped_once: Path, keys: TrialKeys) -> None:
    for name in ("card.json", "card.html"):
        command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", f"{FOLDER}/{name}.p7s"]
        command += ["-content", name, "-CAfile", str(keys.ca), "-purpose", "any", "-cades", "-out", "/dev/null"]
        done = subprocess.run(command, cwd=stamped_once, capture_output=True, text=True, check=False)
        assert "CAdES Verification successful" in done.stderr


def test_openssl_checks_the_time_stamp(stamped_once: Path, server: TimeServer, tmp_path: Path) -> None:
    from asn1crypto import cms  # type: ignore[import-untyped]

    info = cms.ContentInfo.load((stamped_once / FOLDER / "card.json.p7s").read_bytes())
    (signer,) = info["content"]["signer_infos"]
    (attribute,) = signer["unsigned_attrs"]
    (tmp_path / "token").write_bytes(attribute["values"][0].dump())
    for data, good in ((signer["signature"].native, True), (b"something else", False)):
        (tmp_path / "signature").write_bytes(data)
        command = ["openssl", "ts", "-verify", "-in", "token", "-token_in", "-data", "signature"]
        done = subprocess.run(
            [*command, "-CAfile", str(server.ca)], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert ("Verification: OK" in done.stdout) is good


def test_verify_py_in_the_release(stamped_once: Path, keys: TrialKeys) -> None:
    import sys

    done = subprocess.run(
        [sys.executable, "-I", "verify.py", "--trust", str(keys.ca)],
        cwd=stamped_once,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_time_stamp_of_another_signature(
    stamped_once: Path, server: TimeServer, keys: TrialKeys, tmp_path: Path
) -> None:
    """The token of card.html's signature in that of card.json, listed by the signer's own statement."""
    from asn1crypto import cms

    from tests.sign.builders import restate

    folder = write(tmp_path / "release", read(stamped_once))
    own, other = (
        cms.ContentInfo.load((folder / FOLDER / f"{name}.p7s").read_bytes()) for name in ("card.json", "card.html")
    )
    stamp, foreign = (c["content"]["signer_infos"][0]["unsigned_attrs"].dump() for c in (own, other))
    (folder / FOLDER / "card.json.p7s").write_bytes(exchanged(own.dump(), stamp, foreign))
    restate(folder, keys.signer)
    found = verify_release(folder, trust=[keys.ca, server.ca])
    assert found.state == "invalid"
    assert "the time stamp is of something else" in " ".join(found.lines())


def exchanged(der: bytes, old: bytes, new: bytes) -> bytes:
    """DER with another part in place of one, and the lengths around it mended."""
    from asn1crypto import parser

    if der == old:
        return new
    kind, method, tag, _, content, _ = parser.parse(der)
    if method == 0 or old not in content:
        return der
    parts, start = [], 0
    while start < len(content):
        length = parser.peek(content[start:])
        parts.append(exchanged(content[start : start + length], old, new))
        start += length
    return bytes(parser.emit(kind, method, tag, b"".join(parts)))


def test_a_certificate_that_must_not_stamp(tmp_path: Path, keys: TrialKeys, files: dict[str, bytes]) -> None:
    (tmp_path / "tsa").mkdir()
    # OpenSSL itself refuses to stamp with it, so the server fails.
    unfit = TimeServer(tmp_path / "tsa", purpose=False)
    folder = write(tmp_path / "release", files)
    with served(unfit) as address, pytest.raises(ServiceError):
        sign_release(folder, keys.signer.with_time_stamps(address))
    assert read(folder) == files


@pytest.mark.parametrize(
    ("behaviour", "told", "asked"),
    [
        ("broken", "HTTP 503", 3),
        ("forbidden", "HTTP 403", 1),
        ("garbage", "an answer that is no time stamp", 1),
        ("page", "an answer of the kind text/html", 1),
        ("elsewhere", "HTTP 302", 1),
        ("slow", "no answer in time", 3),
    ],
)
def test_a_server_that_fails(
    url: str,
    server: TimeServer,
    keys: TrialKeys,
    files: dict[str, bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    behaviour: str,
    told: str,
    asked: int,
) -> None:
    server.behaviour = behaviour
    monkeypatch.undo()
    monkeypatch.setattr(timestamps, "SECONDS", 0.3)
    folder = write(tmp_path / "release", files)
    with pytest.raises(ServiceError, match=told) as failed:
        sign_release(folder, keys.signer.with_time_stamps(url))
    assert failed.value.exit_code == 5
    assert "\n" not in str(failed.value)
    assert server.asked == asked
    assert read(folder) == files  # nothing half-signed


def test_an_old_answer_is_refused(
    url: str, server: TimeServer, keys: TrialKeys, files: dict[str, bytes], tmp_path: Path
) -> None:
    """Each query has a number of its own that the answer repeats."""
    sign_release(write(tmp_path / "first", files), keys.signer.with_time_stamps(url))
    server.behaviour = "old"
    with pytest.raises(ServiceError, match="an answer to another query"):
        sign_release(write(tmp_path / "second", files), keys.signer.with_time_stamps(url))


def test_it_is_asked_again(
    url: str, server: TimeServer, keys: TrialKeys, files: dict[str, bytes], tmp_path: Path
) -> None:
    server.behaviour = "once broken"
    folder = write(tmp_path / "release", files)
    sign_release(folder, keys.signer.with_time_stamps(url))
    assert verify_release(folder, trust=[keys.ca, server.ca]).state == "valid"


def test_nobody_listens(keys: TrialKeys, files: dict[str, bytes], tmp_path: Path) -> None:
    folder = write(tmp_path / "release", files)
    with pytest.raises(ServiceError, match="refused"):
        sign_release(folder, keys.signer.with_time_stamps("http://127.0.0.1:9/tsa"))


def test_the_intended_level_is_not_lowered(keys: TrialKeys, files: dict[str, bytes], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"found B-T; allowed: B-B; remedy: B-T needs a time stamp server: --tsa URL"):
        sign_release(write(tmp_path / "release", files), keys.signer)


def test_a_higher_level_than_intended(url: str, server: TimeServer, keys: TrialKeys, tmp_path: Path) -> None:
    folder = write(tmp_path / "release", make_files(make_evidence()))
    sign_release(folder, keys.signer.with_time_stamps(url))
    found = verify_release(folder, trust=[keys.ca, server.ca])
    assert found.state == "valid"
    assert {s.level for s in found.signatures if s.level} == {"B-T"}


def test_work_is_not_lost_when_the_server_is_down(
    url: str, server: TimeServer, keys: TrialKeys, files: dict[str, bytes], tmp_path: Path
) -> None:
    artifacts = tuple(Artifact(name=n, data=d, media_type="") for n, d in files.items())
    release = Release(evidence=Evidence.from_json(files["card.json"]), files=artifacts)
    signer, target = keys.signer.with_time_stamps(url), tmp_path / "release"
    server.behaviour = "forbidden"
    with pytest.raises(ServiceError, match=r"release is there, unsigned; sign it later: explainkit sign"):
        release.save(target, signer=signer)
    assert read(target) == files
    server.behaviour = "honest"
    release.save(target, signer=signer, force=True)
    signed = read(target)
    server.behaviour = "forbidden"
    with pytest.raises(ServiceError, match=r"release\.unsigned is there, unsigned"):
        release.save(target, signer=signer, force=True)
    assert read(target) == signed
    assert read(tmp_path / "release.unsigned") == files
    assert sorted(p.name for p in tmp_path.iterdir()) == ["release", "release.unsigned"]


@pytest.mark.parametrize("url", ["", "tsa", "ftp://x/y", "file:///etc/passwd", "http://", "http://[", "http://x:99999"])
def test_no_address(url: str) -> None:
    with pytest.raises(InputError, match="not the address of a time stamp server"):
        check_url(url)


def test_what_verify_says_as_json(stamped_once: Path, server: TimeServer, keys: TrialKeys) -> None:
    told = json.loads(json.dumps(verify_release(stamped_once, trust=[keys.ca, server.ca]).to_json()))
    assert all(s["stamped_at"] for s in told["signatures"] if s["kind"] != "dsse")
