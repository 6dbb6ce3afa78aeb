"""Signers are described, and refused with one clear line when they cannot sign; TEST keys are made."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID

from explainkit.errors import InputError, OutputError
from explainkit.sign.certificates import is_test, outside_validity, read_pem, signer_name, unfitness
from explainkit.sign.keys import Signer, TrialKeys, make_test_pki
from tests.sign.builders import WORD
from tests.sign.certificate_kit import Identity, authority, identity, private_key, save, seal, usage

PEM = serialization.Encoding.PEM


# TEST keys


def test_the_test_seal_is_rsa_3072_says_test_and_may_sign(keys: TrialKeys) -> None:
    opened = keys.signer.open()
    (own,) = opened.chain
    assert isinstance(opened.private, rsa.RSAPrivateKey)
    assert opened.private.key_size == 3072
    assert unfitness(own) is None
    assert is_test(own)
    assert "TEST provider" in signer_name(own)
    found = own.extensions.get_extension_for_class(x509.KeyUsage).value
    assert found.digital_signature
    assert found.content_commitment
    assert not found.key_cert_sign


def test_openssl_accepts_the_test_chain(keys: TrialKeys, tmp_path: Path) -> None:
    own = tmp_path / "own.pem"
    own.write_bytes(keys.signer.open().chain[0].public_bytes(PEM))
    done = subprocess.run(
        ["openssl", "verify", "-x509_strict", "-no-CApath", "-no-CAstore", "-CAfile", str(keys.ca), str(own)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip().endswith("OK"), done.stderr


def test_the_authoritys_key_is_nowhere(tmp_path: Path) -> None:
    made = make_test_pki(tmp_path / "k", passphrase=None)
    assert sorted(p.name for p in (tmp_path / "k").iterdir()) == [
        "test-ca.pem",
        "test-provider.key",
        "test-provider.pem",
    ]
    (ca,) = read_pem(made.ca)
    assert made.signer.open().private.public_key() != ca.public_key()
    assert sum(b"PRIVATE KEY" in p.read_bytes() for p in (tmp_path / "k").iterdir()) == 1


@pytest.mark.parametrize("passphrase", [WORD, None])
def test_private_keys_are_for_the_owner_alone(tmp_path: Path, passphrase: str | None) -> None:
    made = make_test_pki(tmp_path, passphrase=passphrase)
    assert stat.S_IMODE(made.signer.key.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.ca.stat().st_mode) & 0o444 == 0o444


@pytest.mark.parametrize("existing", ["test-ca.pem", "test-provider.p12"])
def test_existing_files_are_not_overwritten_and_nothing_is_left(tmp_path: Path, existing: str) -> None:
    (tmp_path / existing).write_text("mine")
    with pytest.raises(OutputError, match=f"{existing}: exists already"):
        make_test_pki(tmp_path, passphrase=WORD)
    assert [p.name for p in tmp_path.iterdir()] == [existing]
    assert (tmp_path / existing).read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_an_error_about_the_output(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        make_test_pki(tmp_path / "file" / "k", passphrase=WORD)


# Descriptions


def test_a_signer_goes_to_a_child_and_comes_back(keys: TrialKeys, stranger: TrialKeys) -> None:
    for signer in (keys.signer, stranger.signer):
        again = Signer.from_job(signer.to_job())
        assert again.open().chain == signer.open().chain


def test_the_numbers_of_a_key_are_proved_before_a_child_is_asked_to_sign(tmp_path: Path, stranger: TrialKeys) -> None:
    numbers = stranger.signer.open().private.private_numbers()
    wrong = rsa.RSAPrivateNumbers(
        p=numbers.p,
        q=numbers.q,
        d=numbers.d + 2,
        dmp1=numbers.dmp1,
        dmq1=numbers.dmq1,
        iqmp=numbers.iqmp,
        public_numbers=numbers.public_numbers,
    ).private_key(unsafe_skip_rsa_key_validation=True)
    key = tmp_path / "wrong.key"
    key.write_bytes(wrong.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    key.chmod(0o600)
    assert stranger.signer.certificate is not None
    with pytest.raises(InputError, match=r"wrong.key: the private key is damaged"):
        Signer.from_pem(key, stranger.signer.certificate)
    described = Signer.from_job({**stranger.signer.to_job(), "key": str(key)})
    assert described.open().private.private_numbers().d == numbers.d + 2  # they are not proved twice


def test_pem_with_a_passphrase(tmp_path: Path, stranger: TrialKeys) -> None:
    key = tmp_path / "locked.key"
    lock = serialization.BestAvailableEncryption(b"word")
    key.write_bytes(stranger.signer.open().private.private_bytes(PEM, serialization.PrivateFormat.PKCS8, lock))
    key.chmod(0o600)
    assert stranger.signer.certificate is not None
    Signer.from_pem(key, stranger.signer.certificate, passphrase="word")
    with pytest.raises(InputError, match="locked.key: the passphrase is wrong"):
        Signer.from_pem(key, stranger.signer.certificate, passphrase="other")
    with pytest.raises(InputError, match="locked.key: the key needs its passphrase"):
        Signer.from_pem(key, stranger.signer.certificate)


def test_the_chain_is_ordered_and_holds_no_root(tmp_path: Path) -> None:
    root = authority("Root")
    middle = authority("Middle", issuer=root, kind="rsa3072b")
    one = seal("Seal", issuer=middle)
    other = authority("Other")
    signer = save(tmp_path, one, other, root, middle)
    assert [signer_name(c) for c in signer.open().chain] == ["Seal", "Middle"]


# Refusals, each one clear line


def refusal(signer: Signer) -> str:
    with pytest.raises(InputError) as caught:
        signer.open()
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_files_that_are_not_keys(tmp_path: Path, keys: TrialKeys, stranger: TrialKeys) -> None:
    (tmp_path / "text.p12").write_text("hello")
    (tmp_path / "folder.p12").mkdir()
    for path in tmp_path.iterdir():
        path.chmod(0o600)
    certificate = stranger.signer.certificate
    assert certificate is not None
    cases = {
        "no such file": lambda: Signer.from_pkcs12(tmp_path / "absent.p12", passphrase="x"),
        "not a PKCS#12 file": lambda: Signer.from_pkcs12(tmp_path / "text.p12", passphrase="x"),
        "a folder": lambda: Signer.from_pkcs12(tmp_path / "folder.p12", passphrase="x"),
        "the passphrase is wrong": lambda: Signer.from_pkcs12(keys.signer.key, passphrase="x"),
        "the key needs its passphrase": lambda: Signer.from_pkcs12(keys.signer.key, passphrase=None),
        "no private key in this file": lambda: Signer.from_pem(tmp_path / "text.p12", certificate),
        "no certificate in this file": lambda: Signer.from_pem(stranger.signer.key, tmp_path / "text.p12"),
    }
    for message, make in cases.items():
        with pytest.raises(InputError, match=message):
            make()


@pytest.mark.parametrize("cut", [0.1, 0.5, 0.99])
def test_a_key_file_cut_short(tmp_path: Path, keys: TrialKeys, stranger: TrialKeys, cut: float) -> None:
    for made in (keys, stranger):
        data = made.signer.key.read_bytes()
        path = tmp_path / made.signer.key.name
        path.write_bytes(data[: int(len(data) * cut)])
        path.chmod(0o600)
        refusal(Signer(**{**_members(made.signer), "key": path}))


def _members(signer: Signer) -> dict[str, object]:
    return {
        "kind": signer.kind,
        "certificate": signer.certificate,
        "chain": signer.chain,
        "passphrase": signer.passphrase,
    }


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o601])
def test_a_key_that_others_can_read(tmp_path: Path, keys: TrialKeys, mode: int) -> None:
    path = tmp_path / "open.p12"
    path.write_bytes(keys.signer.key.read_bytes())
    path.chmod(mode)
    with pytest.raises(InputError, match=f"found mode 0{mode:o}; allowed: 0600 or 0400; remedy: chmod 600"):
        Signer.from_pkcs12(path, passphrase=WORD)


def test_a_pkcs12_without_key(tmp_path: Path) -> None:
    path = tmp_path / "certificates.p12"
    lock = serialization.BestAvailableEncryption(b"x")
    path.write_bytes(pkcs12.serialize_key_and_certificates(None, None, None, [authority("A").certificate], lock))
    path.chmod(0o600)
    with pytest.raises(InputError, match="holds no key with its certificate"):
        Signer.from_pkcs12(path, passphrase="x")


def test_certificates_that_must_not_sign(tmp_path: Path) -> None:
    root = authority("Root")
    purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    cases: dict[str, Identity] = {
        "its key is EC, not RSA.*PDF 2.0": seal("EC", issuer=root, kind="ec"),
        "its key is Ed25519, not RSA": seal("Ed", issuer=root, kind="ed25519"),
        "2048 bits, fewer than 3072": seal("Short", issuer=root, kind="rsa2048"),
        "no KeyUsage extension": seal("None", issuer=root, extensions=()),
        "lacks nonRepudiation": seal("No", issuer=root, extensions=(usage(commitment=False),)),
        "certification authority": seal(
            "CA", issuer=root, extensions=(usage(), x509.BasicConstraints(ca=True, path_length=None))
        ),
        "for other purposes": seal("TLS", issuer=root, extensions=(usage(), purpose)),
        r"expired on \d{4}": seal("Old", issuer=root, days=(-9, -1)),
        r"not valid before \d{4}": seal("New", issuer=root, days=(1, 9)),
    }
    for number, (message, one) in enumerate(cases.items()):
        signer = save(tmp_path, one, name=str(number))
        assert signer.certificate is not None
        with pytest.raises(InputError, match=f"{number}.pem: .*{message}") as caught:
            Signer.from_pem(signer.key, signer.certificate)
        assert caught.value.exit_code == 2


def test_purposes_that_allow_signing_documents() -> None:
    root = authority("Root")
    for purpose in (ExtendedKeyUsageOID.EMAIL_PROTECTION, x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")):
        both = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, purpose])
        assert unfitness(seal("Fit", issuer=root, extensions=(usage(), both)).certificate) is None


def test_a_key_of_another_certificate(tmp_path: Path) -> None:
    root = authority("Root")
    signer = save(tmp_path, Identity(certificate=seal("A", issuer=root).certificate, key=private_key("rsa3072b")))
    assert "does not belong to the certificate" in refusal(signer)
    curve = save(
        tmp_path, Identity(certificate=seal("A", issuer=root).certificate, key=ec.generate_private_key(ec.SECP256R1()))
    )
    assert "does not belong to the certificate" in refusal(curve)


# What certificates say


@pytest.mark.parametrize(
    ("name", "test"),
    [("TEST seal", True), ("A-TEST-B", True), ("Contest Bank", False), ("Test Bank", False), ("TESTING", False)],
)
def test_what_makes_a_certificate_a_test_one(name: str, test: bool) -> None:
    assert is_test(identity(name).certificate) is test
    assert is_test(seal("Seal", issuer=authority(name)).certificate) is test


def test_names_are_safe_to_print() -> None:
    assert (
        signer_name(identity("Bank\x1b[2J\n").certificate)
        == "Bank\N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}"
    )


def test_validity_by_dates() -> None:
    one = identity("x", days=(-1, 1)).certificate
    assert outside_validity(one, one.not_valid_before_utc) is None
    assert outside_validity(one, one.not_valid_after_utc) is None
