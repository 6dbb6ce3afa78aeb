"""A verifier's own policy: who has to have signed, with what, how long ago."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path

import pytest
from cryptography import x509

from explainkit.errors import InputError
from explainkit.sign.aids import verifying_aids
from explainkit.sign.certificates import fingerprint
from explainkit.sign.keys import TrialKeys
from explainkit.sign.policy import Policy, read_policy
from explainkit.sign.verification import verify_release
from tests.sign.builders import make_evidence


def written(folder: Path, text: str, name: str = "policy.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def print_of(release: Path) -> str:
    chain = (release / "signatures" / "01-provider" / "chain.pem").read_bytes()
    return fingerprint(x509.load_pem_x509_certificates(chain)[0])


def test_what_is_asked_for_is_there(signed_once: Path, keys: TrialKeys, tmp_path: Path) -> None:
    own = print_of(signed_once)
    colons = ":".join(own[i : i + 2] for i in range(0, 64, 2)).upper()
    shutil.copy(keys.ca, tmp_path / "ca.pem")
    policy = written(
        tmp_path,
        f'version = 1\nrequired_roles = ["provider"]\nminimum_level = "B-B"\nroots = ["ca.pem"]\n'
        f'maximum_age_days = 1\n[certificates]\nprovider = ["{colons}"]\n',
    )
    found = verify_release(signed_once, policy=policy)
    assert (found.state, found.reasons) == ("valid", ())


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('required_roles = ["provider", "validator"]', "the policy asks for the validator's signature"),
        ('minimum_level = "B-T"', "level B-B, where the policy asks for B-T"),
        (f'certificates = {{ provider = ["{"0" * 64}"] }}', "signed with a certificate that the policy does not name"),
        ("certificates = { provider = [] }", "signed with a certificate that the policy does not name"),
        ("release = true", "a TEST certificate proves nothing in a release"),
    ],
)
def test_what_is_not_is_said(signed_once: Path, keys: TrialKeys, tmp_path: Path, text: str, problem: str) -> None:
    found = verify_release(signed_once, trust=[keys.ca], policy=written(tmp_path, f"version = 1\n{text}\n"))
    assert (found.state, found.exit_code) == ("invalid", 3)
    assert problem in " ".join(found.lines())


def test_an_old_signature(signed_once: Path, keys: TrialKeys) -> None:
    later = dt.datetime.now(dt.UTC) + dt.timedelta(days=31)
    assert verify_release(signed_once, trust=[keys.ca], policy=Policy(maximum_age_days=40), at=later).state == "valid"
    found = verify_release(signed_once, trust=[keys.ca], policy=Policy(maximum_age_days=30), at=later)
    assert found.state == "invalid"
    assert "more than 30 days ago" in " ".join(found.lines())


def test_a_pdf_alone_needs_a_policy(signed_once: Path, keys: TrialKeys) -> None:
    pdf = signed_once / "card.pdf"
    assert verify_release(pdf, trust=[keys.ca]).state == "indeterminate"
    assert verify_release(pdf, trust=[keys.ca], policy=Policy()).state == "valid"
    assert verify_release(pdf, trust=[keys.ca], policy=Policy(required_roles=("approver",))).state == "invalid"
    assert verify_release(pdf, policy=Policy()).state == "indeterminate"


def test_the_proposal_in_a_release_can_be_taken(signed_once: Path, keys: TrialKeys, tmp_path: Path) -> None:
    proposal = next(a for a in verifying_aids(make_evidence()) if a.name == "policy.json")
    path = tmp_path / "mine.json"
    path.write_bytes(proposal.data)
    assert verify_release(signed_once, trust=[keys.ca], policy=path).state == "valid"
    assert json.loads(proposal.data)["required_roles"] == ["provider"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("version = 2", "version is not what it can be"),
        ("required_roles = []", "version is not what it can be"),
        ('version = 1\nrequired_roles = ["boss"]', "provider, validator, approver"),
        ('version = 1\nrequired_roles = "provider"', "a list of texts"),
        ('version = 1\nrequird_roles = ["provider"]', "unknown key"),
        ('version = 1\nminimum_level = "B-X"', "B-B, B-T, B-LT, B-LTA"),
        ("version = 1\nmaximum_age_days = -1", "a whole number of days"),
        ("version = 1\nmaximum_age_days = 99999999999", "at most 36500"),
        ("version = 1\nmaximum_age_days = true", "a whole number of days"),
        ("version = 1\nrelease = 1", "true or false"),
        ('version = 1\ncertificates = { provider = ["ab"] }', "64 hexadecimal digits"),
        ('version = 1\ncertificates = { boss = ["ab"] }', "provider, validator, approver"),
        ("version = 1\ncertificates = 3", "a table of fingerprints by role"),
        ('version = 1\nroots = ["missing.pem"]', "missing.pem"),
        ("version = ", "not a policy"),
        ("{", "not a policy"),
        ('{"version": 1, "' + "[" * 100_000, "not a policy"),
    ],
)
def test_a_wrong_policy_in_one_line(signed_once: Path, tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(InputError) as refused:
        verify_release(signed_once, policy=written(tmp_path, text))
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_no_policy_there(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.toml"):
        with pytest.raises(InputError):
            read_policy(path)
