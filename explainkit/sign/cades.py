"""Detached CAdES signatures of card.json and card.html (ETSI EN 319 122-1, B-B and B-T), which openssl checks alone."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pyhanko.sign.general import extract_certificate_info
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko.sign.validation import async_validate_detached_cms
from pyhanko.sign.validation.settings import KeyUsageConstraints

from explainkit.errors import VerificationError
from explainkit.sign.cms import CheckedSignature, at_its_time, read_cms
from explainkit.sign.hanko import HOSTILE, run
from explainkit.sign.trust import Trust


async def detached_signature(data: bytes, signer: Any, *, at: dt.datetime, stamper: Any = None) -> bytes:
    """Sign bytes.

    Parameters
    ----------
    data : bytes
        The file.
    signer : pyhanko.sign.signers.Signer
    at : datetime.datetime
        The time of signing that is claimed.
    stamper : pyhanko.sign.timestamps.TimeStamper, optional
        Whom to ask for a time stamp over the signature.

    Returns
    -------
    bytes
        DER, the content of a ``.p7s`` file.
    """
    info = await signer.async_sign_general_data(
        data,
        "sha256",
        detached=True,
        use_cades=True,
        timestamper=stamper,
        signed_attr_settings=PdfCMSSignedAttributes(signing_time=at),
    )
    return bytes(info.dump())


def check_detached(data: bytes, signature: bytes, trust: Trust, at: dt.datetime) -> CheckedSignature:
    """Check a detached signature against the file it is for.

    Parameters
    ----------
    data, signature : bytes
        The file, and its ``.p7s``.
    trust : Trust
    at : datetime.datetime
        The moment for which certificates are judged; the signer's, for that of its time stamp.

    Raises
    ------
    VerificationError
        If it is not a signature of the one form that a release contains.
    """

    def status(moment: dt.datetime) -> Any:
        return run(
            async_validate_detached_cms(
                data,
                signed,
                signer_validation_context=trust.context(moment),
                ts_validation_context=trust.context(at),
                key_usage_settings=KeyUsageConstraints(key_usage={"non_repudiation"}),
            )
        )

    try:
        signed = read_cms(signature, in_pdf=False)
        return at_its_time(status, extract_certificate_info(signed).other_certs, at)
    except HOSTILE as error:
        raise VerificationError("not a CAdES signature", found=str(error)[:200] or type(error).__name__) from None
