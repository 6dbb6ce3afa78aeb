"""Where a key lies in a token, as a PKCS#11 URI (RFC 7512); of what that allows, only what names one key."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_from_bytes, unquote, unquote_to_bytes

from explainkit.errors import InputError

SCHEME = "pkcs11:"
_FORM = "pkcs11:token=…;object=…;id=%01?module-path=/…"
# The characters of RFC 7512, 2.3, without those that separate.
_PATH_FREE, _QUERY_FREE = "-._~:[]@!$'()*+,=&", "-._~:[]@!$'()*+,=/?|"
_ATTRIBUTES = (("token", "object", "id", "type"), ("module-path",))


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenKey:
    """Which private key, in which token, behind which module."""

    module: Path
    """The PKCS#11 library (.so) of the token's maker."""
    token: str
    """The token's label."""
    label: str | None = None
    """The key's label (CKA_LABEL)."""
    id: bytes | None = None
    """The key's id (CKA_ID)."""

    def __post_init__(self) -> None:
        """Refuse what names no key."""
        if not self.token or not (self.label or self.id):
            raise InputError(
                "which key of which token?", where=str(self), allowed="a token, and the key's label, its id, or both"
            )

    def __str__(self) -> str:
        """For people: without the module."""
        return SCHEME + ";".join(
            f"{name}={value}"
            for name, value in (
                ("token", quote(self.token, safe=_PATH_FREE)),
                ("object", quote(self.label or "", safe=_PATH_FREE)),
                ("id", "".join(f"%{byte:02X}" for byte in self.id or b"")),
            )
            if value
        )

    def uri(self) -> str:
        """The inverse of `parse_uri`."""
        module = quote_from_bytes(os.fsencode(self.module.absolute()), safe=_QUERY_FREE)
        return f"{self}?module-path={module}"


def is_uri(text: str) -> bool:
    """Whether a text is meant as a PKCS#11 URI, not as the name of a file."""
    return text[: len(SCHEME)].lower() == SCHEME


def parse_uri(text: str) -> TokenKey:
    """Read a PKCS#11 URI that names one private key.

    Parameters
    ----------
    text : str
        For example ``pkcs11:token=Seal;object=card%20seal?module-path=/usr/lib/softhsm/libsofthsm2.so``.

    Raises
    ------
    InputError
        If it is not of that form; if it has a PIN, which every user of the machine could read among the arguments.
        What was given is not repeated: whoever mistypes a URI may have put a PIN into it.
    """
    if "pin-value" in unquote(text).lower():
        raise InputError(
            "a PIN does not stand in the URI of a key",
            where="pkcs11 URI",
            found="pin-value",
            remedy="--passphrase-fd N, --passphrase-env NAME, or the prompt; change a PIN that others could see",
        )
    path, _, query = text[len(SCHEME) :].partition("?")
    found = _attributes(path, ";", _ATTRIBUTES[0], _PATH_FREE)
    asked = _attributes(query, "&", _ATTRIBUTES[1], _QUERY_FREE)
    if found.pop("type", b"private") != b"private":
        raise _malformed("a type other than private")
    if "token" not in found or not found.keys() & {"object", "id"} or "module-path" not in asked:
        raise _malformed("no token, no object or id, or no module-path")
    module = Path(os.fsdecode(asked["module-path"]))
    if not module.is_absolute():
        raise _malformed("a module-path that does not begin with /")
    try:
        label = found["object"].decode() if "object" in found else None
        return TokenKey(module=module, token=found["token"].decode(), label=label, id=found.get("id"))
    except UnicodeDecodeError:
        raise _malformed("a name that is not UTF-8") from None


def _attributes(text: str, separator: str, known: tuple[str, ...], free: str) -> dict[str, bytes]:
    form = re.compile(rf"(?:[A-Za-z0-9{re.escape(free)}]|%[0-9A-Fa-f]{{2}})+")
    found: dict[str, bytes] = {}
    for part in text.split(separator) if text else ():
        name, _, value = part.partition("=")
        if name not in known:
            raise _malformed(f"something else than {', '.join(known)} where these are due")
        if name in found:
            raise _malformed(f"{name} twice")
        if form.fullmatch(value) is None or ("%00" in value and name != "id"):
            raise _malformed(f"characters in {name} that have to be written as %20 and the like, or nothing at all")
        found[name] = unquote_to_bytes(value)
    return found


def _malformed(found: str) -> InputError:
    return InputError("not the URI of a key in a token", where="pkcs11 URI", found=found, allowed=_FORM)
