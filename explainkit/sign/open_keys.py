"""Keys that are open: in memory, or in a token that never lets them go."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Protocol, Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from explainkit.errors import ServiceError
from explainkit.sign.token_uri import TokenKey


class OpenKey(Protocol):
    """A key that can sign now, until the end of its ``with`` block; lives only in the process that signs."""

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """The signer's certificate, then its issuers, without self-signed roots: trust is the verifier's to give."""

    def hand(self) -> Any:
        """What signs with the key: a ``pyhanko.sign.signers.Signer``, which embeds the chain."""

    def __enter__(self) -> Self:
        """The key itself."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let the key go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyInMemory:
    """A key that was read from a file."""

    private: rsa.RSAPrivateKey = field(repr=False)
    chain: tuple[x509.Certificate, ...]

    def hand(self) -> Any:
        """pyHanko's signer."""
        from explainkit.sign.hanko import memory_signer

        return memory_signer(self.private, self.chain)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyOnToken:
    """A key in a token, with the session that was logged in for it."""

    place: TokenKey
    session: Any = field(repr=False)
    """pkcs11.Session"""
    pin: str | None = field(repr=False)
    """For keys that want it before each signature (CKA_ALWAYS_AUTHENTICATE); None for others."""
    closing: ExitStack = field(repr=False)
    """Ends the session."""
    chain: tuple[x509.Certificate, ...]

    def hand(self) -> Any:
        """pyHanko's signer."""
        from explainkit.sign.hanko import token_signer

        return token_signer(self.session, self.place, self.chain, pin=self.pin)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        from pkcs11 import PKCS11Error

        self.closing.close()
        if isinstance(error, PKCS11Error):
            raise ServiceError(
                "the token failed while signing",
                where=str(self.place),
                found=type(error).__name__,
                remedy="nothing was changed; sign later with explainkit sign",
            ) from None
