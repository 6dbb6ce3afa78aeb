"""Releases in a registry: attached to the model they are about, brought back, and held to before it is promoted."""

from __future__ import annotations

import datetime as dt
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from explainkit.errors import GateError, VerificationError
from explainkit.registries.seam import HeldModel, is_model_reference, opened

if TYPE_CHECKING:
    from explainkit.evidence import Evidence, ModelIdentity
    from explainkit.plan import Plan
    from explainkit.sign.policy import Policy
    from explainkit.sign.verdict import Verification

_DAY = re.compile(r"(?<![0-9])[0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """A release that a registry has."""

    reference: str
    revision: str
    """Digest of the release that was attached: of the list of its files, ``sha256:…``."""
    current: str
    """Digest of the release that the entry names: another one where somebody attached at the same time."""
    model: str
    """How the model in the registry was compared with the one audited, in words."""
    verification: str
    """How the release was verified, in words."""
    notes: tuple[str, ...]
    """What could not be done, or was done besides, in words."""

    @property
    def names_it(self) -> bool:
        """Whether the entry names the release that was attached."""
        return self.revision == self.current


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """A model that was given an alias."""

    reference: str
    alias: str
    revision: str
    """Digest of the release that was judged, ``sha256:…``."""


def attach(
    path: Path | str,
    reference: str,
    *,
    trust: Path | str | Sequence[Path | str] = (),
    policy: Policy | Path | str | None = None,
    unverified: bool = False,
) -> Attached:
    """Attach a release to the model that it is about, where a registry keeps it.

    The release is verified first. Without `trust` and `policy` nothing says whether its signers are to be trusted, and
    the entry says so; with either it has to be valid.

    Parameters
    ----------
    path : path
        The folder of the release.
    reference : str
        ``models:/credit/3``, ``models:/credit@champion``, ``models:/m-ID``, ``runs:/ID``, ``oci://host/name:tag`` or
        ``dir:folder``.
    trust, policy
        As for `verify_release`.
    unverified : bool, default False
        Attach it though it is not valid; the entry says so.

    Returns
    -------
    Attached
        The revision attached, and the one that the entry names, which is another where two attach at once.

    Raises
    ------
    VerificationError
        If the release is not valid, or is about another model.
    InputError
        If there is no release, or no such entry.
    ServiceError
        If the registry fails; the entry then names the card that it named before, or none.
    """
    from explainkit.registries.labels import labels_of
    from explainkit.registries.revision import read_revision
    from explainkit.sign.content import read_card
    from explainkit.sign.verification import verify_release

    revision = read_revision(Path(path))
    found = verify_release(path, trust=trust, policy=policy)
    verified = _verified(found, strict=bool(trust) or policy is not None, unverified=unverified)
    card = revision.files["card.json"]
    evidence = read_card(card)
    registry = opened(reference)
    same, words = compared(evidence.model, registry.held())
    if same is False:
        raise VerificationError(
            "the model in the registry is not the one that was audited",
            where=reference,
            found=words,
            remedy=f"audit this one: explainkit audit '{reference}' --data …",
        )
    labels = labels_of(evidence, card, found, verified=verified, model=words)
    stored = registry.attach(revision, labels)
    return Attached(
        reference=reference,
        revision=revision.digest,
        current=stored.current,
        model=words,
        verification=verified,
        notes=stored.notes,
    )


def fetch(reference: str, path: Path | str, *, force: bool = False) -> Path:
    """Bring the release back that a registry has for a model.

    What comes back is, byte for byte, what was attached; `verify_release` says whether it is valid.

    Parameters
    ----------
    reference : str
        As for `attach`.
    path : path
        Folder to make.
    force : bool, default False
        Replace an earlier release.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    VerificationError
        If what is stored is not what was attached; nothing is written then.
    InputError
        If there is no card, or the folder is taken.
    ServiceError
        If the registry fails.
    """
    from explainkit.registries.directory import check_target

    target = Path(path).absolute()
    check_target(target, force=force)
    opened(reference).current().write(target, force=force)
    return target


def promote(
    reference: str,
    *,
    alias: str,
    trust: Path | str | Sequence[Path | str] = (),
    policy: Policy | Path | str | None = None,
    at: dt.datetime | None = None,
) -> Promotion:
    """Give a model an alias, if its card allows it.

    The card has to be valid for whoever promotes, about this very model, in force, not taken back and not rejected; it
    has to have gates, and to have passed them. All is read from the stored release; labels count for nothing.

    Parameters
    ----------
    reference : str
        ``models:/credit/3`` or ``oci://host/name:tag``.
    alias : str
        For example ``champion``.
    trust, policy
        As for `verify_release`.
    at : datetime.datetime, optional
        The moment for which it is judged, with its time zone; now when left out.

    Raises
    ------
    GateError
        If the card is valid, and a gate failed, there is none, or somebody who signed it rejects it or took it back.
    VerificationError
        If the card is not valid, about another model, or no longer in force.
    InputError
        If there is no card or no such entry.
    ServiceError
        If the registry fails; the alias is then where it was.
    """
    from explainkit.sign.content import read_card
    from explainkit.sign.verification import verify_release

    moment = at or dt.datetime.now(dt.UTC)
    registry = opened(reference)
    revision = registry.current()
    with tempfile.TemporaryDirectory(prefix="explainkit-") as temporary:
        folder = Path(temporary) / "release"
        revision.write(folder)
        found = verify_release(folder, trust=trust, policy=policy, at=moment)
    if found.state != "valid":
        first = found.reasons[0]
        raise VerificationError(
            f"not promoted: the card is {found.state}",
            where=reference,
            found=f"{first.where}: {first.problem}",
            remedy=first.remedy,
        )
    evidence = read_card(revision.files["card.json"])
    _about_this(evidence.model, registry.held(), reference)
    _in_force(evidence, found, moment, reference)
    _allowed(evidence, found, reference)
    registry.promote(alias, revision.digest)
    return Promotion(reference=reference, alias=alias, revision=revision.digest)


def compared(model: ModelIdentity, held: HeldModel) -> tuple[bool | None, str]:
    """Whether a registry holds the model that was audited; None where that cannot be told; and what was compared."""
    digest = (model.digest or "").removeprefix("sha256:")
    if model.digest is None:
        return None, f"not compared: the card names no model file ({model.digest_of})"
    if held.folder == digest:
        return True, "the folder is the model that was audited"
    if model.digest_of.startswith("the folder "):
        if held.folder is None:
            return None, "not compared: the card is about a folder, and the registry holds none"
        return False, f"a folder with sha256 {held.folder}, where the card is about {model.digest_of}, {digest}"
    if not held.files:
        return None, f"not compared: {held.reason}"
    if all(file.sha256 == digest for file in held.files):
        return True, f"{', '.join(file.name for file in held.files)} is the model that was audited"
    if not model.digest_of.startswith("the file "):
        return None, f"not compared: the card has the digest of {model.digest_of}, not of a file"
    other = next(file for file in held.files if file.sha256 != digest)
    return False, f"{other.name} with sha256 {other.sha256}, where the card is about {model.digest_of}, {digest}"


def _verified(found: Verification, *, strict: bool, unverified: bool) -> str:
    """How the release was verified, in words; refused where it is wrong."""
    if found.state == "valid":
        return "valid"
    first = found.reasons[0]
    if unverified:
        return f"UNVERIFIED: {found.state}: {first.where}: {first.problem}"
    if found.state == "indeterminate" and not strict:
        return "intact and signed; whether the signers are to be trusted was not checked"
    raise VerificationError(
        f"the release is {found.state} and is not attached",
        where=found.path,
        found=f"{first.where}: {first.problem}",
        remedy=first.remedy or "--unverified attaches it all the same, and says so",
    )


def _about_this(model: ModelIdentity, held: HeldModel, reference: str) -> None:
    same, words = compared(model, held)
    if same is not True:
        raise VerificationError(
            "not promoted: the card is not known to be about this model",
            where=reference,
            found=words,
            remedy=f"audit the file that is registered: explainkit audit '{reference}' --data …",
        )


def _in_force(evidence: Evidence, found: Verification, at: dt.datetime, reference: str) -> None:
    from explainkit.registries.labels import expiry

    stated = expiry(evidence)
    until = expiry_day(stated)
    if until is None:
        raise VerificationError(
            "not promoted: until when the card is valid is not stated as a day",
            where=f"{reference}, statements.expiry",
            found=repr(stated[:80]) if stated else "nothing",
            allowed="a text with a day, YYYY-MM-DD",
        )
    if at.date() > until:
        raise VerificationError("not promoted: the card has expired", where=reference, found=f"valid until {until}")
    for opinion in found.opinions:
        if opinion.lapsed:
            raise VerificationError(
                f"not promoted: the {opinion.role}'s opinion has lapsed",
                where=reference,
                found=f"valid until {opinion.valid_until}",
            )


def expiry_day(stated: str | None) -> dt.date | None:
    """The first day that a statement of expiry names; None where it names none.

    Examples
    --------
    >>> expiry_day("2027-11-22, or when the model is trained again")
    datetime.date(2027, 11, 22)
    """
    for text in _DAY.findall(stated or ""):
        try:
            return dt.date.fromisoformat(text)
        except ValueError:
            continue
    return None


def _allowed(evidence: Evidence, found: Verification, reference: str) -> None:
    from explainkit.registries.labels import gates_in_a_word

    if found.withdrawal is not None:
        raise GateError("not promoted: the card was taken back", where=reference, found=found.withdrawal.reason)
    for opinion in found.opinions:
        if opinion.opinion == "reject":
            raise GateError(f"not promoted: the {opinion.role} rejects the card", where=reference, found=opinion.name)
    gates = gates_in_a_word(evidence)
    if gates == "none":
        raise GateError("not promoted: the card has no gates", where=reference, remedy="define [gates] in the plan")
    if gates == "failed":
        failed = [g.gate for g in evidence.gates if g.outcome == "failed" and g.severity == "block"]
        raise GateError("not promoted: a gate failed", where=reference, found=", ".join(failed))


@contextmanager
def with_local_model(plan: Plan) -> Iterator[Plan]:
    """The plan with the model's file in place of a reference to a registry, while it is there.

    Raises
    ------
    InputError, ServiceError
        If there is no such model, or the registry fails.
    """
    if plan.model.path is None or not is_model_reference(plan.model.path):
        yield plan
        return
    with tempfile.TemporaryDirectory(prefix="explainkit-") as temporary:
        file = opened(plan.model.path).download_model(Path(temporary))
        yield plan.model_copy(update={"model": plan.model.model_copy(update={"path": str(file)})})
