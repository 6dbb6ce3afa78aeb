"""Two releases are compared: what changed beyond noise, which decisions flip, and whether that is material."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explainkit.artifact import Artifact, sha256_of
from explainkit.circumstances import ledger_counts, versions
from explainkit.comparison import Comparison, Said, Seen, Side
from explainkit.errors import InputError
from explainkit.evidence import Evidence, LedgerEntry, Measured
from explainkit.figures import FigureSet
from explainkit.plan import Plan, read_plan
from explainkit.progress import Progress, Silent
from explainkit.release import Release, save_files

if TYPE_CHECKING:
    from explainkit.assess.comparison.together import Together
    from explainkit.load.subject import Subject
    from explainkit.sign.keys import Signer
    from explainkit.sign.verdict import Verification

_REASONS = 5
"""Reasons why a release is not valid that are told."""
_LIBRARIES = ("explainkit", "jinja2", "numpy", "scipy", "weasyprint")
"""What decides bytes of a comparison."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRelease:
    """A comparison as PDF, HTML and JSON, not yet signed."""

    comparison: Comparison
    """What it says."""
    files: tuple[Artifact, ...]
    """compare.pdf, compare.html and compare.json."""

    @property
    def passed(self) -> bool:
        """Whether no gate that blocks newly failed, and no rule that blocks found the change material or undecided."""
        return self.comparison.passed

    def file(self, name: str) -> bytes:
        """Bytes of one file.

        Raises
        ------
        KeyError
            If there is no such file.
        """
        return {artifact.name: artifact.data for artifact in self.files}[name]

    def save(self, path: str | Path, *, signer: Signer | None = None, force: bool = False) -> Path:
        """Write the comparison to a folder; parameters and errors as for `Release.save`."""
        return save_files(self.files, Path(path).absolute(), signer=signer, force=force)


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One of the two, as it was read."""

    evidence: Evidence
    side: Side


def compare(
    before: Release | str | Path,
    after: Release | str | Path,
    *,
    trust: Path | str | Sequence[Path | str] = (),
    unverified: bool = False,
    plans: tuple[Plan | str | Path, Plan | str | Path] | None = None,
    data: str | Path | None = None,
    trust_models: Sequence[str] = (),
    progress: Progress | None = None,
) -> ComparedRelease:
    """Compare two releases: an earlier and a later one, or the model in use and the one to follow it.

    Parameters
    ----------
    before, after : Release or path
        Folders of releases, or what `audit` made.
    trust : path or sequence of paths
        Certificates that releases in folders are verified with, as for `verify_release`.
    unverified : bool, default False
        Compare releases that do not verify, too; the comparison says so.
    plans : tuple of Plan or path, optional
        The plans of both: both models then predict the same rows, differences are paired, and flipped decisions are
        counted. What plans trust is ignored. Relative paths start from the folder of a plan.
    data : path, optional
        Rows that both predict in the place of those that their plans name.
    trust_models : sequence of str
        ``sha256:…`` digests of model files in formats that can run code, trusted by whoever calls this.
    progress : Progress, optional
        Told of each stage.

    Returns
    -------
    ComparedRelease
        Save it with ``.save("comparison", signer=…)``.

    Raises
    ------
    VerificationError
        If a release does not verify, and `unverified` is False; if a plan is not that of its card.
    InputError
        If one is no release, or both cannot be compared: another task, class or favourable outcome.
    """
    from explainkit.report.printer import elsewhere

    progress = progress or Silent()
    with elsewhere() as printer:
        with progress.stage("read and verify both releases"):
            old, new = (_read(which, trust=trust, unverified=unverified) for which in (before, after))
            _refuse_unlike(old.evidence, new.evidence)
        together = None
        if plans is not None:
            with progress.stage("predict the same rows with both models"):
                together = _together((old, new), plans, data, trust_models)
        elif data is not None or trust_models:
            raise InputError("no plans to predict by", where="plans", remedy="give the plans of both releases")
        with progress.stage("compare"):
            comparison = compared(old, new, together, unverified=unverified)
        from explainkit.report.comparison import comparison_files

        files = comparison_files(comparison, progress, printer=printer)
    return ComparedRelease(comparison=comparison, files=files)


def _read(which: Release | str | Path, *, trust: Any, unverified: bool) -> Read:
    """Read one release, once it is verified."""
    if isinstance(which, Release):
        evidence = which.evidence
        return Read(evidence=evidence, side=_side(evidence, which.file("card.json"), "in memory", None))
    from explainkit.verified import verified_card

    card = verified_card(Path(which), trust=trust, unverified=unverified)
    return Read(evidence=card.evidence, side=_side(card.evidence, card.data, card.seen, card.found))


def _side(evidence: Evidence, card: bytes, seen: Seen, found: Verification | None) -> Side:
    reasons = () if found is None else tuple(f"{r.state}: {r.where}: {r.problem}" for r in found.reasons[:_REASONS])
    opinions = () if found is None else found.opinions
    return Side(
        card="sha256:" + sha256_of(card),
        name=evidence.name,
        version=evidence.version,
        date=evidence.date,
        draft=evidence.draft,
        verified=seen,
        problems=reasons,
        withdrawn=None if found is None or found.withdrawal is None else found.withdrawal.reason,
        opinions=tuple(Said(role=o.role, opinion=o.opinion, name=o.name, date=o.date) for o in opinions),
        model=evidence.model,
        datasets=evidence.datasets,
        threshold=evidence.threshold,
        population=evidence.population,
        plan_digest=evidence.plan_digest,
    )


def _refuse_unlike(before: Evidence, after: Evidence) -> None:
    """Figures of another task, of another class or of another favourable outcome mean other things."""
    for what in ("task", "positive", "favourable", "outputs"):
        one, other = getattr(before, what), getattr(after, what)
        # The order of the classes means nothing.
        if what == "outputs":
            one, other = sorted(one), sorted(other)
        if one != other:
            raise InputError(
                "the releases cannot be compared",
                where="classes" if what == "outputs" else what,
                found=f"{_told(one)} and {_told(other)}",
                allowed="the same of both",
            )


def _told(value: Any) -> str:
    return "not stated" if value is None else ", ".join(value) if isinstance(value, list) else str(value)


def _together(
    cards: tuple[Read, Read],
    plans: tuple[Plan | str | Path, Plan | str | Path],
    data: str | Path | None,
    trust: Sequence[str],
) -> Together:
    """Both models on the same rows, once model, data and plan are known to be those of the cards."""
    from explainkit.assess.comparison.together import Together
    from explainkit.load.assemble import load_subject

    subjects, asked = [], []
    for card, given in zip(cards, plans, strict=True):
        plan = given if isinstance(given, Plan) else read_plan(Path(given))
        base = Path.cwd() if isinstance(given, Plan) else Path(given).absolute().parent
        model = plan.model.model_copy(update={"trust": tuple(trust)})
        own = plan.model_copy(update={"model": model})
        if data is not None:
            rows = plan.data.model_copy(update={"evaluation": str(Path(data).absolute())})
            own = own.model_copy(update={"data": rows})
        subject = load_subject(own, base=base)
        _check_same(card, subject, plan, rows=data is None)
        subjects.append(subject)
        asked.append(plan)
    evaluated = subjects[0].evaluation.identity.digest
    of_cards = all(_evaluation(card.evidence) == evaluated for card in cards)
    return Together(before=subjects[0], after=subjects[1], plans=(asked[0], asked[1]), of_cards=of_cards)


def _check_same(card: Read, subject: Subject, plan: Plan, *, rows: bool) -> None:
    """Raise unless model, plan and, if asked for, rows are those of the card."""
    from explainkit.gathering import recorded_plan
    from explainkit.recomputation import same
    from explainkit.records import canonical

    same("model", card.evidence.model.digest, subject.identity.digest)
    if rows:
        same("evaluation data", _evaluation(card.evidence), subject.evaluation.identity.digest)
    digest = "sha256:" + sha256_of(canonical(recorded_plan(subject, plan)))
    same("plan", card.evidence.plan_digest, digest)


def _evaluation(evidence: Evidence) -> str | None:
    return next((d.digest for d in evidence.datasets if d.role == "evaluation"), None)


def compared(before: Read, after: Read, together: Together | None = None, *, unverified: bool = False) -> Comparison:
    """Compare what was read; parameters as for `compare`."""
    from explainkit.assess.comparison import changes, figures, flips, material, ranks, rows

    old, new = before.evidence, after.evidence
    paired = () if together is None else rows.measure(together, (old.figure_set, new.figure_set))
    table = figures.compare(old, new, paired)
    measured = ranks.measure(old, new)
    measured += _not_predicted() if together is None else flips.measure(together)
    changed = changes.changed(old, new, (before.side, after.side))
    ledger = (*_assumed(before, after, together), *measured.ledger)
    plan = {key: new.plan[key] for key in ("card", "look") if key in new.plan}
    return Comparison(
        before=before.side,
        after=after.side,
        task=new.task,
        outputs=new.outputs,
        positive=new.positive,
        favourable=new.favourable,
        unverified=unverified,
        rows="the same" if _evaluation(old) == _evaluation(new) else "others",
        predicted=None if together is None else together.after.evaluation.identity.digest,
        compared=tuple(table.compared),
        uncompared=tuple(table.uncompared),
        figures=(*table.figures, *measured.figures, *ledger_counts(ledger)),
        gates=changes.gates(old, new),
        changed=changed,
        material=material.judge(material.rule_of(old, new), table, FigureSet(measured.figures), changed),
        ledger=ledger,
        environment=_environment(),
        plan=plan,
        house=new.house,
    )


def _environment() -> tuple[tuple[str, str], ...]:
    known = {name: version for name, version in versions().items() if name in _LIBRARIES}
    return tuple(sorted({"python": platform.python_version(), **known}.items()))


def _not_predicted() -> Measured:
    reason = "the cards hold no rows; the plans of both releases let both models predict the same rows"
    entry = LedgerEntry(kind="not_tested", what="decisions that flip", reason=reason)
    return Measured(ledger=(entry,))


def _assumed(before: Read, after: Read, together: Together | None) -> tuple[LedgerEntry, ...]:
    """What the comparison rests on."""
    found = [
        (
            "assumed",
            "intervals",
            "they say how far chance carries a figure with the rows drawn, for models as they are: nothing of how "
            "models would differ if they were trained again",
        )
    ]
    reason = "each card finds its own, so that those of the same number are not the same"
    found.append(("not_tested", "segments", reason))
    reason = "a p-value is no measurement: the difference of two says nothing"
    found.append(("not_tested", "p-values of the cards", reason))
    if _evaluation(before.evidence) != _evaluation(after.evidence):
        reason = "the evaluation data differ by their digest: intervals take them for independent samples"
        found.append(("assumed", "independent rows", reason))
    elif together is None:
        reason = (
            "both cards measure the same rows, which are not at hand: intervals hold whatever the correlation, and are "
            "wide"
        )
        found.append(("assumed", "the same rows", reason))
    if together is not None and not together.of_cards:
        reason = "both models predicted other rows than those that the cards measure"
        found.append(("assumed", "the rows predicted", reason))
    if "catalogue" in after.evidence.plan.get("card", {}):
        reason = "the later card names a catalogue of its own, of which it holds the digest alone"
        found.append(("not_tested", "the words of the later card", reason))
    return tuple(LedgerEntry(kind=kind, what=what, reason=reason) for kind, what, reason in found)  # type: ignore[arg-type]
