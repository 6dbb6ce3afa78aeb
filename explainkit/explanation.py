"""Explanation: attributions of single predictions, and where they come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from explainkit.evidence import Case, Measured, Method

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

OutputSpace = Literal["margin", "probability", "raw"]
Exactness = Literal["exact", "estimated", "rescaled"]
PlayersAre = Literal["raw columns", "raw columns, some in groups", "sum over engineered columns"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Attributions of single predictions to features.

    SHAP and LIME share this container and are never pooled. Arrays are read-only.
    """

    values: npt.NDArray[np.float64]
    """Attributions, shape (n_rows, n_features, n_outputs)."""
    base_values: npt.NDArray[np.float64]
    """Output without any feature known, shape (n_rows, n_outputs)."""
    predictions: npt.NDArray[np.float64]
    """The output explained, in the same space, shape (n_rows, n_outputs)."""
    features: tuple[str, ...]
    """Names along the second axis: columns, or groups of them."""
    outputs: tuple[str, ...]
    """Names along the third axis."""
    rows: tuple[int, ...]
    """Positions of the rows in the data set, counted from 0."""
    space: OutputSpace
    """``margin`` (log-odds for a classifier), ``probability``, or ``raw`` (the unit of a regression target)."""
    method: str
    """The algorithm, its library and its version."""
    exactness: Exactness
    """``exact``, ``estimated`` (see `error`) or ``rescaled`` from another space."""
    players: PlayersAre
    """Whether Shapley values are of the raw columns, of groups of them, or sums of those of engineered columns."""
    background: str
    """What absent features are replaced by, in words."""
    background_rows: int
    """Rows of the background; 0 where the method needs none."""
    background_digest: str | None
    """SHA-256 of the background rows, where there are any."""
    seed: int | None
    """Seed of the draws, None where nothing is drawn."""
    error: npt.NDArray[np.float64] | None = None
    """Standard error of each value where estimated, shape as `values`."""
    fidelity: npt.NDArray[np.float64] | None = None
    """Local R² of each row where a surrogate was fitted (LIME), shape (n_rows, n_outputs)."""

    def __post_init__(self) -> None:
        rows, features, outputs = self.values.shape
        expected = (rows, outputs)
        if (features, outputs, rows) != (len(self.features), len(self.outputs), len(self.rows)):
            raise ValueError(f"values of shape {self.values.shape} do not fit the names and rows given")
        if self.base_values.shape != expected or self.predictions.shape != expected:
            raise ValueError(f"base values and predictions have shape {expected}")
        for array in (self.values, self.base_values, self.predictions, self.error, self.fidelity):
            if array is not None:
                array.setflags(write=False)

    @property
    def residual(self) -> npt.NDArray[np.float64]:
        """Base value plus attributions minus prediction, shape (n_rows, n_outputs); 0 when additivity holds."""
        residual: npt.NDArray[np.float64] = self.base_values + self.values.sum(axis=1) - self.predictions
        return residual


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """What the explaining stage gives to the evidence."""

    measured: Measured
    methods: tuple[Method, ...]
    cases: tuple[Case, ...]
