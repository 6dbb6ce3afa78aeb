"""What a house puts on a card besides name and colours: its logo and its templates, checked, in bytes that travel.

They stand in card.json, because that is the only source of HTML and PDF: whoever has it can render the card again. They
are checked when they are read from a file, and again whenever a card is rendered: card.json may come from anybody.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Literal

from explainkit.artifact import sha256_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Logo:
    """The logo of the card, as it is embedded."""

    media_type: Literal["image/svg+xml", "image/png"]
    digest: str
    """``sha256:…`` of the bytes."""
    data: str
    """The bytes of the file, in Base64."""

    @property
    def address(self) -> str:
        """The logo as a data URI."""
        return f"data:{self.media_type};base64,{self.data}"

    @property
    def content(self) -> bytes:
        """The bytes of the file.

        Raises
        ------
        ValueError
            If `data` is not Base64.
        """
        return base64.b64decode(self.data, validate=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One file of the folder of templates."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Files of the house that the card is rendered with."""

    logo: Logo | None = None
    templates: tuple[Template, ...] = ()
    """Own templates and style sheet, sorted by name."""

    @property
    def templates_digest(self) -> str:
        """``sha256:…`` of what ``sha256sum *`` prints in the folder of templates."""
        lines = (f"{sha256_of(file.text.encode())}  {file.name}\n" for file in self.templates)
        return "sha256:" + sha256_of("".join(lines).encode())
