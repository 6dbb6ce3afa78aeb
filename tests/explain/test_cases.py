"""Which rows are explained in detail."""

from __future__ import annotations

import numpy as np
import pytest

from explainkit.errors import PlanError
from explainkit.explain.cases import choose_cases
from tests.assess.builders import subject_of

SCORES = np.array([0.9, 0.1, 0.52, 0.3, 0.7, 0.2, 0.8, 0.4, 0.6, 0.05, 0.95])


def positions(subject, local):
    return [case.position for case in choose_cases(subject, local)]


def test_evenly_spaced_ranks_from_the_lowest_to_the_highest() -> None:
    subject = subject_of(SCORES, threshold=None)
    order = np.argsort(SCORES)
    assert positions(subject, 3) == [order[0], order[5], order[10]]
    assert positions(subject, 5) == [order[0], order[2], order[5], order[7], order[10]]
    assert positions(subject, 1) == [order[5]]
    assert positions(subject, 2) == [order[0], order[10]]
    assert positions(subject, 0) == []
    assert sorted(positions(subject, 50)) == list(range(11))
    assert [c.reason for c in choose_cases(subject, 3)] == [
        "lowest score",
        "evenly spaced rank between the lowest and the highest score",
        "highest score",
    ]


def test_the_row_closest_to_the_threshold_takes_the_place_of_the_middle_one() -> None:
    subject = subject_of(SCORES, threshold=">=0.62")
    chosen = choose_cases(subject, 5)
    assert [c.position for c in chosen][2] == 8
    assert chosen[2].reason == "score closest to the threshold"
    assert positions(subject, 1) == [8]
    assert positions(subject, 2) == [9, 10]


def test_a_row_that_is_chosen_already_is_not_chosen_twice() -> None:
    subject = subject_of(SCORES, threshold=">=0.95")
    chosen = choose_cases(subject, 3)
    assert len({c.position for c in chosen}) == 3
    assert chosen[-1].reason == "highest score; also the score closest to the threshold"


def test_ties_are_broken_by_position() -> None:
    subject = subject_of(np.full(6, 0.5), threshold=">=0.5")
    assert positions(subject, 3) == [0, 2, 5]


def test_several_classes_are_ranked_by_the_probability_of_the_predicted_one() -> None:
    scores = np.array([[0.2, 0.3, 0.5], [0.9, 0.05, 0.05], [0.34, 0.33, 0.33]])
    chosen = choose_cases(subject_of(scores, task="multiclass", threshold=None), 2)
    assert [c.position for c in chosen] == [2, 1]
    assert chosen[0].reason == "lowest probability of the predicted class"


def test_ids_name_rows_and_stand_nowhere_in_the_choice() -> None:
    subject = subject_of(SCORES, case_ids=tuple(f"case-{i}" for i in range(11)))
    chosen = choose_cases(subject, ("case-7", "case-2", "case-7"))
    assert [(c.position, c.key) for c in chosen] == [(7, "8"), (2, "3")]
    assert "case-" not in " ".join(c.reason + c.key for c in chosen)


def test_an_unknown_id_comes_with_the_nearest() -> None:
    subject = subject_of(SCORES, case_ids=tuple(f"case-{i}" for i in range(11)))
    with pytest.raises(PlanError, match=r"explain\.local.*'case-77'.*did you mean 'case-7'"):
        choose_cases(subject, ("case-77",))


def test_ids_need_an_id_column() -> None:
    with pytest.raises(PlanError, match=r"no id column.*data\.id"):
        choose_cases(subject_of(SCORES), ("a",))
