"""Tables of the plan about what is measured, and the limits it is held against."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from explainkit.decision import Threshold
from explainkit.plan.base import Label, Names, Strict, as_text


class CostPlan(Strict):
    """``performance.costs``: what a decision costs by its outcome, in any unit; gains are below zero."""

    false_positive: float = Field(allow_inf_nan=False)
    """Of a row decided positive that is not."""
    false_negative: float = Field(allow_inf_nan=False)
    """Of a positive row not decided so."""
    true_positive: float = Field(default=0.0, allow_inf_nan=False)
    """Of a positive row decided so."""
    true_negative: float = Field(default=0.0, allow_inf_nan=False)
    """Of a row that is not positive and not decided so."""


class IntervalPlan(Strict):
    """``performance.interval``: columns of the evaluation data between which the outcome was predicted to lie."""

    low: str
    """Column of the lower ends; a missing end leaves the row out, an infinite one is open."""
    high: str
    """Column of the upper ends."""
    level: float = Field(gt=0, lt=1)
    """Share of the outcomes that the intervals were made to hold, for example 0.9; never guessed."""

    @model_validator(mode="after")
    def _two(self) -> Self:
        if self.low == self.high:
            raise ValueError("low and high are two columns")
        return self


class PerformancePlan(Strict):
    """``[performance]``: what is measured beside what needs no statement."""

    costs: CostPlan | None = None
    """``{ false_positive = 1.0, false_negative = 5.0 }``, both required, ``true_positive`` and ``true_negative`` too
    where they cost anything (binary): the mean cost of the decisions, and of those at other thresholds."""
    interval: IntervalPlan | None = None
    """``{ low = "lo", high = "hi", level = 0.9 }``: two columns (regression), whose coverage is measured."""


class FairnessPlan(Strict):
    """``[fairness]``: outcome, references and protection of small groups."""

    favourable: Label | None = None
    """The predicted outcome a person would want; without it selection is not tested."""
    reference: dict[str, Label] = Field(default_factory=dict)
    """Reference group by sensitive column; the group with the highest rate where left out."""
    min_cell: int = Field(default=10, ge=1)
    """Smallest group shown."""
    tolerance: float | None = Field(default=None, ge=0, le=1)
    """Largest difference between a group's rate and that of its reference, stated beforehand: with it differences have
    a verdict (within, exceeds, insufficient evidence)."""
    min_count: int = Field(default=0, ge=0)
    """Smallest numerator of a rate by group, and smallest complement of one, that is shown; 0 shows all."""
    earlier: str | None = None
    """The card published before of nearly the same rows, a card.json or the release that holds it: groups that it hides
    are hidden here too, so that nobody learns of them from both."""
    basis: dict[str, str] = Field(default_factory=dict)
    """Legal basis for examining each sensitive column."""


class PublicPlan(Strict):
    """``[public]``: the summary meant for publication."""

    min_count: int = Field(default=10, ge=1)
    """Smallest number of people that the public summary tells of a group: of its rows, of a numerator and of its
    complement. Never less than ``fairness.min_cell`` and ``fairness.min_count``."""


class ProxyPlan(Strict):
    """``[proxies.NAME]``: an attribute that is known by probabilities alone, which somebody else estimated."""

    columns: dict[str, str] = Field(min_length=2)
    """Column of the probabilities of each group."""
    reference: Label
    """Group that rates are held against."""
    basis: str | None = None
    """Legal basis for examining the attribute."""
    source: str | None = None
    """Where the probabilities come from."""

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.reference not in self.columns:
            raise ValueError("reference is one of the groups that columns names")
        return self


class DecisionsPlan(Strict):
    """``[decisions]``: what was decided in fact, by whoever decided."""

    column: str
    """Column of the decisions made, of two values; missing where nothing was decided."""
    favourable: Label
    """The value of it that a person would want."""


class LocalLaw144Plan(Strict):
    """``[ll144]``: the calculations of New York City's Local Law 144 (6 RCNY § 5-300 ff.)."""

    sex: str | None = None
    """Sensitive column of the sex categories."""
    race_ethnicity: str | None = None
    """Sensitive column of the race and ethnicity categories."""
    exclude_below: float = Field(default=0.0, ge=0, le=0.02)
    """Categories with a smaller share of the rows are left out of impact ratios, where the auditor so decides
    (§ 5-301(d)): their number and rate are shown all the same."""
    exclude_reason: str | None = None
    """The justification that the rule asks for."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns named."""
        return tuple(name for name in (self.sex, self.race_ethnicity) if name is not None)

    @model_validator(mode="after")
    def _justified(self) -> Self:
        if self.exclude_below and not self.exclude_reason:
            raise ValueError("exclude_below needs an exclude_reason: the rule asks for a justification")
        return self


class SlicesPlan(Strict):
    """``[slices]``: the search for the segments where errors are largest."""

    enabled: bool = True
    """Whether segments are searched."""
    columns: Names = ()
    """Columns that segments are made of; the model's inputs and the sensitive columns where left out."""
    max_columns: Literal[1, 2] = 2
    """Most columns of one segment."""
    min_rows: int | None = Field(default=None, ge=2)
    """Smallest segment; 30 rows and 1 % of the rows where left out, and never fewer than ``fairness.min_cell``."""
    permutations: int = Field(default=500, ge=500, le=100_000)
    """How often errors are permuted, to see how large the largest excess is by chance."""
    seed: int = Field(default=0, ge=0, lt=2**31)
    """Of the permutations."""


class LimitsPlan(Strict):
    """``[limits]``: what makes something measured of the data a finding, which asks for attention and is no proof."""

    auc: float = Field(default=0.9, gt=0.5, le=1)
    """A column that alone ranks outcomes better (area under the ROC curve, the lower end of its interval)."""
    rank_correlation: float = Field(default=0.9, gt=0, le=1)
    """The same of a regression (size of Spearman's correlation, the lower end)."""
    determined_rows: int = Field(default=10, ge=2)
    """Fewest rows of a value, or of an interval of values, that all have one outcome; never fewer than
    ``fairness.min_cell``."""
    chance: float = Field(default=0.001, gt=0, lt=1)
    """Largest chance that such rows would be found anywhere if no column had to do with the outcome."""
    overlap: float = Field(default=0.0, ge=0, lt=1)
    """Share of the evaluation rows that stand in the reference data too, beyond what equal rows within the reference
    data let expect (the lower end)."""
    duplicates: float = Field(default=0.01, ge=0, lt=1)
    """Share of rows that repeat another row of the same data (the lower end)."""
    off_reference: float = Field(default=0.01, ge=0, lt=1)
    """Share of rows with a number outside the range of the reference data, or with a category that it lacks (the lower
    end)."""
    missing_difference: float = Field(default=0.05, ge=0, lt=1)
    """Difference of the share of missing values between outcomes or groups (the end nearest to zero); of a regression,
    of the mean outcome, in its standard deviations."""
    share_difference: float = Field(default=0.05, ge=0, lt=1)
    """Difference of the share of a group from that in the population (``data.shares``; the end nearest to zero)."""
    personal: float = Field(default=0.5, gt=0, le=1)
    """Share of the values of a column that look like data of persons, by kind."""
    noise_flips: float = Field(default=0.05, ge=0, lt=1)
    """Share of decisions that noise of one input flips whose noise is stated, or of all together where all of it is
    (the lower end)."""
    scenario_flips: float = Field(default=0.2, ge=0, lt=1)
    """Share of decisions that a stated scenario flips (the lower end)."""
    off_data: float = Field(default=0.05, ge=0, lt=1)
    """Share of evaluation rows that are off the data (the lower end)."""
    change_chance: float = Field(default=0.05, gt=0, lt=1)
    """Largest chance that any measure is called changed, in the latest period or on rows that are new to the model,
    though nothing has changed (Holm's correction, of either comparison by itself)."""
    change_discrimination: float = Field(default=0.02, ge=0, lt=1)
    """Change of the AUC, or of several classes of the accuracy, that is a finding: in the latest period either way, on
    rows that are new to the model where it falls (the end nearest to zero, as of the next three)."""
    change_calibration: float = Field(default=0.1, ge=0)
    """The same of observed over expected, either way."""
    change_rates: float = Field(default=0.05, ge=0, lt=1)
    """The same of the selection rate and the base rate, in the latest period alone."""
    change_errors: float = Field(default=0.1, ge=0)
    """The same of a regression's mean absolute error and mean error, as a share of the mean absolute error before."""


class ChampionPlan(Strict):
    """``[champion]``: the model in use now, which gates can compare with."""

    score: str
    """Column of its scores or predictions in the evaluation data."""
    threshold: Annotated[str | None, BeforeValidator(as_text)] = None
    """Its own threshold, as ``model.threshold``; without it its decisions are not compared."""
    name: str = Field(default="champion", min_length=1, max_length=200)
    """What to call it."""

    @property
    def cutoff(self) -> Threshold | None:
        """The threshold, parsed."""
        return None if self.threshold is None else Threshold.parse(self.threshold, where="champion.threshold")


class BenchmarksPlan(Strict):
    """``[benchmarks]``: simple models that this one is measured against on the same rows."""

    models: tuple[Literal["base_rate", "linear", "feature"], ...] = Field(default=("base_rate", "linear", "feature"))
    """Those wanted: the rate (or mean) of the outcomes alone, a logistic (or linear) regression, and the one feature
    that ranks best. All of them learn from the reference data, which needs outcomes, and are judged on the others."""

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.models or len(set(self.models)) < len(self.models):
            raise ValueError("models are one or more of base_rate, linear, feature, each once")
        return self


class GatePlan(Strict):
    """``[gates]``: one limit."""

    min: float | None = None
    """Smallest value allowed."""
    max: float | None = None
    """Largest value allowed."""
    within: tuple[float, float] | None = None
    """Smallest and largest value allowed."""
    no_worse_than_champion: Literal[True] | None = None
    """The interval of the paired difference to the champion must stay within `margin`."""
    margin: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """How much worse than the champion is still allowed, in units of the figure; 0 where left out."""
    bound: Literal["value", "low", "high"] = "value"
    """What is held against the limit: the value, or an end of its interval."""
    severity: Literal["block", "warn"] = "block"
    """Whether a failure gives exit code 1, or is only reported."""
    if_missing: Literal["fail", "allow"] = "fail"
    """What a figure without a value means for the gate."""

    @model_validator(mode="after")
    def _one_limit(self) -> Self:
        limits = (self.min, self.max, self.within, self.no_worse_than_champion)
        if sum(limit is not None for limit in limits) != 1:
            raise ValueError("a gate has exactly one of min, max, within and no_worse_than_champion")
        if self.margin is not None and self.no_worse_than_champion is None:
            raise ValueError("margin belongs to no_worse_than_champion")
        if self.bound != "value" and self.no_worse_than_champion is not None:
            raise ValueError("no_worse_than_champion is decided by the worse end of the interval; leave out bound")
        return self
