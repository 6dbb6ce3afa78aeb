"""Releases of earlier versions: every later version verifies them, long after their certificates have ended."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest

from explainkit.sign.policy import Policy
from explainkit.sign.verification import verify_release
from tests.sign.test_stock_tools import script

HERE = Path(__file__).parent
RELEASES = sorted(p.name for p in HERE.iterdir() if (p / "release").is_dir())
MADE = dt.datetime(2026, 11, 30, tzinfo=dt.UTC)
YEAR = dt.timedelta(days=365)


def trust(name: str) -> list[Path]:
    return sorted((HERE / name).glob("TEST-*.pem"))


def test_there_is_one() -> None:
    assert RELEASES


@pytest.mark.parametrize("name", RELEASES)
@pytest.mark.parametrize("years", [0, 0.5, 1.5, 10, 18])
def test_it_is_valid(name: str, years: float) -> None:
    asked = Policy(
        required_roles=("provider", "validator", "approver"),
        opinions={"validator": ("conditions",), "approver": ("approve",)},
        minimum_level="B-LTA",
    )
    for path, policy in ((HERE / name / "release", asked), (HERE / name / "release/card.pdf", Policy())):
        found = verify_release(path, trust=trust(name), policy=policy, at=MADE + years * YEAR)
        assert (found.state, found.exit_code, found.reasons) == ("valid", 0, ()), found.lines()


@pytest.mark.parametrize("name", RELEASES)
def test_it_ends_with_the_last_time_stamp(name: str) -> None:
    assert verify_release(HERE / name / "release", trust=trust(name), at=MADE + 21 * YEAR).state == "indeterminate"
    without = [path for path in trust(name) if not path.name.endswith("2.pem")]
    assert verify_release(HERE / name / "release", trust=without, at=MADE + 1.5 * YEAR).state == "indeterminate"


@pytest.mark.parametrize("name", RELEASES)
def test_its_own_script_checks_it(name: str, tmp_path: Path) -> None:
    """The script that lies in it, by the time that its stamps prove: its certificates end in December 2026."""
    release = Path(shutil.copytree(HERE / name / "release", tmp_path / "release"))
    time = tmp_path / "time.pem"
    time.write_bytes(b"".join(p.read_bytes() for p in trust(name) if "time" in p.name))
    done = script(release, "--trust", HERE / name / "TEST-ca.pem", "--time", time)
    assert done.stdout.count("holds") + done.stdout.count("FAILS") > 10
    if dt.datetime.now(dt.UTC) < MADE + 0.9 * YEAR:  # OpenSSL's ts judges the first server's certificate for today
        assert done.returncode == 0, done.stdout
    (release / "card.json").write_bytes((release / "card.json").read_bytes().replace(b"0.7312", b"0.9312"))
    assert script(release, "--trust", HERE / name / "TEST-ca.pem", "--time", time).returncode == 3
