"""The hand that signs: one open key, and whom to ask for time stamps; and what archives need no key for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509

from explainkit.sign.acts import ARCHIVE, Act
from explainkit.sign.archive import (
    MANIFEST,
    REVOCATION,
    TOKEN,
    involved,
    list_all,
    refuse_unjudged,
    write_revocation,
)
from explainkit.sign.cades import detached_signature
from explainkit.sign.certificates import fingerprint, pem_chain
from explainkit.sign.dsse import seal
from explainkit.sign.folder import FileOnDisk
from explainkit.sign.keys import Signer
from explainkit.sign.manifest import CHAIN, STATEMENT, STATEMENT_TOKEN, Statement, Subjects, listed
from explainkit.sign.open_keys import OpenKey
from explainkit.sign.pades import archived
from explainkit.sign.signer_folder import detached_name, signed_documents
from explainkit.sign.timestamps import Stamper, token_over


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """What signs."""

    chain: tuple[x509.Certificate, ...]
    """The signer's certificate, then its issuers."""
    signer: Any = field(repr=False)
    """pyHanko's signer."""
    stamper: Stamper | None
    """Whom to ask for time stamps; None for nobody."""

    @classmethod
    def of(cls, signer: Signer, key: OpenKey) -> Hand:
        """What signs with an open key."""
        stamper = None if signer.tsa is None else Stamper(signer.tsa)
        return cls(chain=key.chain, signer=key.hand(), stamper=stamper)

    async def folder(
        self, act: Act, files: Mapping[str, bytes], *, about: Subjects, before: str | None = None
    ) -> dict[str, bytes]:
        """The files of an act's folder: signatures one by one, the certificates, the statement over everything.

        Parameters
        ----------
        act : Act
        files : mapping of str to bytes
            What the signer covers: the files of the card as they are shown, and the signer's own words.
        about : Subjects
        before : str, optional
            Digest of the envelope of the signer before.
        """
        now = dt.datetime.now(dt.UTC).replace(microsecond=0)
        new = {act.folder + CHAIN: pem_chain(self.chain)}
        for name in signed_documents(act):
            signature = await detached_signature(files[name], self.signer, at=now, stamper=self.stamper)
            new[detached_name(act, name)] = signature
        own = self.chain[0]
        covered = [FileOnDisk(name=name, data=data) for name, data in {**files, **new}.items()]
        statement = Statement(
            role=act.kind, certificate=fingerprint(own), files=listed(covered), subjects=about, previous=before
        )
        envelope = (await seal(statement.to_payload(), self.signer, own)).to_json()
        new[act.folder + STATEMENT] = envelope
        if self.stamper is not None:
            new[act.folder + STATEMENT_TOKEN] = await token_over(envelope, self.stamper)
        return new


async def archive(
    files: Mapping[str, bytes], acts: tuple[Act, ...], stamper: Stamper, crls: Sequence[Any]
) -> dict[str, bytes]:
    """What an archive adds or changes: a revision of ``card.pdf``, and a folder of its own.

    Parameters
    ----------
    files : mapping of str to bytes
        Every file of the release.
    acts : tuple of Act
        Those before.
    stamper : Stamper
    crls : sequence of asn1crypto.crl.CertificateList
        Revocation lists of today.

    Raises
    ------
    InputError
        If a certificate can be revoked and no list of its authority is there.
    ServiceError
        If the time stamp server fails.
    """
    certificates = involved(acts, files)
    refuse_unjudged(certificates, crls)
    act = Act(number=len(acts) + 1, kind=ARCHIVE)
    pdf = await archived(files["card.pdf"], certificates=certificates, crls=crls, stamper=stamper)
    new = {"card.pdf": pdf, act.folder + REVOCATION: write_revocation(c.dump() for c in crls)}
    manifest = list_all(act, {**files, **new}).to_json()
    return {**new, act.folder + MANIFEST: manifest, act.folder + TOKEN: await token_over(manifest, stamper)}
