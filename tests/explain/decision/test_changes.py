"""What would change the decision: against a search of every value by hand."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

from explainkit.evidence import Column
from explainkit.explain.decision.candidates import units
from explainkit.explain.decision.changes import Search, search
from tests.explain.decision.made import function, situation

RNG = np.random.default_rng(3)
REFERENCE = pd.DataFrame(
    {
        "income": RNG.integers(1, 12, 80),
        "debt": RNG.integers(0, 9, 80).astype(float),
        "job": RNG.choice(["none", "part", "full"], 80),
        "age": RNG.integers(20, 70, 80),
    }
)
OPEN = {"income": {"actionable": True}, "debt": {"actionable": True}, "job": {"actionable": True}}


def score(rows: pd.DataFrame) -> np.ndarray:
    """Refused from one half on."""
    jobs = rows["job"].map({"none": 0.0, "part": 1.0, "full": 2.0}).astype(float)
    margin = 0.4 * rows["debt"].astype(float) - 0.5 * rows["income"].astype(float) - 0.8 * jobs + 0.01 * rows["age"]
    return (1 / (1 + np.exp(-margin))).to_numpy()


def one(row: dict[str, object], columns: dict[str, dict[str, object]], **given: object) -> Search:
    rows = pd.DataFrame([row], columns=REFERENCE.columns).astype(REFERENCE.dtypes.to_dict())
    what = situation(function(score), rows, given.pop("reference", REFERENCE), columns=columns, **given)  # type: ignore[arg-type]
    found = search(what, [0])
    assert found is not None
    return found[0]


def middle_ranks(column: str) -> dict[float, float]:
    known = REFERENCE[column]
    return {float(v): float(((known < v).sum() + (known <= v).sum()) / 2 / len(known)) for v in known.unique()}


def distance(one_: dict[str, object], other: dict[str, object], ranks: dict[str, dict[float, float]]) -> float:
    parts = [
        abs(ranks[c][float(one_[c])] - ranks[c][float(other[c])]) if c in ranks else float(one_[c] != other[c])  # type: ignore[arg-type]
        for c in REFERENCE
    ]
    return sum(parts) / len(parts)


def by_hand(row: dict[str, object], names: tuple[str, ...]) -> tuple[float | None, int]:
    """Smallest cost of changing exactly these columns that turns the decision on the data; and how many turn it."""
    ranks = {c: middle_ranks(c) for c in ("income", "debt", "age")}
    known = REFERENCE.to_dict("records")
    own = [min(distance(known[i], known[k], ranks) for k in range(80) if k != i) for i in range(80)]
    limit = np.quantile(own, 0.95, method="higher") + 1e-12
    best, turned = None, 0
    for values in product(*(REFERENCE[n].unique() for n in names)):
        if any(v == row[n] for n, v in zip(names, values, strict=True)):
            continue
        changed = {**row, **dict(zip(names, values, strict=True))}
        if score(pd.DataFrame([changed]))[0] >= 0.5:
            continue
        turned += 1
        cost = sum(
            abs(ranks[n][float(row[n])] - ranks[n][float(v)]) if n in ranks else 1.0  # type: ignore[arg-type]
            for n, v in zip(names, values, strict=True)
        )
        if best is None or cost < best:
            near = min(distance(changed, other, ranks) for other in known)
            best = cost if near <= limit else best
    return best, turned


ROW = {"income": 2, "debt": 6.0, "job": "none", "age": 40}


@pytest.fixture(scope="module")
def oracle() -> dict[tuple[str, ...], tuple[float | None, int]]:
    names = ("income", "debt", "job")
    keys = [(n,) for n in names] + [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    return {key: by_hand(ROW, key) for key in keys}


def test_the_smallest_changes_are_those_of_a_search_by_hand(oracle) -> None:
    found = one(ROW, OPEN)
    singles = [cost for key, (cost, _) in oracle.items() if len(key) == 1 and cost is not None]
    pairs = [cost for key, (cost, _) in oracle.items() if len(key) == 2 and cost is not None]
    assert singles
    assert found.found[0].cost == pytest.approx(min(singles))
    assert len(found.found) == 1 + (min(pairs) < min(singles))
    assert not found.thinned
    assert found.turned == sum(turned for _, turned in oracle.values())
    sizes = {n: REFERENCE[n].nunique() for n in ("income", "debt", "job")}
    others = {n: sizes[n] - 1 for n in sizes}
    assert found.tried == sum(others.values()) + sum(
        others[a] * others[b] for a, b in (("income", "debt"), ("income", "job"), ("debt", "job"))
    )


def test_two_columns_where_one_does_not_do(oracle) -> None:
    found = one(ROW, {"debt": {"actionable": True}, "job": {"actionable": True}})
    pair, _ = oracle["debt", "job"]
    single = [oracle[key][0] for key in (("debt",), ("job",)) if oracle[key][0] is not None]
    best = min([cost for cost in (pair, *single) if cost is not None])
    assert found.found[-1].cost == pytest.approx(best)
    for change in found.found:
        changed = dict(ROW)
        for j, value in zip(change.columns, change.values, strict=True):
            changed[str(REFERENCE.columns[j])] = value
        assert change.score == pytest.approx(score(pd.DataFrame([changed]))[0])
        assert change.score < 0.5


def test_nothing_is_found_where_nothing_turns_a_monotone_model() -> None:
    # Even the largest income seen does not outweigh this debt.
    row = {"income": 1, "debt": 8.0, "job": "none", "age": 69}
    reference = REFERENCE.assign(income=REFERENCE["income"].clip(upper=3), job="none")
    found = one(row, {"income": {"actionable": True}}, reference=reference)
    assert found.found == ()
    assert (found.turned, found.off) == (0, 0)
    assert found.tried == 2


def test_a_direction_is_kept() -> None:
    def refused_in_the_middle(rows: pd.DataFrame) -> np.ndarray:
        return np.where(rows["income"].between(4, 7), 0.9, 0.1)

    rows = pd.DataFrame([{**ROW, "income": 5}])
    for direction, values in (("up", {8}), ("down", {3}), (None, {3, 8})):
        stated = {"income": {"actionable": True, "direction": direction}}
        found = search(situation(function(refused_in_the_middle), rows, REFERENCE, columns=stated), [0])
        assert found is not None
        assert {v for f in found[0].found for v in f.values} <= values
        assert found[0].found


def test_linked_columns_take_values_that_occur_together() -> None:
    reference = REFERENCE.assign(debt=20.0 - REFERENCE["income"])
    row = {"income": 2, "debt": 18.0, "job": "full", "age": 40}
    stated = {"income": {"actionable": True, "linked": ("debt",)}}
    found = one(row, stated, reference=reference)
    assert found.tried == reference["income"].nunique() - 1
    for change in found.found:
        assert sum(change.values) == 20
        assert set(change.columns) == {0, 1}


def test_points_off_the_data_are_refused() -> None:
    # Income and debt lie on a line; a large income with the same debt occurs nowhere.
    income = np.repeat(np.arange(1, 21), 15)
    reference = pd.DataFrame({"income": income, "debt": income.astype(float)})

    def by_income(rows: pd.DataFrame) -> np.ndarray:
        return np.where(rows["income"] >= 19, 0.1, 0.9)

    rows = pd.DataFrame({"income": [2], "debt": [2.0]})
    alone = search(situation(function(by_income), rows, reference, columns={"income": {"actionable": True}}), [0])
    assert alone is not None
    assert alone[0].found == ()
    assert (alone[0].turned, alone[0].off) == (2, 2)
    linked = {"income": {"actionable": True, "linked": ("debt",)}}
    together = search(situation(function(by_income), rows, reference, columns=linked), [0])
    assert together is not None
    assert together[0].found[0].values == (19, 19.0)


def test_missing_is_no_value_to_change_to_but_one_to_change_from() -> None:
    reference = REFERENCE.astype({"income": float})
    reference.loc[:40, "income"] = np.nan

    def by_gap(rows: pd.DataFrame) -> np.ndarray:
        return np.where(rows["income"].isna(), 0.1, 0.9)

    rows = pd.DataFrame([ROW]).astype({"income": float})
    stated = {"income": {"actionable": True}}
    found = search(situation(function(by_gap), rows, reference, columns=stated), [0])
    assert found is not None
    assert found[0].turned == 0
    rows["income"] = np.nan
    turned = search(situation(function(lambda r: 1 - by_gap(r)), rows, reference, columns=stated), [0])
    assert turned is not None
    assert turned[0].found[0].cost == 1.0


def test_the_case_itself_is_no_reference_row_of_its_own() -> None:
    # The only row with a large income is the case: its own value is no value seen elsewhere.
    rows = REFERENCE.copy()
    rows.loc[0] = [99, 8.0, "none", 69]
    stated = {"income": {"actionable": True}}
    found = search(situation(function(lambda r: np.where(r["income"] == 99, 0.9, 0.8)), rows, columns=stated), [0, 1])
    assert found is not None
    assert found[0].tried == REFERENCE["income"].iloc[1:].nunique()


def test_links_join_units_in_both_directions() -> None:
    def column(name: str, **given: object) -> Column:
        return Column(name=name, kind="number", roles=("feature",), **given)  # type: ignore[arg-type]

    columns = [
        column("a", actionable=True),
        column("b", linked=("c", "elsewhere")),
        column("c"),
        column("d", linked=("b",), direction="up"),
        column("e", actionable=False),
        column("f", actionable=True, linked=("d",)),
    ]
    found = units(columns, ["a", "b", "c", "d", "e", "f"])
    assert [u.columns for u in found] == [(0,), (1, 2, 3, 5)]
    assert [u.stated for u in found] == [(0,), (5,)]
    assert found[1].directions == ((3, "up"),)


def test_no_actionable_input_is_said() -> None:
    rows = pd.DataFrame([ROW])
    assert search(situation(function(score), rows, REFERENCE), [0]) is None
