"""Classes are called by the words that the plan gives to their codes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from explainkit.errors import PlanError
from explainkit.load.assemble import assemble
from explainkit.load.open_model import adapt_object
from explainkit.load.subject import Subject
from explainkit.load.tables import read_frame
from explainkit.plan import plan_from

X = np.linspace(-2.0, 2.0, 40)
BAD = (np.sin(7.0 * X) + X < 0).astype(int)


def build(target: Any, *, labels: dict[str, str], positive: Any, favourable: Any) -> Subject:
    model = adapt_object(LogisticRegression().fit(pd.DataFrame({"x": X}), BAD))
    document = {
        "model": {"positive": positive, "threshold": ">=0.5"},
        "data": {"target": "risk"},
        "features": {"risk": {"labels": labels}},
        "fairness": {"favourable": favourable},
    }
    evaluation, _ = read_frame(pd.DataFrame({"x": X, "risk": target}), role="evaluation")
    return assemble(plan_from(document), model=model, evaluation=evaluation)


WORDS = {"0": "good", "1": "bad"}
TEXTS = np.where(BAD == 1, "bad", "good")


@pytest.mark.parametrize("target", [BAD, BAD.astype(float), TEXTS], ids=["codes", "floats", "words"])
@pytest.mark.parametrize(("positive", "favourable"), [(1, 0), ("bad", "good"), (1, "good")])
def test_codes_and_words_of_a_class_are_the_same_class(target: Any, positive: Any, favourable: Any) -> None:
    subject = build(target, labels=WORDS, positive=positive, favourable=favourable)
    assert (subject.classes, subject.positive, subject.favourable) == (("good", "bad"), "bad", "good")
    np.testing.assert_array_equal(subject.rows.labels, BAD)
    assert np.corrcoef(subject.rows.scores, X)[0, 1] < 0


def test_the_other_class_keeps_its_side() -> None:
    subject = build(TEXTS, labels=WORDS, positive="good", favourable="good")
    np.testing.assert_array_equal(subject.rows.labels, 1 - BAD)
    assert np.corrcoef(subject.rows.scores, X)[0, 1] > 0


def test_one_word_for_two_codes_is_refused() -> None:
    with pytest.raises(PlanError, match=r"features\.risk\.labels: two classes with the same words"):
        build(BAD, labels={"0": "case", "1": "case"}, positive=1, favourable=0)
