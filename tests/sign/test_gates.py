"""Gates that were signed beforehand: the same gates, and an earlier moment."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from explainkit.cli.main import main
from explainkit.errors import InputError, OutputError, PlanError, ServiceError
from explainkit.sign.gates import sign_gates
from explainkit.sign.keys import TrialKeys
from explainkit.sign.policy import Policy
from explainkit.sign.release import renew_release, sign_release
from explainkit.sign.verification import verify_release
from tests.sign.builders import make_evidence, make_files, unknown, write, wrong
from tests.sign.time_server import TimeServer, served

GATES = '[gates."performance.roc_auc"]\nmin = 0.7\n'


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TimeServer, str]]:
    server = TimeServer(tmp_path_factory.mktemp("clock"))
    with served(server) as url:
        yield server, url


def audited(folder: Path, keys: TrialKeys, url: str | None, *, least: float = 0.7) -> Path:
    """A signed card that was evaluated by the gates."""
    plan = {"version": 1, "card": {"name": "credit"}, "gates": {"performance.roc_auc": {"min": least}}}
    evidence = dataclasses.replace(make_evidence(level="B-T" if url else "B-B"), plan=plan)
    sign_release(write(folder, make_files(evidence)), keys.signer.with_time_stamps(url))
    return folder


def test_gates_of_before(tmp_path: Path, keys: TrialKeys, clock: tuple[TimeServer, str]) -> None:
    server, url = clock
    gates = tmp_path / "gates.toml"
    gates.write_text(GATES)
    assert sign_gates(gates, keys.signer.with_time_stamps(url)) == tmp_path / "gates.toml.p7s"
    time.sleep(1.1)  # time stamps have whole seconds
    for name, stamped in (("one", url), ("two", None)):
        folder = audited(tmp_path / name, keys, stamped)
        found = verify_release(folder, trust=[keys.ca, server.ca], gates=gates)
        assert (found.state, found.reasons) == ("valid", ()), found.lines()
        (told,) = [s for s in found.signatures if s.role == "gates"]
        assert (told.covers, told.level, told.signer) == ("gates.toml", "B-T", "TEST provider, explainkit TEST")
        assert told.stamped_at is not None
    renew_release(tmp_path / "one", tsa=url)
    asked = Policy(minimum_level="B-LTA")  # of the card, not of the gates
    assert verify_release(tmp_path / "one", trust=[keys.ca, server.ca], gates=gates, policy=asked).state == "valid"
    assert "vouches for the time stamp server" in unknown(verify_release(folder, trust=[keys.ca], gates=gates))


def test_gates_of_afterwards_others_and_changed(tmp_path: Path, keys: TrialKeys, clock: tuple[TimeServer, str]) -> None:
    server, url = clock
    trust = [keys.ca, server.ca]
    folder = audited(tmp_path / "card", keys, url)
    gates = tmp_path / "gates.toml"
    gates.write_text(GATES)
    sign_gates(gates, keys.signer.with_time_stamps(url))
    assert "not before the card was signed" in wrong(verify_release(folder, trust=trust, gates=gates))
    time.sleep(1.1)
    other = audited(tmp_path / "other", keys, url, least=0.6)
    assert "evaluated by other gates: performance.roc_auc" in wrong(verify_release(other, trust=trust, gates=gates))
    gates.write_text(GATES.replace("0.7", "0.6"))
    assert "what it signs is not what is there" in wrong(verify_release(other, trust=trust, gates=gates))
    (tmp_path / "gates.toml.p7s").write_bytes(b"x")
    assert "not a CAdES signature" in wrong(verify_release(other, trust=trust, gates=gates))
    (tmp_path / "gates.toml.p7s").unlink()
    with pytest.raises(InputError, match="no such file"):
        verify_release(other, trust=trust, gates=gates)
    with pytest.raises(InputError, match="a PDF alone"):
        verify_release(other / "card.pdf", trust=trust, gates=gates)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("", InputError, "found nothing"),
        ("[gates]\n", InputError, "not a file of gates"),
        (GATES + "[card]\nname = 'x'\n", InputError, "found gates, card"),
        ("gates = [", InputError, "not a file of gates"),
        (GATES.replace("min", "minimum"), PlanError, "minimum"),
        ("gates = 3\n", PlanError, "gates"),
    ],
)
def test_what_is_no_file_of_gates(
    tmp_path: Path, keys: TrialKeys, text: str, error: type[Exception], message: str
) -> None:
    (tmp_path / "gates.toml").write_text(text)
    with pytest.raises(error, match=message):
        sign_gates(tmp_path / "gates.toml", keys.signer.with_time_stamps("http://127.0.0.1:9/"))
    assert [p.name for p in tmp_path.iterdir()] == ["gates.toml"]


def test_nothing_is_lost(tmp_path: Path, keys: TrialKeys, clock: tuple[TimeServer, str]) -> None:
    gates = tmp_path / "gates.toml"
    gates.write_text(GATES)
    with pytest.raises(InputError, match="nothing shows when the gates were there"):
        sign_gates(gates, keys.signer)
    with pytest.raises(ServiceError):
        sign_gates(gates, keys.signer.with_time_stamps("http://127.0.0.1:9/"))
    assert [p.name for p in tmp_path.iterdir()] == ["gates.toml"]
    signed = sign_gates(gates, keys.signer.with_time_stamps(clock[1])).read_bytes()
    with pytest.raises(OutputError, match="is not overwritten"):
        sign_gates(gates, keys.signer.with_time_stamps(clock[1]))
    assert (tmp_path / "gates.toml.p7s").read_bytes() == signed


def test_from_the_command_line(
    tmp_path: Path, keys: TrialKeys, clock: tuple[TimeServer, str], capsys: pytest.CaptureFixture[str]
) -> None:
    def command(*arguments: str) -> int:
        code = main.main(args=list(arguments), prog_name="explainkit", standalone_mode=False)
        return code if isinstance(code, int) else 0

    main.main(args=["keygen", str(tmp_path / "keys"), "-q"], standalone_mode=False)
    key = (*("--key", str(tmp_path / "keys/test-provider.key")),)
    certificate = ("--certificate", str(tmp_path / "keys/test-provider.pem"))
    gates = tmp_path / "gates.toml"
    gates.write_text(GATES)
    assert command("sign", str(gates), *key, *certificate, "--tsa", clock[1]) == 0
    assert "gates.toml.p7s: signed" in capsys.readouterr().out
    time.sleep(1.1)
    folder = audited(tmp_path / "card", keys, clock[1])
    trust = [str(p) for p in (keys.ca, clock[0].ca, tmp_path / "keys/test-ca.pem")]
    given = [word for path in trust for word in ("--trust", path)]
    assert command("verify", str(folder), *given, "--gates", str(gates)) == 0
    assert "gates, cades B-T over gates.toml by TEST provider" in capsys.readouterr().out
