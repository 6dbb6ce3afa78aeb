"""Figures that others published, from the raw data they published them for."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from explainkit.assess.fairness import fairness
from explainkit.assess.performance import performance
from explainkit.plan import FairnessPlan
from tests.assess.builders import figures_of, group, reasons_of, subject_of, values_of


def audit(frame, *, score, label, sensitive, reference=None, **given):
    """Figures of performance and fairness of a table of binary decisions."""
    columns = [group(name, [None if pd.isna(v) else v for v in frame[name]]) for name in sensitive]
    subject = subject_of(frame[score], None if label is None else frame[label], groups=columns, **given)
    plan = FairnessPlan(min_cell=1, reference=reference or {})
    return performance.measure(subject) + fairness.measure(subject, plan)


@pytest.fixture(scope="module")
def compas(shared_data):
    return pd.read_csv(shared_data / "compas" / "compas_for_aequitas.csv")


def compas_audit(frame, **given):
    return audit(frame, score="score", label="label_value", sensitive=["race"], model=None, **given)


# TN, FP, FN, TP, FPR %, FNR %, PPV, NPV (ProPublica 2016).
PROPUBLICA = {
    "all": (2681, 1282, 1216, 2035, 32.35, 37.40, 0.61, 0.69),
    "African-American": (990, 805, 532, 1369, 44.85, 27.99, 0.63, 0.65),
    "Caucasian": (1139, 349, 461, 505, 23.45, 47.72, 0.59, 0.71),
}


def test_propublicas_table_of_everybody(compas):
    figures = figures_of(compas_audit(compas))
    counts = [figures[f"performance.confusion[actual={a},decided={d}]"].value for a in "01" for d in "01"]
    tn, fp, fn, tp, fpr, fnr, ppv, npv = PROPUBLICA["all"]
    assert counts == [tn, fp, fn, tp]
    assert 100 * (1 - figures["performance.specificity"].value) == pytest.approx(fpr, abs=0.005)
    assert 100 * (1 - figures["performance.recall"].value) == pytest.approx(fnr, abs=0.005)
    assert figures["performance.precision"].value == pytest.approx(ppv, abs=0.005)
    other = figures_of(compas_audit(compas.assign(score=1 - compas.score, label_value=1 - compas.label_value)))
    assert other["performance.precision"].value == pytest.approx(npv, abs=0.005)


@pytest.mark.parametrize("race", ["African-American", "Caucasian"])
def test_propublicas_table_by_race(compas, race):
    figures = figures_of(compas_audit(compas))
    of_positives, of_negatives = (
        figures[f"fairness.{name}[race={race}]"] for name in ("true_positive_rate", "false_positive_rate")
    )
    tn, fp, fn, tp, fpr, fnr, ppv, _ = PROPUBLICA[race]
    assert (of_positives.events, of_positives.n) == (tp, tp + fn)
    assert (of_negatives.events, of_negatives.n) == (fp, fp + tn)
    assert 100 * of_negatives.value == pytest.approx(fpr, abs=0.005)
    assert 100 * (1 - of_positives.value) == pytest.approx(fnr, abs=0.005)
    assert figures[f"fairness.precision[race={race}]"].value == pytest.approx(ppv, abs=0.005)


def test_the_same_gap_under_four_conventions(compas):
    two = compas[compas.race.isin(["African-American", "Caucasian"])]
    own = "[race=African-American]"
    aequitas = values_of(compas_audit(compas, favourable="1", reference={"race": "Caucasian"}))
    assert aequitas[f"fairness.impact_ratio{own}"] == pytest.approx(1.690224, abs=5e-7)
    fairlearn_two = values_of(compas_audit(two, favourable="1"))
    assert fairlearn_two["fairness.smallest_impact_ratio[column=race]"] == pytest.approx(0.591638, abs=5e-7)
    fairlearn_all = values_of(compas_audit(compas, favourable="1"))
    assert fairlearn_all["fairness.smallest_impact_ratio[column=race]"] == pytest.approx(0.314324, abs=5e-7)
    aif360 = values_of(compas_audit(compas, favourable="0", reference={"race": "Caucasian"}))
    assert aif360[f"fairness.impact_ratio{own}"] == pytest.approx(0.631593, abs=5e-7)
    assert aif360[f"fairness.selection_difference{own}"] == pytest.approx(-0.240200, abs=5e-7)
    assert fairlearn_two["fairness.demographic_parity_difference[column=race]"] == pytest.approx(0.240200, abs=5e-7)
    assert fairlearn_two["fairness.equalized_odds_difference[column=race]"] == pytest.approx(0.213925, abs=5e-7)
    assert aequitas[f"fairness.average_odds_difference{own}"] == pytest.approx(0.205649, abs=5e-7)


def test_scores_of_zero_and_one_without_a_model_are_probabilities(compas):
    assert "performance.brier" in values_of(compas_audit(compas))


def test_aequitas_counts_of_every_race(compas, shared_data):
    figures = figures_of(compas_audit(compas))
    published = pd.read_csv(shared_data / "aequitas" / "cell23_out0.csv").query("attribute_name == 'race'")
    assert len(published) >= 4
    for row in published.itertuples():
        key = f'[race="{row.attribute_value}"]' if " " in row.attribute_value else f"[race={row.attribute_value}]"
        of_positives, of_negatives = (
            figures[f"fairness.{name}{key}"] for name in ("true_positive_rate", "false_positive_rate")
        )
        assert figures[f"fairness.count{key}"].value == row.group_size
        assert (of_positives.events, of_positives.n) == (row.tp, row.group_label_pos)
        assert (of_negatives.events, of_negatives.n) == (row.fp, row.group_label_neg)


@pytest.mark.parametrize("case", [1, 2, 3, 4, 5, 6, 7, 8, 10])
def test_aequitas_cases(shared_data, case):
    """Ten rows each; decisions all one, all zero, and labels of one class are among them."""
    folder = shared_data / "aequitas" / "test_bias_report"
    rows, expected = pd.read_csv(folder / f"test_{case}.csv"), pd.read_csv(folder / f"expected_output_test_{case}.csv")
    sensitive = [name for name in rows.columns if name not in ("label_value", "score")]
    measured = audit(rows, score="score", label="label_value", sensitive=sensitive, model=None)
    values, reasons = values_of(measured), reasons_of(measured)
    for row in expected.itertuples():
        published = {
            "false_positive_rate": row.fpr,
            "true_positive_rate": 1 - row.fnr,
            "precision": 1 - row.fdr,
        }
        for name, value in published.items():
            key = f"fairness.{name}[{row.attribute_name}={row.attribute_value}]"
            if pd.isna(value):
                assert reasons[key][0] == "insufficient"
            else:
                assert values[key] == pytest.approx(value, abs=1e-12)


@pytest.fixture(scope="module")
def aif360(shared_data):
    folder = shared_data / "aif360"
    return folder, json.loads((folder / "published_cases.json").read_text())


def test_aif360_classification_case(aif360):
    folder, published = aif360
    published = published["R_classification"]
    frame = pd.read_csv(folder / "actual_data.csv")
    frame["predicted"] = pd.read_csv(folder / "predicted_data.csv").income
    measured = audit(
        frame, score="predicted", label="income", sensitive=["sex"], favourable="1", reference={"sex": "1"}
    )
    v = values_of(measured)
    exact = {
        "performance.accuracy": published["accuracy"],
        "performance.precision": published["ppv"],
        "performance.recall": published["recall"],
        "performance.specificity": published["specificity"],
        "performance.selection_rate": published["selection_rate"],
        "fairness.accuracy[sex=1]": published["accuracy_priv"],
        "fairness.accuracy[sex=0]": published["accuracy_unpriv"],
    }
    assert {key: v[key] for key in exact} == pytest.approx(exact, abs=1e-12)
    assert v["fairness.impact_ratio[sex=0]"] == pytest.approx(published["disparate_impact"], abs=5e-8)
    assert v["fairness.selection_difference[sex=0]"] == pytest.approx(
        published["statistical_parity_difference"], abs=5e-5
    )
    recalls = v["fairness.true_positive_rate_difference[sex=0]"]
    assert recalls == pytest.approx(published["equal_opportunity_difference"], abs=1e-12)
    alarms = v["fairness.false_positive_rate_difference[sex=0]"]
    assert alarms == pytest.approx(published["fpr_difference"], abs=1e-5)
    missed = (1 - v["fairness.precision[sex=0]"]) / (1 - v["fairness.precision[sex=1]"])
    assert missed == pytest.approx(published["fdr_ratio"], abs=1e-9)


def test_aif360_arithmetic_on_german_credit(shared_data, aif360):
    """Oracle arithmetic only: this code of the data tells no sex."""
    published = aif360[1]["german_full"]
    raw = pd.read_csv(shared_data / "german" / "german.data", sep=" ", header=None)
    frame = pd.DataFrame({"good": (raw[20] == 1).astype(int)})
    frame["code"] = raw[8].map({"A91": "1", "A93": "1", "A94": "1", "A92": "2", "A95": "2"})
    measured = audit(frame, score="good", label=None, sensitive=["code"], favourable="1", reference={"code": "1"})
    figures = figures_of(measured)
    rates = {code: figures[f"fairness.selection_rate[code={code}]"] for code in "12"}
    assert (rates["2"].events, rates["2"].n, rates["1"].events, rates["1"].n) == (201, 310, 499, 690)
    assert figures["fairness.selection_difference[code=2]"].value == pytest.approx(
        published["mean_difference"], abs=1e-12
    )
    assert figures["fairness.impact_ratio[code=2]"].value == pytest.approx(published["disparate_impact"], abs=1e-12)


@pytest.fixture(scope="module")
def rule(shared_data):
    """Worked example of 6 RCNY § 5-300 ff., rule on automated employment decision tools."""
    return pd.read_csv(shared_data / "ll144" / "rule_selection_example.csv", dtype=str)


def expanded(table):
    """One row per applicant."""
    rows = []
    for row in table.itertuples():
        selected, size = int(row.n_selected), int(row.n_applicants)
        rows += [(row.race_ethnicity, row.sex, score) for score in [1.0] * selected + [0.0] * (size - selected)]
    return pd.DataFrame(rows, columns=["race_ethnicity", "sex", "score"])


def printed_alike(value, printed):
    """Whether a number rounds to the decimals printed."""
    decimals = len(printed.partition(".")[2])
    return abs(value - float(printed)) <= 0.5 * 10**-decimals + 1e-9


@pytest.mark.parametrize(
    ("kind", "columns"),
    [("sex", ["sex"]), ("race_ethnicity", ["race_ethnicity"]), ("intersectional", ["race_ethnicity", "sex"])],
)
def test_local_law_144_selection_example(rule, kind, columns):
    table = rule[rule.category_type == kind]
    people = expanded(table)
    # 250 people of unknown category are reported and left out.
    unknown = pd.DataFrame({"race_ethnicity": None, "sex": None, "score": [1.0] * 250})
    people = pd.concat([people, unknown], ignore_index=True)
    measured = audit(people, score="score", label=None, sensitive=columns, favourable="1", model=None)
    figures = figures_of(measured)
    ratios = []
    for row in table.itertuples():
        keys = {name: getattr(row, name) for name in columns}
        (rate,) = [f for f in figures.named("fairness.selection_rate") if f.keys == keys]
        (ratio,) = [f for f in figures.named("fairness.impact_ratio") if f.keys == keys]
        assert (rate.events, rate.n) == (int(row.n_selected), int(row.n_applicants))
        assert printed_alike(100 * rate.value, row.published_rate.rstrip("%"))
        assert printed_alike(ratio.value, row.published_impact_ratio)
        ratios.append(ratio.value)
    title = " × ".join(columns)
    (smallest,) = [f for f in figures.named("fairness.smallest_impact_ratio") if f.keys == {"column": title}]
    assert smallest.value == min(ratios)
    (unknown_count,) = [f for f in figures.named("fairness.unknown") if f.keys == {"column": title}]
    assert unknown_count.value == 250
    if kind == "intersectional":
        assert smallest.value == pytest.approx(0.789, abs=5e-4)
        assert smallest.reference == "White × Male (highest selection rate of the groups shown)"


def test_fairlearn_user_guide(shared_data):
    case = json.loads((shared_data / "fairlearn" / "user_guide_cases.json").read_text())
    frame = pd.DataFrame({"y": case["y_true"], "d": case["y_pred"], "sf": case["sf"]})
    v = values_of(audit(frame, score="d", label="y", sensitive=["sf"], favourable="1"))
    assert v["performance.recall"] == case["overall"]["tpr"]
    assert 1 - v["performance.specificity"] == pytest.approx(case["overall"]["fpr"], abs=1e-12)
    assert v["performance.selection_rate"] == pytest.approx(case["overall"]["sel"], abs=1e-12)
    for level, expected in case["by_group"].items():
        got = [
            v[f"fairness.{name}[sf={level}]"]
            for name in ("true_positive_rate", "false_positive_rate", "selection_rate", "count")
        ]
        assert got == pytest.approx([expected[k] for k in ("tpr", "fpr", "sel", "count")], abs=1e-12)
    summaries = {
        "smallest_impact_ratio": "demographic_parity_ratio",
        "demographic_parity_difference": "demographic_parity_difference",
        "equalized_odds_difference": "equalized_odds_difference",
    }
    for name, published in summaries.items():
        assert v[f"fairness.{name}[column=sf]"] == pytest.approx(case[published], abs=1e-12)

    weighted = case["weighted"]
    v = values_of(audit(frame, score="d", label="y", sensitive=["sf"], weights=weighted["s_w"]))
    assert v["performance.recall"] == pytest.approx(weighted["recall_overall"], abs=5e-7)
    for level, expected in weighted["recall_by_group"].items():
        assert v[f"fairness.true_positive_rate[sf={level}]"] == pytest.approx(expected, abs=5e-7)


def test_holisticai_classification_case(shared_data):
    case = json.loads((shared_data / "fairlearn" / "holisticai_test_cases.json").read_text())["classification"]
    frame = pd.DataFrame({"y": case["y_true"], "d": case["y_pred"], "g": np.where(case["group_a"], "a", "b")})
    v = values_of(audit(frame, score="d", label="y", sensitive=["g"], favourable="1", reference={"g": "b"}))
    assert v["fairness.selection_difference[g=a]"] == pytest.approx(case["statistical_parity"], abs=1e-12)
    assert v["fairness.impact_ratio[g=a]"] == pytest.approx(case["disparate_impact"], abs=1e-12)
    best = values_of(audit(frame, score="d", label="y", sensitive=["g"], favourable="1"))
    assert best["fairness.smallest_impact_ratio[column=g]"] == pytest.approx(case["four_fifths"], abs=1e-12)
    for name, expected in (
        ("true_positive_rate", "equal_opportunity_diff"),
        ("false_positive_rate", "false_positive_rate_diff"),
        ("accuracy", "accuracy_diff"),
    ):
        assert v[f"fairness.{name}[g=a]"] - v[f"fairness.{name}[g=b]"] == pytest.approx(case[expected], abs=1e-12)


def test_holisticai_multiclass_case(shared_data):
    case = json.loads((shared_data / "fairlearn" / "holisticai_test_cases.json").read_text())["multiclass"]
    scores = np.eye(3)[case["y_pred"]]
    for k in range(3):
        subject = subject_of(
            scores, case["y_true"], task="multiclass", groups=[group("p", case["p"])], favourable=f"k{k}"
        )
        v = values_of(fairness.measure(subject, FairnessPlan(min_cell=1)))
        got = [v[f"fairness.selection_rate[p={level}]"] for level in "ABC"]
        assert got == pytest.approx([row[k] for row in case["frequency_matrix"]], abs=1e-12)


def test_holisticai_regression_case(shared_data):
    case = json.loads((shared_data / "fairlearn" / "holisticai_test_cases.json").read_text())["regression"]
    groups = [group("g", np.where(case["group_a"], "a", "b"))]
    subject = subject_of(case["y_pred"], case["y_true"], task="regression", groups=groups)
    v = values_of(fairness.measure(subject, FairnessPlan(min_cell=1, reference={"g": "b"})))
    assert v["fairness.mean_prediction_difference[g=a]"] == pytest.approx(case["avg_score_diff"], abs=1e-12)
    ratio = v["fairness.mean_prediction[g=a]"] / v["fairness.mean_prediction[g=b]"]
    assert ratio == pytest.approx(case["avg_score_ratio"], abs=1e-9)
    assert v["fairness.mae[g=a]"] / v["fairness.mae[g=b]"] == pytest.approx(case["mae_ratio"], abs=1e-12)
