"""The logo: which files may be one."""

from __future__ import annotations

import base64
import binascii
from typing import Literal

from explainkit.artifact import sha256_of
from explainkit.errors import PlanError
from explainkit.house import Logo
from explainkit.house.png import MOST_PIXELS, check_png
from explainkit.house.svg import check_svg

WHERE = "look.logo"
MOST_BYTES = 64 * 1024
"""It stands in card.json, which stands in the PDF; and twice more in what is rendered."""
_SVG_ALLOWED = "an SVG of shapes and gradients, without text, scripts, style sheets, pictures and references elsewhere"
_PNG_ALLOWED = f"a PNG of 8 bits a channel, at most {MOST_PIXELS} pixels on either side, not interlaced, no metadata"
_KINDS: dict[str, Literal["image/svg+xml", "image/png"]] = {".svg": "image/svg+xml", ".png": "image/png"}


def logo_from(name: str, data: bytes) -> Logo:
    """The logo in a file, checked.

    Parameters
    ----------
    name : str
        Name of the file, which ends in ``.svg`` or ``.png``.
    data : bytes
        What is in it.

    Raises
    ------
    PlanError
        If it cannot be a logo.
    """
    ending = name[name.rfind(".") :].lower()
    if ending not in _KINDS:
        raise PlanError("not a logo", where=WHERE, found=repr(name), allowed="a file that ends in .svg or .png")
    kind = _KINDS[ending]
    _check(kind, data, where=f"{WHERE}: {name}")
    return Logo(media_type=kind, digest="sha256:" + sha256_of(data), data=base64.b64encode(data).decode())


def checked(logo: Logo) -> Logo:
    """A logo that came in a card, once it has passed what a file has to pass.

    Raises
    ------
    PlanError
        If it does not.
    """
    try:
        data = logo.content
    except (binascii.Error, ValueError) as error:
        raise PlanError("not a logo", where=WHERE, found=str(error), allowed="Base64") from None
    if logo.digest != "sha256:" + sha256_of(data) or logo.media_type not in _KINDS.values():
        raise PlanError("the logo is not the one of its digest and type", where=WHERE, found=logo.digest)
    _check(logo.media_type, data, where=WHERE)
    return logo


def _check(kind: str, data: bytes, *, where: str) -> None:
    if len(data) > MOST_BYTES:
        raise PlanError("the logo is too large", where=where, found=f"{len(data)} bytes", allowed=f"{MOST_BYTES}")
    vector = kind == "image/svg+xml"
    try:
        check_svg(data) if vector else check_png(data)
    except ValueError as error:
        raise PlanError(
            "the logo cannot be used",
            where=where,
            found=str(error),
            allowed=_SVG_ALLOWED if vector else _PNG_ALLOWED,
            remedy="save it as plain SVG with text turned into paths"
            if vector
            else "export it again, without metadata",
        ) from None
