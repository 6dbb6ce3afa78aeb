"""Keys in hardware: a token is opened through its maker's PKCS#11 module, and signs without giving the key away."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from explainkit.errors import InputError, MissingExtraError, nearest
from explainkit.sign.certificates import ordered, read_pem, refuse_unfit
from explainkit.sign.open_keys import KeyOnToken
from explainkit.sign.token_uri import TokenKey

_PROBE = b"explainkit asks whether this key belongs to its certificate; this signature commits to nothing"
_lock = threading.Lock()
_users: Counter[str] = Counter()
"""How many keys are open behind each module: the last one ends all that the module keeps."""


def open_on_token(
    place: TokenKey, *, pin: str | None, certificate: Path | None, chain: Sequence[Path] = ()
) -> KeyOnToken:
    """Log in, once, and check that the key may sign now.

    Parameters
    ----------
    place : TokenKey
        Which key.
    pin : str or None
        The user's PIN. A wrong one is tried once: tokens lock after a few.
    certificate : pathlib.Path or None
        File with the signer's certificate; None to take the one that lies beside the key.
    chain : sequence of pathlib.Path
        Files with the certificates of its issuers.

    Raises
    ------
    InputError
        If module, token, key or certificate are not there, the PIN is wrong, or the certificate may not sign now.
    """
    try:
        import pkcs11
    except ImportError:
        raise MissingExtraError("python-pkcs11", extra="pkcs11", needed_for="keys in hardware") from None
    if not pin:
        raise InputError("the token needs its PIN", where=str(place))
    files = None if certificate is None else [c for path in (certificate, *chain) for c in read_pem(path)]
    if files is not None:
        refuse_unfit(files[0], str(certificate))  # before the PIN is tried
    with ExitStack() as closing, _explained(place):
        library = closing.enter_context(_module(place.module))
        token = _token(library, place)
        session = token.open(user_pin=pin)
        closing.callback(_closed, session)
        key = _key(session, place)
        own, *others = files if files is not None else _certificates(session, place, key)
        refuse_unfit(own, str(place if certificate is None else certificate))
        each = pin if _attribute(key, pkcs11.Attribute.ALWAYS_AUTHENTICATE) else None
        _refuse_stranger(key, own, str(place), {} if each is None else {"pin": each})
        kept = closing.pop_all()
    return KeyOnToken(place=place, session=session, pin=each, chain=ordered(own, others), closing=kept)


@contextmanager
def _module(path: Path) -> Iterator[Any]:
    import pkcs11

    if not path.is_file():
        raise InputError("no such PKCS#11 module", where=str(path), allowed="the library (.so) of the token's maker")
    name = str(path.absolute())
    with _lock:
        try:
            library = pkcs11.lib(name)
        except pkcs11.PKCS11Error as error:
            raise InputError(
                "the PKCS#11 module cannot be used", where=name, found=str(error) or type(error).__name__
            ) from None
        _users[name] += 1
    try:
        yield library
    finally:
        with _lock, suppress(pkcs11.PKCS11Error):
            _users[name] -= 1
            if not _users[name]:
                # Also ends the session that a refused PIN leaves behind, and lets a fork begin anew.
                library.finalize()


def _closed(session: Any) -> None:
    from pkcs11 import PKCS11Error

    with suppress(PKCS11Error):  # a token that was pulled out has closed it
        session.close()


@contextmanager
def _explained(place: TokenKey) -> Iterator[None]:
    """What goes wrong in a token, as one line."""
    import pkcs11

    try:
        yield
    except (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange):
        raise InputError(
            "the PIN is wrong",
            where=str(place),
            remedy="it was tried once; a token locks after a few wrong ones, so find out the right one first",
        ) from None
    except (pkcs11.PinLocked, pkcs11.PinExpired, pkcs11.UserPinNotInitialized) as error:
        raise InputError(
            "the PIN does not open the token",
            where=str(place),
            found=type(error).__name__,
            remedy="the token's security officer sets a new one",
        ) from None
    except pkcs11.UserAlreadyLoggedIn:
        raise InputError("this process has the token open already", where=str(place)) from None
    except pkcs11.PKCS11Error as error:
        found = f"{type(error).__name__} {error}".strip()
        raise InputError("the token cannot be used", where=str(place), found=found) from None


def _token(library: Any, place: TokenKey) -> Any:
    from pkcs11 import PKCS11Error

    tokens = []
    for slot in library.get_slots(token_present=True):
        with suppress(PKCS11Error):  # something of another kind, beside the token that is asked for
            tokens.append(slot.get_token())
    found = [token for token in tokens if token.label == place.token]
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError("more than one token has this label", where=str(place))
    labels = ["".join(c if c.isprintable() else "?" for c in token.label) for token in tokens if token.label]
    raise InputError("no such token", where=str(place), remedy=nearest(place.token, labels))


def _key(session: Any, place: TokenKey) -> Any:
    from pkcs11 import Attribute, KeyType, ObjectClass

    query = {Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.LABEL: place.label, Attribute.ID: place.id}
    found = list(session.get_objects({name: value for name, value in query.items() if value}))
    if len(found) > 1:
        raise InputError("more than one key has this name", where=str(place), remedy="name it by object and id")
    if not found:
        everything = session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY})
        names = [(_attribute(one, Attribute.LABEL), _attribute(one, Attribute.ID)) for one in everything]
        raise InputError("no such private key in the token", where=str(place), remedy=_known(place, names))
    (key,) = found
    kind = key[Attribute.KEY_TYPE]
    if kind != KeyType.RSA:
        name = getattr(kind, "name", str(kind))
        raise InputError(
            "this key cannot sign a release", where=str(place), found=f"a key of the kind {name}", allowed="RSA"
        )
    return key


def _known(place: TokenKey, names: Iterable[tuple[str | None, bytes | None]]) -> str:
    """The keys of a token, the likeliest first: tokens list them in an order that means nothing."""

    def unlikeness(key: TokenKey) -> tuple[float, str]:
        return -SequenceMatcher(a=place.label or "", b=key.label or "").ratio(), str(key)

    keys = sorted((replace(place, label=label, id=id_) for label, id_ in names if label or id_), key=unlikeness)
    more = f" and {len(keys) - 8} more" if len(keys) > 8 else ""
    return f"known: {' '.join(map(str, keys[:8])) or 'none'}{more}"


def _certificates(session: Any, place: TokenKey, key: Any) -> list[x509.Certificate]:
    """The certificate that has the key's id, else its label; then all others of the token, which may be its issuers."""
    from pkcs11 import Attribute, ObjectClass

    objects = list(session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE}))
    own: list[Any] = []
    for name in (Attribute.ID, Attribute.LABEL):
        wanted = _attribute(key, name)
        own = own or [o for o in objects if wanted and _attribute(o, name) == wanted]
    if len(own) != 1:
        raise InputError(
            "one certificate is due beside the key",
            where=str(place),
            found=str(len(own)),
            remedy="name its file with --certificate",
        )
    others: list[x509.Certificate] = []
    for one in objects:
        if one is not own[0]:
            with suppress(ValueError):  # what cannot be read is nobody's issuer
                others.append(x509.load_der_x509_certificate(one[Attribute.VALUE]))
    try:
        return [x509.load_der_x509_certificate(own[0][Attribute.VALUE]), *others]
    except ValueError:
        raise InputError("the certificate beside the key is damaged", where=str(place)) from None


def _attribute(thing: Any, name: Any) -> Any:
    """An attribute, or None where the token does not know it."""
    from pkcs11 import PKCS11Error

    try:
        return thing[name]
    except PKCS11Error:
        return None


def _refuse_stranger(key: Any, certificate: x509.Certificate, where: str, options: dict[str, Any]) -> None:
    """A signature says whose key it is: public keys in tokens are only what somebody put there."""
    from pkcs11 import Mechanism

    public = certificate.public_key()
    assert isinstance(public, RSAPublicKey)
    signature = key.sign(_PROBE, mechanism=Mechanism.SHA256_RSA_PKCS, **options)
    try:
        public.verify(signature, _PROBE, PKCS1v15(), SHA256())
    except InvalidSignature:
        raise InputError("the private key does not belong to the certificate", where=where) from None
