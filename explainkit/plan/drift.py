"""Table of the plan about the reference data against the evaluation data."""

from __future__ import annotations

from pydantic import Field

from explainkit.plan.base import Strict


class DriftPlan(Strict):
    """``[drift]``: how the evaluation data is compared with the reference data, and what change is a finding."""

    chance: float = Field(default=0.05, gt=0, lt=1)
    """Largest chance that any input, or the score, is called changed though nothing has changed (Holm's correction)."""
    psi: float = Field(default=0.25, ge=0)
    """Population stability index of an input, or of the score, that is a finding (the lower end of its interval). 0.1
    and 0.25 are customs of credit scoring, and no theorem."""
    missing: float = Field(default=0.05, ge=0, lt=1)
    """Difference of the share of missing values that is a finding (the end nearest to zero); as
    ``limits.missing_difference``."""
    told_apart: float = Field(default=0.75, gt=0.5, le=1)
    """How well a classifier tells the two data sets apart that is a finding (area under the ROC curve, the lower end):
    a single normal input that moved by one standard deviation gives 0.76."""
    outcome_rate: float = Field(default=0.02, ge=0, lt=1)
    """By how much the share of the outcome, at equal scores, may differ from that in the reference data (the end
    nearest to zero); of a regression, the mean error in standard deviations of the outcome."""
    rank_correlation: float = Field(default=0.8, ge=-1, le=1)
    """Smallest rank correlation of the importance of inputs in both data sets that is no finding."""
    rows: int = Field(default=1000, ge=0, le=100_000)
    """Rows of each data set that a classifier is taught to tell apart, at most; 0 leaves it out. A thousand
    show an area of 0.55, and take half a second."""
    explained: int = Field(default=1000, ge=0, le=100_000)
    """Reference rows that are explained, at most, where the model can be explained exactly; 0 leaves it out."""
    reference_target: str | None = None
    """Column of outcomes in the reference data, where the evaluation data has none yet: performance is then estimated
    from scores that are calibrated by it."""
