"""Make a golden release: ``tools/golden``."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from explainkit.sign.keys import make_test_pki
from explainkit.sign.release import countersign_release, renew_release, sign_release
from tests.sign.builders import make_evidence, make_files, make_opinion, write
from tests.sign.time_server import TimeServer, served


def make(target: Path) -> None:
    """Keys of a month, a first time stamp server of a year, a second one of twenty years."""
    evidence = make_evidence(level="B-LTA")
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        for name in ("first", "second"):
            (place / name).mkdir()
        keys = make_test_pki(place / "keys", passphrase=None, days=30, roles=("validator", "approver"))
        first, second = TimeServer(place / "first", days=365), TimeServer(place / "second", days=7300)
        release = write(place / "release", make_files(evidence, public=True))
        with served(first) as one, served(second) as other:
            sign_release(release, keys.signer.with_time_stamps(one))
            for role, opinion in (("validator", "conditions"), ("approver", "approve")):
                conditions = ("Watch the share of refusals.",) if opinion == "conditions" else ()
                said = make_opinion(evidence, role=role, opinion=opinion, conditions=conditions)
                countersign_release(release, keys.signers[role].with_time_stamps(one), said)
            renew_release(release, tsa=other)
        shutil.copytree(release, target / "release")
        for name, path in (("TEST-ca.pem", keys.ca), ("TEST-time-1.pem", first.ca), ("TEST-time-2.pem", second.ca)):
            shutil.copy(path, target / name)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
