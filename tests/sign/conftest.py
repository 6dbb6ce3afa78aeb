"""Keys and releases that the tests of signing share."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from explainkit.sign.keys import Signer, TrialKeys, make_test_pki
from explainkit.sign.release import countersign_release, sign_release
from tests.sign.builders import WORD, make_evidence, make_files, make_opinion, write


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> TrialKeys:
    """TEST keys, made once."""
    return make_test_pki(tmp_path_factory.mktemp("keys"), passphrase=WORD, roles=("validator", "approver"))


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> TrialKeys:
    """TEST keys of somebody else."""
    return make_test_pki(tmp_path_factory.mktemp("stranger"), passphrase=None, organisation="Stranger")


@pytest.fixture(scope="session")
def unsigned_files() -> dict[str, bytes]:
    """Files of an unsigned release."""
    return make_files(make_evidence(), public=True)


@pytest.fixture
def signed(tmp_path: Path, keys: TrialKeys) -> Callable[..., Path]:
    """Make and sign a release from files."""

    def make(files: Mapping[str, bytes], *, signer: Signer | None = None, name: str = "made") -> Path:
        folder = write(tmp_path / name, files)
        sign_release(folder, signer or keys.signer)
        return folder

    return make


@pytest.fixture(scope="session")
def signed_once(tmp_path_factory: pytest.TempPathFactory, keys: TrialKeys, unsigned_files: dict[str, bytes]) -> Path:
    """A signed release that no test changes."""
    folder = write(tmp_path_factory.mktemp("once") / "release", unsigned_files)
    sign_release(folder, keys.signer)
    return folder


@pytest.fixture
def release(tmp_path: Path, signed_once: Path) -> Path:
    """A signed release of one's own."""
    return Path(shutil.copytree(signed_once, tmp_path / "release"))


@pytest.fixture(scope="session")
def countersigned_once(tmp_path_factory: pytest.TempPathFactory, keys: TrialKeys, signed_once: Path) -> Path:
    """A release signed by provider, validator and approver, that no test changes."""
    folder = Path(shutil.copytree(signed_once, tmp_path_factory.mktemp("twice") / "release"))
    for role in ("validator", "approver"):
        countersign_release(folder, keys.signers[role], make_opinion(role=role))
    return folder


@pytest.fixture
def countersigned(tmp_path: Path, countersigned_once: Path) -> Path:
    """A countersigned release of one's own."""
    return Path(shutil.copytree(countersigned_once, tmp_path / "release"))
