"""The card of a release in a folder, read once the release is verified."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from explainkit.comparison import Seen
from explainkit.errors import InputError, VerificationError
from explainkit.evidence import Evidence

if TYPE_CHECKING:
    from explainkit.sign.verdict import Verification


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedCard:
    """A card, and what verifying its release came to."""

    evidence: Evidence
    data: bytes
    """card.json as it was read."""
    seen: Seen
    found: Verification


def verified_card(
    path: Path,
    *,
    trust: Path | str | Sequence[Path | str] = (),
    policy: Path | str | None = None,
    unverified: bool = False,
) -> VerifiedCard:
    """Verify a release, then read its card.

    Parameters
    ----------
    path : pathlib.Path
        Folder of the release.
    trust, policy
        As for `verify_release`.
    unverified : bool, default False
        Read the card of a release that does not verify, too.

    Raises
    ------
    VerificationError
        If the release does not verify, unless it need not, or changes meanwhile.
    InputError
        If there is no release.
    """
    from explainkit.sign.content import read_card
    from explainkit.sign.verification import verify_release

    if (path / "compare.json").is_file():
        raise InputError("a comparison, not a release", where=str(path), allowed="the folder of a release")
    if not (path / "card.json").is_file():
        raise InputError("not a release", where=str(path), found="no card.json", allowed="the folder of a release")
    data = (path / "card.json").read_bytes()
    found = verify_release(path, trust=trust, policy=policy)
    if found.state != "valid" and not unverified:
        reason = next((str(r) for r in found.reasons), "")
        raise VerificationError(
            f"the release is {found.state}",
            where=str(path),
            found=reason,
            remedy="--trust CA.pem vouches for a signer; --unverified uses it all the same, and says so",
        )
    if (path / "card.json").read_bytes() != data:
        raise VerificationError("the release changed while it was read", where=str(path))
    seen: Seen = found.state if (path / "signatures").is_dir() else "not signed"
    return VerifiedCard(evidence=read_card(data), data=data, seen=seen, found=found)
