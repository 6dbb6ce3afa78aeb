"""New data is held against a signed release: read once in blocks, counted, measured, and held against limits."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from explainkit.artifact import Artifact, sha256_of
from explainkit.assess.gates import any_blocking_failure, hold
from explainkit.assess.monitoring.bins import Baseline
from explainkit.assess.monitoring.monitored import figures
from explainkit.assess.monitoring.tally import Batch, tally
from explainkit.comparison import Seen
from explainkit.errors import DataError, InputError
from explainkit.evidence import Evidence, GateOutcome, LedgerEntry
from explainkit.figures import Figure, FigureSet
from explainkit.load.chunks import chunks
from explainkit.load.subject import BATCH_ROWS
from explainkit.monitoring.gaps import not_monitored
from explainkit.monitoring.history import check_day, locked, place_of, read_history, with_day, write_history
from explainkit.monitoring.scoring import Scoring, scoring_of
from explainkit.monitoring.summary import Summary
from explainkit.plan import plan_from
from explainkit.registries.files import check_file
from explainkit.verified import VerifiedCard, verified_card

Limit = Literal["alert", "rollback"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitored:
    """New data held against a card."""

    evidence: Evidence
    """The card."""
    card: str
    """``sha256:…`` of card.json."""
    seen: Seen
    """What verifying the release came to."""
    summary: Summary
    """The new rows, as counts."""
    baseline: Baseline
    figures: tuple[Figure, ...]
    alerts: tuple[GateOutcome, ...]
    """Limits beyond which somebody has to look."""
    rollback: tuple[GateOutcome, ...]
    """Limits beyond which the model has to be taken back."""
    notes: tuple[LedgerEntry, ...]
    """What is not monitored, and why."""
    history: tuple[Summary, ...]
    """Every summary so far; none where no history is kept."""
    kept_in: str
    """Name of the file of the history; empty where there is none."""

    @property
    def limits(self) -> tuple[tuple[Limit, Evidence], ...]:
        """The figures with the limits of each kind, in the form of a card; those of taking back first."""
        return ("rollback", self._held(self.rollback)), ("alert", self._held(self.alerts))

    def _held(self, gates: tuple[GateOutcome, ...]) -> Evidence:
        return dataclasses.replace(self.evidence, figures=self.figures, series=(), cases=(), gates=gates)

    @property
    def passed(self) -> bool:
        """Whether no limit that blocks was crossed; True also where none is stated."""
        return not any_blocking_failure((*self.alerts, *self.rollback))

    def figure(self, name: str) -> Figure:
        """One figure by its id.

        Raises
        ------
        InputError
            If there is none.
        """
        return FigureSet(self.figures)[name]

    def metrics(self) -> bytes:
        """The figures and limits for Prometheus: OpenMetrics text, which the older text format reads too."""
        from explainkit.monitoring.openmetrics import exposition

        return exposition(self)

    def dashboard(self) -> bytes:
        """A dashboard of these metrics that Grafana imports."""
        from explainkit.monitoring.dashboard import dashboard

        return dashboard(self)

    def page(self) -> bytes:
        """The history as one HTML file that needs nothing else; without a history the new day alone."""
        from explainkit.report.monitoring import monitor_page

        shown = self.history or (self.summary,)
        data = b"".join(one.to_json() for one in shown)
        return monitor_page(
            self.limits,
            {one.days[-1]: figures(self.baseline, one.tally) for one in shown},
            card=self.card,
            valid=self.seen == "valid",
            notes=self.notes,
            source=Artifact(
                name=self.kept_in or f"summary {self.summary.days[-1]}", data=data, media_type="application/jsonl"
            ),
        )


def monitor(
    release: str | Path,
    data: Any,
    *,
    date: str | dt.date,
    model: str | Path | None = None,
    score: str | None = None,
    trust: Path | str | Sequence[Path | str] = (),
    policy: Path | str | None = None,
    unverified: bool = False,
    trust_models: Sequence[str] = (),
    history: str | Path | None = None,
    replace: bool = False,
    days: int = 1,
) -> Monitored:
    """Hold new data against a signed release.

    Parameters
    ----------
    release : path
        Folder of the release; it is verified first.
    data : path, frame, or sequence of paths
        The new rows: parquet, csv or feather files, which are read in blocks, or a frame.
    date : str or datetime.date
        The day that the rows are of, ISO 8601; never taken from a clock.
    model : path, optional
        The model file of the card, which then scores the rows; one of another digest is refused.
    score : str, optional
        Column of scores in the new data; where left out, that of the plan (``data.score``).
    trust, policy
        As for `verify_release`.
    unverified : bool, default False
        Use a release that does not verify, too.
    trust_models : sequence of str
        ``sha256:…`` digests of model files in formats that can run code.
    history : path, optional
        File of one summary a line, or its folder, to which the day is added.
    replace : bool, default False
        Put the new summary in the place of an earlier one of the day, as when outcomes have come in.
    days : int, default 1
        Measure the last so many days of the history together, the new one included.

    Returns
    -------
    Monitored
        Figures, limits and the summary.

    Raises
    ------
    VerificationError
        If the release does not verify.
    InputError
        If the card has no baseline, the model is another, or data or history cannot be used.
    """
    day = _day(date)
    card = verified_card(Path(release), trust=trust, policy=policy, unverified=unverified)
    digest, baseline = "sha256:" + sha256_of(card.data), _baseline(card, release)
    place = None if history is None else place_of(Path(history))
    if place is not None:
        check_file(place, force=True, outside=Path(release))
    if days < 1 or (days > 1 and place is None):
        raise InputError("days are those of a history", where="days", found=str(days), allowed="1, or a history")
    with locked(place), scoring_of(card.evidence, model=model, column=score, trust=trust_models) as scoring:
        known: tuple[Summary, ...] = ()
        if place is not None:
            known = read_history(place, card=digest, baseline=baseline)
            check_day(known, day, replace=replace, where=place)
        new = _summary(data, scoring, baseline, digest, day)
        every = () if place is None else with_day(known, new)
        chosen = new if days == 1 else _window(every, day, days)
        made = _held(card, digest, baseline, chosen, every, "" if place is None else place.name)
        if place is not None:
            write_history(place, every)
    return made


def _baseline(card: VerifiedCard, release: str | Path) -> Baseline:
    found = Baseline.of(card.evidence)
    if found is None:
        raise InputError(
            "the card has no baseline to monitor against",
            where=str(release),
            remedy="audit again with this version of explainkit, and without monitor.baseline = false",
        )
    return found


def _held(
    card: VerifiedCard,
    digest: str,
    baseline: Baseline,
    chosen: Summary,
    history: tuple[Summary, ...],
    kept_in: str,
) -> Monitored:
    """Measure, and hold against the limits of the card."""
    limits = plan_from({"monitor": card.evidence.plan.get("monitor", {})}).monitor
    found = figures(baseline, chosen.tally)
    return Monitored(
        evidence=card.evidence,
        card=digest,
        seen=card.seen,
        summary=chosen,
        baseline=baseline,
        figures=found,
        alerts=hold(limits.alerts, FigureSet(found)),
        rollback=hold(limits.rollback, FigureSet(found)),
        notes=tuple(not_monitored(card, baseline, chosen.tally)),
        history=history,
        kept_in=kept_in,
    )


def _day(date: str | dt.date) -> str:
    try:
        return (dt.date.fromisoformat(date) if isinstance(date, str) else date).isoformat()[:10]
    except ValueError:
        raise InputError("not a day", where="date", found=repr(date), allowed="ISO 8601, as 2026-11-29") from None


def _summary(data: Any, scoring: Scoring, baseline: Baseline, card: str, day: str) -> Summary:
    """Read every file once, block by block."""
    files = data if isinstance(data, list | tuple) else [data]
    evidence = scoring.evidence
    needed = dict.fromkeys((*(bins.name for bins in baseline.columns), *scoring.features))
    if scoring.column is not None:
        needed[scoring.column] = None
    read, total = [], None
    for file in files:
        opened = chunks(
            file,
            needed=tuple(needed),
            wanted=() if scoring.target is None else (scoring.target,),
            kinds={column.name: column.kind for column in evidence.columns},
            missing=evidence.plan.get("data", {}).get("missing", ()),
            whole=scoring.model is not None,
            size=BATCH_ROWS,
        )
        read.append((opened.name, opened.digest))
        for block in opened.batches:
            counted = tally(_batch(block, scoring), baseline) if block.num_rows else None
            if counted is not None:
                total = counted if total is None else total.merge(counted)
    if total is None:
        raise DataError("no rows", where=", ".join(name for name, _ in read))
    source = scoring.source if total.score is not None else None
    return Summary(card=card, days=(day,), data=tuple(read), scores=source, tally=total)


def _batch(block: pa.RecordBatch, scoring: Scoring) -> Batch:
    return Batch(
        rows=block.num_rows,
        columns={name: block.column(name) for name in block.schema.names},
        scores=scoring.scores(block),
        labels=scoring.labels(block),
    )


def _window(every: tuple[Summary, ...], day: str, days: int) -> Summary:
    """The summaries of the last days up to one, merged."""
    first = (dt.date.fromisoformat(day) - dt.timedelta(days=days - 1)).isoformat()
    return reduce(Summary.merge, [one for one in every if first <= one.days[0] and one.days[-1] <= day])
