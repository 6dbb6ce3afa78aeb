"""Keys: a signer is described and checked here, opened only where it signs; TEST keys are made for trying out."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from explainkit.errors import InputError, OutputError
from explainkit.sign.certificates import outside_validity, read_input, read_pem, signer_name, unfitness


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenKey:
    """A key that can sign now; lives only in the process that signs."""

    private: rsa.RSAPrivateKey = field(repr=False)
    chain: tuple[x509.Certificate, ...]
    """The signer's certificate, then its issuers, without self-signed roots: trust is the verifier's to give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Where a key lies and how it opens: a description, not an open key.

    Made by `from_pkcs12` or `from_pem`, which open the key once to check it and let it go again.

    Examples
    --------
    >>> Signer.from_pkcs12(Path("seal.p12"), passphrase="…")  # doctest: +SKIP
    """

    kind: Literal["pkcs12", "pem"]
    key: Path
    """File with the private key."""
    certificate: Path | None = None
    """File with the signer's certificate (``pem`` only)."""
    chain: tuple[Path, ...] = ()
    """Files with the certificates of its issuers (``pem`` only)."""
    passphrase: str | None = field(default=None, repr=False)
    tsa: str | None = None
    """Address of the server that stamps the time of each signature (RFC 3161); without one, nobody does."""

    @classmethod
    def from_pkcs12(cls, path: Path | str, *, passphrase: str | None) -> Signer:
        """Describe a key in a PKCS#12 file (.p12, .pfx).

        Raises
        ------
        InputError
            If the file is missing, open to others, not PKCS#12; if the passphrase is wrong; if the certificate may
            not sign now.
        """
        signer = cls(kind="pkcs12", key=Path(path), passphrase=passphrase)
        signer.open()
        return signer

    @classmethod
    def from_pem(
        cls,
        key: Path | str,
        certificate: Path | str,
        *,
        chain: Iterable[Path | str] = (),
        passphrase: str | None = None,
    ) -> Signer:
        """Describe a key in a PEM file, with its certificate and those of its issuers.

        Raises
        ------
        InputError
            As for `from_pkcs12`, and if key and certificate do not belong together.
        """
        issuers = tuple(Path(c) for c in chain)
        signer = cls(kind="pem", key=Path(key), certificate=Path(certificate), chain=issuers, passphrase=passphrase)
        signer.open()
        return signer

    def with_time_stamps(self, url: str | None) -> Signer:
        """The same signer, whose signatures a server stamps with the time.

        Parameters
        ----------
        url : str or None
            Address of the server (RFC 3161 over HTTP); None for no time stamps.
        """
        return replace(self, tsa=url)

    def open(self) -> OpenKey:
        """Read the key and check that it may sign now.

        Raises
        ------
        InputError
            As for `from_pkcs12`.
        """
        _refuse_open_to_others(self.key)
        private, certificate, others = _read_pkcs12(self) if self.kind == "pkcs12" else _read_pem_pair(self)
        where = str(self.key if self.certificate is None else self.certificate)
        _refuse_unfit(certificate, where)
        if not isinstance(private, rsa.RSAPrivateKey) or private.public_key() != certificate.public_key():
            raise InputError("the private key does not belong to the certificate", where=where)
        return OpenKey(private=private, chain=_ordered(certificate, others))

    def to_job(self) -> dict[str, Any]:
        """What a child process needs to open the key; holds the passphrase, so it goes through a pipe only."""
        return {
            "kind": self.kind,
            "key": str(self.key.absolute()),
            "certificate": None if self.certificate is None else str(self.certificate.absolute()),
            "chain": [str(path.absolute()) for path in self.chain],
            "passphrase": self.passphrase,
            "tsa": self.tsa,
        }

    @classmethod
    def from_job(cls, job: Mapping[str, Any]) -> Signer:
        """The inverse of `to_job`."""
        return cls(
            kind=job["kind"],
            key=Path(job["key"]),
            certificate=None if job["certificate"] is None else Path(job["certificate"]),
            chain=tuple(Path(path) for path in job["chain"]),
            passphrase=job["passphrase"],
            tsa=job["tsa"],
        )


def _refuse_open_to_others(path: Path) -> None:
    if os.name != "posix" or not path.is_file():
        return  # elsewhere the mode says nothing; a missing file is reported where it is read
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        raise InputError(
            "the key can be read by others",
            where=str(path),
            found=f"mode {mode:04o}",
            allowed="0600 or 0400",
            remedy=f"chmod 600 {path}",
        )


def _read_pkcs12(signer: Signer) -> tuple[Any, x509.Certificate, list[x509.Certificate]]:
    data = read_input(signer.key, "a PKCS#12 file (.p12, .pfx)")
    # A SEQUENCE whose first member is the version, 3 (RFC 7292, 4): what distinguishes a wrong file from a wrong word.
    if data[:1] != b"\x30" or b"\x02\x01\x03" not in data[:12]:
        raise InputError("not a PKCS#12 file", where=str(signer.key), allowed="a key with its certificate (.p12, .pfx)")
    word = None if signer.passphrase is None else signer.passphrase.encode()
    try:
        store = pkcs12.load_pkcs12(data, word)
    except UnsupportedAlgorithm as error:
        raise InputError("the key's encryption is not supported", where=str(signer.key), found=str(error)) from None
    except ValueError:
        raise _wrong_passphrase(signer) from None
    if store.key is None or store.cert is None:
        raise InputError("holds no key with its certificate", where=str(signer.key))
    return store.key, store.cert.certificate, [c.certificate for c in store.additional_certs]


def _read_pem_pair(signer: Signer) -> tuple[Any, x509.Certificate, list[x509.Certificate]]:
    data = read_input(signer.key, "a private key in PEM")
    if b"PRIVATE KEY-----" not in data:
        raise InputError("no private key in this file", where=str(signer.key), allowed="a private key in PEM")
    encrypted = b"ENCRYPTED" in data
    if encrypted and signer.passphrase is None:
        raise _wrong_passphrase(signer)
    word = signer.passphrase.encode() if encrypted and signer.passphrase is not None else None
    try:
        private = serialization.load_pem_private_key(data, word)
    except UnsupportedAlgorithm as error:
        raise InputError("the key's kind is not supported", where=str(signer.key), found=str(error)) from None
    except (ValueError, TypeError):
        if encrypted:
            raise _wrong_passphrase(signer) from None
        raise InputError("the private key is damaged", where=str(signer.key)) from None
    assert signer.certificate is not None
    own, *others = read_pem(signer.certificate)
    return private, own, [*others, *(c for path in signer.chain for c in read_pem(path))]


def _wrong_passphrase(signer: Signer) -> InputError:
    if signer.passphrase is None:
        return InputError("the key needs its passphrase", where=str(signer.key))
    return InputError("the passphrase is wrong, or the file is damaged", where=str(signer.key))


def _refuse_unfit(certificate: x509.Certificate, where: str) -> None:
    unfit = unfitness(certificate)
    if unfit is not None:
        raise InputError(
            "this certificate cannot sign a release",
            where=where,
            found=f"{signer_name(certificate)}: {unfit}",
            allowed="RSA of 3072 bits or more (others make a PDF 2.0 file, not PDF/A-3), KeyUsage nonRepudiation",
        )
    late = outside_validity(certificate, dt.datetime.now(dt.UTC))
    if late is not None:
        raise InputError(
            "the certificate is not valid now",
            where=where,
            found=f"{signer_name(certificate)}: {late}",
            remedy="sign with a certificate that is valid today",
        )


def _ordered(own: x509.Certificate, others: Sequence[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    """The signer's certificate and its issuers one after another; roots and strangers are left out."""
    chain, rest = [own], [c for c in others if c.issuer != c.subject]
    while True:
        above = next((c for c in rest if c.subject == chain[-1].issuer), None)
        if above is None:
            return tuple(chain)
        chain.append(above)
        rest.remove(above)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialKeys:
    """What `make_test_pki` wrote."""

    ca: Path
    """Certificate of the TEST certification authority: what ``verify --trust`` takes."""
    signers: Mapping[str, Signer]
    """The key of each role, described."""

    @property
    def signer(self) -> Signer:
        """The TEST provider's."""
        return self.signers["provider"]


def make_test_pki(
    folder: Path,
    *,
    passphrase: str | None,
    organisation: str = "explainkit TEST",
    days: int = 365,
    roles: Sequence[str] = ("provider",),
) -> TrialKeys:
    """Make a TEST certification authority and a TEST key for each role, for trying out.

    The authority's own key is thrown away, so that nothing else can ever be certified by it.

    Parameters
    ----------
    folder : pathlib.Path
        Where the files go; made when it does not exist.
    passphrase : str or None
        With one: ``test-ca.pem`` and ``test-ROLE.p12``. Without: ``test-ca.pem``, ``test-ROLE.key`` and
        ``test-ROLE.pem``. Files with a private key have mode 0600.
    organisation : str
        Organisation in both subjects; the common names say TEST whatever it is.
    days : int, default 365
        How long a key is valid; the authority for ten times as long.
    roles : sequence of str
        Who gets a key; the provider always.

    Raises
    ------
    OutputError
        If one of the files exists, or cannot be written.
    """
    start = dt.datetime.now(dt.UTC).replace(microsecond=0) - dt.timedelta(hours=1)
    authority = rsa.generate_private_key(65537, 3072)
    ca = _authority(authority, organisation, start, days * 10)
    pem = serialization.Encoding.PEM
    files: dict[str, tuple[bytes, int]] = {"test-ca.pem": (ca.public_bytes(pem), 0o644)}
    roles = tuple(dict.fromkeys(("provider", *roles)))
    for role in roles:
        key = rsa.generate_private_key(65537, 3072)
        own = _seal(key, organisation, start, days, role=role, issuer=ca, issuer_key=authority)
        files |= _key_files(role, key, own, ca, passphrase)
    _write_new(folder, files)
    signers = {}
    for role in roles:
        place = folder / f"test-{role}"
        if passphrase is None:
            signers[role] = Signer.from_pem(place.with_suffix(".key"), place.with_suffix(".pem"))
        else:
            signers[role] = Signer.from_pkcs12(place.with_suffix(".p12"), passphrase=passphrase)
    return TrialKeys(ca=folder / "test-ca.pem", signers=signers)


def _key_files(
    role: str, key: rsa.RSAPrivateKey, own: x509.Certificate, ca: x509.Certificate, passphrase: str | None
) -> dict[str, tuple[bytes, int]]:
    """The files that hold one key with its certificate, and their modes."""
    pem = serialization.Encoding.PEM
    if passphrase is None:
        plain = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return {f"test-{role}.key": (plain, 0o600), f"test-{role}.pem": (own.public_bytes(pem), 0o644)}
    lock = serialization.BestAvailableEncryption(passphrase.encode())
    store = pkcs12.serialize_key_and_certificates(f"TEST {role}".encode(), key, own, [ca], lock)
    return {f"test-{role}.p12": (store, 0o600)}


def _name(organisation: str, common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=not authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _authority(key: rsa.RSAPrivateKey, organisation: str, start: dt.datetime, days: int) -> x509.Certificate:
    name = _name(organisation, "TEST CA - proves nothing")
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(authority=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _seal(
    key: rsa.RSAPrivateKey,
    organisation: str,
    start: dt.datetime,
    days: int,
    *,
    role: str,
    issuer: x509.Certificate,
    issuer_key: rsa.RSAPrivateKey,
) -> x509.Certificate:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(organisation, f"TEST {role}"))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(authority=False), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )


def _write_new(folder: Path, files: Mapping[str, tuple[bytes, int]]) -> None:
    """Write files that must not exist yet, all or none."""
    written: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, (data, mode) in files.items():
            path = folder / name
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            written.append(path)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
    except FileExistsError as error:
        _remove(written)
        raise OutputError(
            "exists already and is not overwritten",
            where=str(error.filename or folder),
            remedy="choose another folder, or move it away",
        ) from None
    except OSError as error:
        _remove(written)
        raise OutputError("keys cannot be written", where=str(folder), found=error.strerror or str(error)) from None
    except BaseException:
        _remove(written)  # an interrupt leaves no half of a pair
        raise


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
