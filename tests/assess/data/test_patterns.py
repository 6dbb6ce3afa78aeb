"""Where values are missing, against counts by pandas and intervals of statsmodels' kind computed elsewhere here."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from explainkit.assess.data.patterns import measure_patterns
from explainkit.assess.groups.groupings import groupings
from explainkit.assess.statistics.intervals import newcombe_difference
from explainkit.evidence import Column
from tests.assess.builders import dataset, figures_of, group, subject_of

RNG = np.random.default_rng(11)
N = 800
Y = RNG.integers(0, 2, N).astype(float)
SEX = RNG.choice(["f", "m"], N)
GAP = RNG.random(N) < 0.05 + 0.2 * (Y == 1) + 0.1 * (SEX == "f")
FRAME = pd.DataFrame({"x": np.where(GAP, np.nan, 1.0), "z": np.arange(N)})


def found(labels=Y, task="binary", scores=None, min_count=0, min_cell=10, groups=None, **given):
    columns = tuple(Column(name=c, kind="number", roles=("feature",)) for c in FRAME)
    scores = np.full(N, 0.5) if scores is None else scores
    subject = subject_of(
        scores,
        labels,
        task=task,
        evaluation=dataset(FRAME),
        columns=columns,
        features=("x", "z"),
        groups=groups or (group("sex", list(SEX)),),
        **given,
    )
    cells = groupings(subject.rows.groups, min_cell=min_cell)
    return figures_of(measure_patterns(subject, cells, min_count=min_count))


def test_by_outcome():
    figure = found()["data.missing_by_outcome[column=x]"]
    share = pd.Series(GAP).groupby(Y).mean()
    assert figure.value == pytest.approx(share[1.0] - share[0.0], abs=1e-12)
    rows = pd.Series(GAP).groupby(Y).agg(["sum", "count"])
    ends = newcombe_difference(*rows.loc[1.0], *rows.loc[0.0])
    assert (figure.low, figure.high, figure.level) == (ends.low, ends.high, 0.95)
    assert "data.missing_by_outcome[column=z]" not in found()


def test_by_group():
    figure = found()["data.missing_by_group[by=sex,column=x]"]
    share = pd.Series(GAP).groupby(SEX).mean()
    assert figure.value == pytest.approx(share.max() - share.min(), abs=1e-12)
    assert figure.reference == "f against m"
    assert figure.low < figure.value < figure.high


def test_hidden_groups_are_not_told():
    levels = np.where(np.arange(N) < 5, "rare", np.where(np.arange(N) < 12, "scarce", SEX)).tolist()
    figure = found(groups=(group("sex", levels),))["data.missing_by_group[by=sex,column=x]"]
    assert "rare" not in figure.reference
    assert "scarce" not in figure.reference
    assert figure.n == N - 12
    assert not found(groups=(group("sex", list(SEX), basis=None),)).named("data.missing_by_group")


def test_small_numerators_hide_a_group():
    gaps = int(GAP[SEX == "m"].sum())
    assert found(min_count=gaps).named("data.missing_by_group")
    assert not found(min_count=gaps + 1).named("data.missing_by_group")


def test_by_the_outcome_of_a_regression():
    y = Y * 3 + RNG.normal(size=N)
    figure = found(labels=y, task="regression")["data.missing_by_outcome[column=x]"]
    assert figure.value == pytest.approx((y[GAP].mean() - y[~GAP].mean()) / y.std(), abs=1e-12)


def test_by_each_of_several_classes():
    classes = RNG.integers(0, 3, N).astype(float)
    figures = found(labels=classes, task="multiclass", scores=np.full((N, 3), 1 / 3))
    for place in range(3):
        own = classes == place
        figure = figures[f"data.missing_by_outcome[class=k{place},column=x]"]
        assert figure.value == pytest.approx(GAP[own].mean() - GAP[~own].mean(), abs=1e-12)
        assert figure.level > 0.98
