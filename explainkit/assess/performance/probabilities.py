"""Scores of a binary model as probabilities: log loss, and the Brier score with its parts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explainkit.assess.outcomes import Outcomes
from explainkit.assess.precision import of_mean, of_ratio
from explainkit.assess.preconditions import NO_LABEL, ONE_CLASS
from explainkit.assess.recorder import Details, Recorder, among
from explainkit.assess.statistics.binning import BINS, WORDS, first_of_bins
from explainkit.assess.statistics.ranking import ScoreTable
from explainkit.assess.statistics.spread import effective_rows

_STUDENT = "Student's interval of the mean over rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrierParts:
    """Brier score = reliability − resolution + uncertainty + within, exactly."""

    reliability: float
    """Mean squared distance between mean score and share of positives, over groups of rows; 0 if calibrated."""
    resolution: float
    """Mean squared distance between the share of positives of a group and the base rate."""
    uncertainty: float
    """Variance of the outcome: Brier score of the base rate."""
    within: float
    """Variance of the scores within groups, less twice their covariance with the outcome; 0 where scores are equal."""
    groups: str
    """How rows were grouped."""


def log_losses(scores: npt.NDArray[np.float64], positive: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Log loss of each row, scores cut to [2⁻⁵², 1 − 2⁻⁵²]; shape (n_rows,)."""
    tiny = np.finfo(np.float64).eps
    kept = np.clip(scores, tiny, 1 - tiny)
    losses: npt.NDArray[np.float64] = -np.log(np.where(positive, kept, 1 - kept))
    return losses


def record(recorder: Recorder, outcomes: Outcomes, table: ScoreTable) -> None:
    """Record losses, the parts of the Brier score, observed over expected, and the base rate.

    Parameters
    ----------
    recorder : Recorder
        Takes the figures.
    outcomes : Outcomes
        Rows with an outcome.
    table : ScoreTable
        Of the same rows.
    """
    scores, positive = outcomes.scores, outcomes.labels == 1
    rows: Details = {"unit": "score", "n": outcomes.n, "events": table.events}
    loss = brier = ratio = None
    losses: tuple[Details, Details] = ({}, {})
    held: Details = {}
    if outcomes.n and recorder.preconditions.scores_are_probabilities:
        each = log_losses(scores, positive), (scores - positive) ** 2
        loss, brier = (outcomes.mean(values) for values in each)
        losses = of_mean(each[0], outcomes.sampling, least=0.0), of_mean(each[1], outcomes.sampling, least=0.0)
        expected = outcomes.mean(scores)
        ratio = outcomes.mean(positive) / expected if expected > 0 else None
        if ratio is not None:
            held = of_ratio(positive.astype(np.float64), scores, outcomes.sampling)
    how: Details = rows | losses[0] | {"method": "natural logarithm, scores cut to [2⁻⁵², 1 − 2⁻⁵²]"}
    recorder.number("performance.log_loss", loss, undefined=NO_LABEL, **how)
    how = rows | losses[1] | {"method": "mean squared difference between score and outcome"}
    recorder.number("performance.brier", brier, undefined=NO_LABEL, **how)
    _parts(recorder, table, brier)
    how = rows | held
    how |= {"unit": "ratio", "method": "share of positives over the mean score, both on rows with an outcome"}
    recorder.number("performance.observed_expected", ratio, undefined="the scores are all zero", **how)
    recorder.rate(
        "performance.base_rate",
        outcomes.tally(positive),
        outcomes.everyone,
        undefined=NO_LABEL,
        numerator=f"outcome {recorder.subject.positive}{among(recorder.subject)}",
        effective=effective_rows(outcomes.sampling, positive),
    )


def _parts(recorder: Recorder, table: ScoreTable, brier: float | None) -> None:
    rows: Details = {"unit": "score", "n": table.rows, "events": table.events}
    parts = None if brier is None else decompose(table)
    groups = "" if parts is None else parts.groups
    sayings = (
        ("reliability", f"squared distance between mean score and share of positives, {groups} (Murphy 1973)"),
        ("resolution", f"squared distance between share of positives and base rate, {groups} (Murphy 1973)"),
        ("uncertainty", "base rate × (1 − base rate)"),
        ("within", f"what scores add that differ {groups} (Stephenson, Coelho and Jolliffe 2008)"),
    )
    for part, how in sayings:
        value = None if parts is None else getattr(parts, part)
        recorder.number(f"performance.brier_{part}", value, undefined=NO_LABEL, **(rows | {"method": how}))
    skill = None
    if parts is not None and brier is not None and parts.uncertainty > 0:
        skill = 1 - brier / parts.uncertainty
    rows |= {"method": "1 − Brier score over that of stating the base rate of these rows for everyone"}
    recorder.number("performance.brier_skill", skill, undefined=ONE_CLASS, **rows)


def decompose(table: ScoreTable) -> BrierParts:
    """Split the Brier score over distinct scores where there are few, else over bins.

    Parameters
    ----------
    table : ScoreTable
        At least one row, scores within [0, 1].

    References
    ----------
    Murphy (1973), Journal of Applied Meteorology 12, 595–600,
    doi:10.1175/1520-0450(1973)012<0595:ANVPOT>2.0.CO;2; for what is left within bins Stephenson, Coelho and Jolliffe
    (2008), Weather and Forecasting 23, 752–757, doi:10.1175/2007WAF2006116.1.
    """
    scores, positives = table.scores, table.positives
    weight = (positives + table.negatives).astype(np.float64)
    few = len(scores) <= BINS
    starts = np.arange(len(scores)) if few else np.flatnonzero(first_of_bins(table.counts))
    of_group = np.add.reduceat(weight, starts)
    stated = scores if few else np.add.reduceat(weight * scores, starts) / of_group
    observed = np.add.reduceat(positives, starts) / of_group
    total = float(of_group.sum())
    base = float(positives.sum()) / total
    within = 0.0
    if not few:
        apart = scores - np.repeat(stated, np.diff(starts, append=len(scores)))
        within = float((weight * apart**2).sum() - 2 * (positives * apart).sum()) / total
    return BrierParts(
        reliability=float((of_group * (stated - observed) ** 2).sum()) / total,
        resolution=float((of_group * (observed - base) ** 2).sum()) / total,
        uncertainty=base * (1 - base),
        within=within,
        groups="over the distinct scores" if few else f"in {WORDS}",
    )
