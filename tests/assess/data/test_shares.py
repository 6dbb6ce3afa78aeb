"""Groups against the population."""

from __future__ import annotations

import numpy as np
import pytest

from explainkit.assess.data.shares import measure_shares
from explainkit.assess.groups.groupings import groupings
from explainkit.errors import PlanError
from tests.assess.builders import figures_of, group, subject_of

SEX = ["f"] * 30 + ["m"] * 65 + ["x"] * 3 + [None] * 2


def found(shares, values=SEX, min_cell=1):
    subject = subject_of(np.full(len(values), 0.5), groups=(group("sex", values),))
    return figures_of(measure_shares(subject, groupings(subject.rows.groups, min_cell=min_cell), {"sex": shares}))


def test_against_counts():
    figures = found({"f": 0.5, "m": 0.48, "x": 0.02})
    figure = figures["data.share_difference[column=sex,group=f]"]
    assert figure.value == pytest.approx(30 / 98 - 0.5, abs=1e-12)
    assert figure.low < figure.value < figure.high < 0
    assert (figure.n, figure.events) == (98, 30)


def test_a_group_without_rows_is_a_finding_not_an_error():
    figure = found({"f": 0.4, "m": 0.4, "x": 0.02, "d": 0.18})["data.share_difference[column=sex,group=d]"]
    assert figure.value == pytest.approx(-0.18)
    assert figure.high < -0.1


def test_hidden_groups_stay_hidden():
    figures = found({"f": 0.5, "m": 0.48, "x": 0.02}, min_cell=10)
    assert figures["data.share_difference[column=sex,group=x]"].status == "suppressed"
    assert sum(f.status == "suppressed" for f in figures) == 2


def test_a_group_without_a_share_is_refused():
    with pytest.raises(
        PlanError, match=r"^data\.shares\.sex: a group of the data has no share .*found 'f'.*remedy.*female"
    ):
        found({"female": 0.5, "m": 0.48, "x": 0.02})
