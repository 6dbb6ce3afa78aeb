"""Keys: a signer is described and checked here, opened only where it signs; TEST keys are made for trying out."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from explainkit.errors import OutputError
from explainkit.sign.key_files import open_file
from explainkit.sign.open_keys import OpenKey
from explainkit.sign.token_uri import TokenKey, parse_uri
from explainkit.sign.tokens import open_on_token


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Where a key lies and how it opens: a description, not an open key.

    Made by `from_pkcs12`, `from_pem` or `from_pkcs11`, which open the key once to check it and let it go again.

    Examples
    --------
    >>> Signer.from_pkcs12(Path("seal.p12"), passphrase="…")  # doctest: +SKIP
    """

    kind: Literal["pkcs12", "pem", "pkcs11"]
    key: Path | TokenKey
    """File with the private key, or which key in a token."""
    certificate: Path | None = None
    """File with the signer's certificate (``pem``; ``pkcs11`` where it does not lie in the token)."""
    chain: tuple[Path, ...] = ()
    """Files with the certificates of its issuers (not for ``pkcs12``)."""
    passphrase: str | None = field(default=None, repr=False)
    """Of the file, or the token's PIN."""
    tsa: str | None = None
    """Address of the server that stamps the time of each signature (RFC 3161); without one, nobody does."""
    crls: tuple[Path, ...] = ()
    """Files with the revocation lists of the authorities, of today, that an archive keeps (B-LT, B-LTA)."""
    _checked_before: bool = field(default=False, repr=False, compare=False)
    """Whether another process opened the key, checked it, and asks this one to sign with it."""

    @classmethod
    def from_pkcs12(cls, path: Path | str, *, passphrase: str | None) -> Signer:
        """Describe a key in a PKCS#12 file (.p12, .pfx).

        Raises
        ------
        InputError
            If the file is missing, open to others, not PKCS#12; if the passphrase is wrong; if the certificate may
            not sign now.
        """
        return cls(kind="pkcs12", key=Path(path), passphrase=passphrase)._checked()

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
        return signer._checked()

    @classmethod
    def from_pkcs11(
        cls,
        module: Path | str,
        *,
        token: str,
        key_label: str | None = None,
        key_id: bytes | None = None,
        pin: str,
        certificate: Path | str | None = None,
        chain: Iterable[Path | str] = (),
    ) -> Signer:
        """Describe a key in hardware, which signs there and never leaves it.

        Parameters
        ----------
        module : pathlib.Path or str
            The PKCS#11 library (.so) of the token's maker.
        token : str
            The token's label.
        key_label, key_id : str, bytes, optional
            Label and id of the private key (CKA_LABEL, CKA_ID); at least one.
        pin : str
            The user's PIN. A wrong one is tried once.
        certificate : pathlib.Path or str, optional
            File with the signer's certificate; left out, the one in the token with the key's id, else its label.
        chain : iterable of pathlib.Path or str
            Files with the certificates of its issuers.

        Raises
        ------
        MissingExtraError
            If python-pkcs11 is not installed.
        InputError
            If module, token, key or certificate are not there; if the PIN is wrong; if the key is not RSA or does not
            belong to the certificate; if the certificate may not sign now.
        """
        signer = cls(
            kind="pkcs11",
            key=TokenKey(module=Path(module), token=token, label=key_label, id=key_id),
            certificate=None if certificate is None else Path(certificate),
            chain=tuple(Path(c) for c in chain),
            passphrase=pin,
        )
        return signer._checked()

    def _checked(self) -> Signer:
        with self.open():
            return self

    def with_time_stamps(self, url: str | None, *, crls: Iterable[Path | str] = ()) -> Signer:
        """The same signer, whose signatures a server stamps with the time.

        Parameters
        ----------
        url : str or None
            Address of the server (RFC 3161 over HTTP); None for no time stamps.
        crls : iterable of path
            Files with revocation lists, PEM or DER, for an archive (B-LT, B-LTA); needed where a certificate says that
            it can be revoked.
        """
        return replace(self, tsa=url, crls=tuple(Path(path) for path in crls))

    def open(self) -> OpenKey:
        """Open the key and check that it may sign now; use it in a ``with`` block.

        Raises
        ------
        InputError
            As for `from_pkcs12`, `from_pem` and `from_pkcs11`.
        """
        if isinstance(self.key, TokenKey):
            return open_on_token(self.key, pin=self.passphrase, certificate=self.certificate, chain=self.chain)
        return open_file(
            self.key,
            certificate=self.certificate,
            chain=self.chain,
            passphrase=self.passphrase,
            again=self._checked_before,
        )

    def to_job(self) -> dict[str, Any]:
        """What a child process needs to open the key; holds passphrase or PIN, so it goes through a pipe only."""
        return {
            "kind": self.kind,
            "key": self.key.uri() if isinstance(self.key, TokenKey) else str(self.key.absolute()),
            "certificate": None if self.certificate is None else str(self.certificate.absolute()),
            "chain": [str(path.absolute()) for path in self.chain],
            "passphrase": self.passphrase,
            "tsa": self.tsa,
            "crls": [str(path.absolute()) for path in self.crls],
        }

    @classmethod
    def from_job(cls, job: Mapping[str, Any]) -> Signer:
        """The inverse of `to_job`."""
        return cls(
            kind=job["kind"],
            key=parse_uri(job["key"]) if job["kind"] == "pkcs11" else Path(job["key"]),
            certificate=None if job["certificate"] is None else Path(job["certificate"]),
            chain=tuple(Path(path) for path in job["chain"]),
            passphrase=job["passphrase"],
            tsa=job["tsa"],
            crls=tuple(Path(path) for path in job["crls"]),
            _checked_before=True,
        )


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
