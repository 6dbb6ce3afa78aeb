"""Time stamps of RFC 3161: another party's signature over the moment at which a signature was there.

A server is asked over HTTP, as the RFC says (3.4), with a limit of time, again when it does not answer, and never at
another address than the one named.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import time
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from asn1crypto import algos, cms, core, tsp  # type: ignore[import-untyped]
from pyhanko.sign.timestamps import TimeStamper, TimestampRequestError
from pyhanko.sign.timestamps.common_utils import handle_tsp_response
from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
from pyhanko.sign.validation.status import TimestampSignatureStatus

from explainkit.errors import InputError, ServiceError, VerificationError
from explainkit.sign.cms import LARGEST_CMS, Stamp, stamp_from
from explainkit.sign.hanko import HOSTILE, run
from explainkit.sign.trust import Trust

SECONDS = 10.0
"""How long one answer may take."""
ATTEMPTS = 3
"""How often a server is asked that does not answer, or says that it cannot (5xx)."""
_LARGEST = 2**20
_DIGESTS = ("sha256", "sha384", "sha512")
_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"
_REMEDY = "nothing was changed; sign later with explainkit sign"


def check_url(url: str) -> None:
    """Refuse an address that no time stamp server has.

    Raises
    ------
    InputError
        If it is not one of HTTP or HTTPS.
    """
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        raise InputError("not the address of a time stamp server", found=url[:200], allowed="http://… or https://…")


class Stamper(TimeStamper):
    """pyHanko's way to a time stamp server, with our limits.

    Parameters
    ----------
    url : str
        Address of the server.
    """

    def __init__(self, url: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        check_url(url)
        self.url = url

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> Any:
        """Ask for a time stamp over a digest.

        Raises
        ------
        ServiceError
            If there is none, or it belongs to another query.
        """
        nonce, query = self.request_cms(message_digest, md_algorithm)  # type: ignore[no-untyped-call]
        response = await self.async_request_tsa_response(query)
        try:
            return handle_tsp_response(response, nonce)
        except TimestampRequestError as error:
            raise self._failed(str(error)[:200]) from None
        except HOSTILE:  # pyHanko's own message about another nonce fails, too
            raise self._failed("an answer to another query") from None

    async def async_request_tsa_response(self, req: Any) -> Any:
        """Ask the server.

        Raises
        ------
        ServiceError
            If it does not answer, or with something else than a time stamp.
        """
        answer = self._answer(req.dump())
        try:
            response = tsp.TimeStampResp.load(answer, strict=True)
            response["status"]["status"].native  # noqa: B018 - asn1crypto reads lazily
        except (ValueError, TypeError, KeyError):
            raise self._failed("an answer that is no time stamp") from None
        return response

    def _answer(self, query: bytes) -> bytes:
        problem = ""
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(0.25 * 2**attempt)
            request = urllib.request.Request(
                self.url, data=query, headers={"Content-Type": _QUERY, "Accept": _REPLY}, method="POST"
            )
            try:
                with _OPENER.open(request, timeout=SECONDS) as reply:
                    kind = reply.headers.get_content_type()
                    data: bytes = reply.read(_LARGEST + 1)
                if kind != _REPLY or len(data) > _LARGEST:
                    raise self._failed(f"an answer of the kind {kind}, {len(data)} bytes")
                return data
            except urllib.error.HTTPError as error:
                problem = f"HTTP {error.code}"
                error.close()
                if error.code < 500:
                    break
            except (OSError, ValueError) as error:
                reason = getattr(error, "reason", error)
                problem = "no answer in time" if isinstance(reason, TimeoutError) else str(reason)[:200]
        raise self._failed(problem)

    def _failed(self, found: str) -> ServiceError:
        return ServiceError("the time stamp server gave none", where=self.url, found=found, remedy=_REMEDY)


def _without_roots(token: Any) -> bytes:
    """The token without self-signed certificates, which nothing signs here: trust is the verifier's to give.

    Only for a token that lies by itself: asn1crypto takes seconds to write one that was changed into another structure.
    """
    signed = token["content"]
    kept = [c for c in signed["certificates"] if c.chosen.subject != c.chosen.issuer]
    signed["certificates"] = cms.CertificateSet(kept)
    return bytes(cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump())


async def token_over(data: bytes, stamper: Stamper) -> bytes:
    """Ask for a time stamp over some bytes.

    Returns
    -------
    bytes
        The token (RFC 3161, 2.4.2), DER.

    Raises
    ------
    ServiceError
        If there is none.
    """
    return _without_roots(await stamper.async_timestamp(hashlib.sha256(data).digest(), "sha256"))


def check_token(token: bytes, data: bytes, trust: Trust, at: dt.datetime) -> Stamp:
    """Check a time stamp over some bytes.

    Parameters
    ----------
    token, data : bytes
    trust : Trust
    at : datetime.datetime
        The moment for which the server's certificate is judged.

    Raises
    ------
    VerificationError
        If it is not a time stamp.
    """
    try:
        if len(token) > LARGEST_CMS:
            raise VerificationError("the time stamp is too large", found=f"{len(token)} bytes")
        info = cms.ContentInfo.load(token, strict=True)
        if info["content_type"].native != "signed_data":
            raise VerificationError("not a time stamp", found=str(info["content_type"].native))
        signed = info["content"]
        _check_form(signed)
        told = signed["encap_content_info"]["content"].parsed
        if told["message_imprint"]["hash_algorithm"]["algorithm"].native != "sha256":
            raise VerificationError("not a time stamp over SHA-256")
        found = run(validate_tst_signed_data(signed, trust.context(at), lambda _: hashlib.sha256(data).digest()))
        stamp = stamp_from(TimestampSignatureStatus(**found))
    except HOSTILE as error:
        raise VerificationError("not a time stamp", found=str(error)[:200] or type(error).__name__) from None
    assert stamp is not None
    return stamp


def _check_form(signed: Any) -> None:
    """Refuse what no time stamp has; what nothing signs in it can be written in one way only."""
    if len(signed["signer_infos"]) != 1:
        raise VerificationError("one signer is due", found=str(len(signed["signer_infos"])))
    signer = signed["signer_infos"][0]
    by_name = signer["sid"].name == "issuer_and_serial_number"
    version = "v1" if by_name else "v3"
    name = signer["digest_algorithm"]["algorithm"].native
    if signed["version"].native != "v3" or signer["version"].native != version or name not in _DIGESTS:
        raise VerificationError("not a time stamp of the usual form", found=str(name)[:80])
    algorithms = [a.dump() for a in (*signed["digest_algorithms"], signer["digest_algorithm"])]
    plain = {algos.DigestAlgorithm({"algorithm": name, **p}).dump() for p in ({"parameters": core.Null()}, {})}
    if len(algorithms) != 2 or not set(algorithms) <= plain or signer["unsigned_attrs"] is not core.VOID:
        raise VerificationError("a time stamp with something besides")


class _Straight(urllib.request.HTTPRedirectHandler):
    """Goes nowhere else: a query that is sent on would be asked of somebody who was not named."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow nothing; the answer then counts as the failure that it is."""
        return


_OPENER = urllib.request.build_opener(_Straight)
