"""Evidences to render: a binary credit case, a multiclass one, a regression, and scores alone.

The numbers are drawn, not measured; their shapes, names, reasons and methods are those of the assessments.
"""

from __future__ import annotations

import dataclasses
import math
import random
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from explainkit.evidence import (
    Case,
    Column,
    DatasetIdentity,
    Evidence,
    GateOutcome,
    LedgerEntry,
    Method,
    ModelIdentity,
)
from explainkit.figures import Figure, Series, Unit, figure_id
from explainkit.statements import answered, catalogue_date

_RESAMPLED = "evaluation rows are resampled and the true prevalence is not stated"
_SMALL = "fewer rows than the smallest group shown (fairness.min_cell)"
_ENVIRONMENT = tuple(
    sorted(
        {
            "explainkit": "0.1.0",
            "jinja2": "3.1.6",
            "lime": "0.2.0.1",
            "machine": "x86_64",
            "matplotlib": "3.10.8",
            "numpy": "2.4.1",
            "pandas": "3.0.1",
            "python": "3.11.9",
            "scikit-learn": "1.8.0",
            "shap": "0.51.0",
            "system": "Linux",
        }.items()
    )
)

CREDIT_FEATURES = (
    *("checking_account", "duration_months", "credit_history", "purpose", "amount", "savings", "employment"),
    *("installment_rate", "other_debtors", "residence", "property", "other_installment_plans", "housing"),
    *("number_credits", "job", "dependants", "telephone"),
)
_NUMERIC = ("duration_months", "amount", "installment_rate", "residence", "number_credits", "dependants")
_AGES = (("up to 25", 57), ("26 to 40", 158), ("over 40", 85))
_STATUS = (
    ("female non-single or male single", 91),
    ("male married/widowed", 166),
    ("female single", 34),
    ("male divorced/separated", 9),
)
_ANSWERS = {
    "provider": "Example Bank AG, Retail Risk",
    "owner": "Head of Retail Credit Models",
    "intended_use": (
        "Estimates the risk that a consumer credit is not repaid as agreed. A credit officer sees the score with the "
        "application; credits at or above the threshold are proposed for refusal and a person decides."
    ),
    "affected_persons": "Private persons who ask for a consumer credit.",
    "prohibited_use": "Any decision without a person; credits to companies; collections; employment.",
    "surroundings": "Affordability rules, fraud checks and the limits of the branch were not audited here.",
    "design": (
        "Gradient boosting on 17 inputs after imputation and one-hot encoding. A logistic regression would be the "
        "simpler alternative; it lost 0.02 AUC in cross-validation. Log loss is minimised."
    ),
    "training_data": "700 of 1,000 credits, 1973 to 1975, drawn at random within good and bad.",
    "population": "accepted only, resampled",
    "population_description": (
        "1,000 credits that were granted by a bank in southern Germany, 1973 to 1975; bads are oversampled (300 of "
        "1,000). Nothing is known of applicants who were refused."
    ),
    "exclusions": "Not documented by the source.",
    "evaluation_independence": "No row was used for training, tuning or the threshold.",
    "threshold_set_by": "Credit committee, 3 November 2026: a bad credit costs five times a good one refused.",
    "groups_choice": "Age and marital status, because the file has them and many laws protect them.",
    "review_route": "complaints@example.invalid; every refusal is reviewed by a second officer on request.",
    "oversight": "Each officer may overrule; the head of retail credit may stop the model.",
    "monitoring": "Model risk, monthly: AUC, score drift, override rate. Trigger: AUC below 0.65.",
    "expiry": "22 November 2027",
    "gates_set_by": "Model risk committee, 3 November 2026, before the evaluation.",
}


def credit() -> Evidence:
    """Binary: granted credits, resampled; groups of age and marital status, one of them too small to be shown."""
    draw = random.Random(7)
    columns = _credit_columns()
    figures = [*_rows(300, 700), _count("data.labelled", 300, 300), _count("data.events", 90, 300)]
    figures += _columns(columns, draw, 300)
    figures += _binary_scores(resampled=True)
    figures += _decisions(300, 90)
    figures += list(_groups("age", _AGES, "26 to 40", draw))
    figures += list(_groups("marital_status", _STATUS, "male married/widowed", draw))
    figures += list(_pairs(draw))
    figures += _importances(CREDIT_FEATURES, "log-odds", draw, rows=300, background=0)
    cases, told = _cases(CREDIT_FEATURES, "log-odds", draw, count=3)
    ledger = (
        LedgerEntry(
            kind="not_tested",
            what="performance.precision, performance.f1, performance.mcc, calibration.ece",
            reason=_RESAMPLED,
        ),
        LedgerEntry(kind="suppressed", what="groups of marital_status", reason=_SMALL, count=2),
        LedgerEntry(
            kind="sampled", what="cases explained by LIME", reason="5 of 300 rows were chosen by score", count=3
        ),
        LedgerEntry(
            kind="imputed", what="savings", reason="the model's own imputer fills the most frequent value", count=12
        ),
        LedgerEntry(
            kind="not_tested",
            what="security: poisoned data, evasion",
            reason="this version of explainkit does not test it",
        ),
    )
    counts = [_count(figure_id("ledger.count", entry=str(i)), e.count) for i, e in enumerate(ledger, 1) if e.count]
    return _evidence(
        name="credit-risk",
        version="1.4.0",
        task="binary",
        outputs=("good", "bad"),
        positive="bad",
        threshold=">=0.17",
        favourable="good",
        population=("accepted only", "resampled"),
        model=_pipeline(),
        datasets=_datasets("test.parquet", "train.parquet"),
        columns=columns,
        figures=(*figures, *told, *counts),
        series=(_roc(), _histogram("bad"), _points(CREDIT_FEATURES, draw)),
        methods=_methods(),
        cases=cases,
        ledger=ledger,
        gates=_credit_gates(),
        statements=answered(_ANSWERS),
        plan={"version": 1, "card": {"name": "credit-risk"}, "model": {"threshold": ">=0.17"}},
    )


def species() -> Evidence:
    """Multiclass without a favourable outcome: three classes, four inputs, one group column."""
    draw = random.Random(11)
    classes = ("setosa", "versicolor", "virginica")
    features = ("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)")
    columns = (
        *(Column(name=f, kind="number", roles=("feature",), available="visit") for f in features),
        Column(name="garden", kind="category", roles=("sensitive",)),
        Column(name="species", kind="category", roles=("target",)),
    )
    figures = [*_rows(75, 75), _count("data.labelled", 75, 75), *_columns(columns, draw, 75)]
    figures += [_count(figure_id("data.class_count", {"class": c}), 25, 75) for c in classes]
    figures += [
        _rate("performance.accuracy", 71, 75, "Wilson score interval"),
        _measured("performance.balanced_accuracy", 71 / 75, "proportion", n=75),
        _measured("performance.log_loss", 0.1532, "score", n=75),
        _measured("performance.f1[average=macro]", 0.9465, "score", n=75),
        _measured("performance.roc_auc[average=macro]", 0.9914, "score", n=75),
    ]
    for i, c in enumerate(classes):
        figures += [
            _rate(figure_id("performance.precision", {"class": c}), 25 - i, 26, "Wilson score interval"),
            _rate(figure_id("performance.recall", {"class": c}), 25 - i, 25, "Wilson score interval"),
            _measured(figure_id("performance.f1", {"class": c}), 0.98 - 0.02 * i, "score", n=25),
        ]
        figures += [
            _count(
                figure_id("performance.confusion", actual=c, decided=d), 25 - i if c == d else i * (d == classes[1]), 25
            )
            for d in classes
        ]
    for level, n in (("north", 40), ("south", 35)):
        figures += [
            _count(figure_id("fairness.count", garden=level), n),
            _rate(figure_id("fairness.accuracy", garden=level), n - 2, n, "Wilson score interval"),
        ]
    missing = "the favourable outcome is not stated (fairness.favourable)"
    figures += [
        _open(key, missing)
        for key in ("performance.selection_rate", "fairness.selection_rate", "fairness.impact_ratio")
    ]
    for c in classes:
        figures += [
            dataclasses.replace(f, id=figure_id("explanation.shap.importance", feature=f.keys["feature"], output=c))
            for f in _importances(features, "probability", draw, rows=75, background=75)
            if f.name == "explanation.shap.importance"
        ]
    figures += [
        f for f in _importances(features, "probability", draw, rows=75, background=75) if "importance" not in f.id
    ]
    cases, told = _cases(features, "probability", draw, count=2, class_="virginica")
    return _evidence(
        name="iris",
        version="2",
        draft=("no favourable outcome stated (fairness.favourable)", "no population stated (statements.population)"),
        task="multiclass",
        outputs=classes,
        model=ModelIdentity(
            family="scikit-learn",
            kind="RandomForestClassifier",
            digest="sha256:" + "b7" * 32,
            digest_of="the object in memory (pickle)",
            parameters=(("max_depth", "None"), ("n_estimators", "200")),
            library="scikit-learn 1.8.0",
        ),
        datasets=_datasets("data frame", "data frame"),
        columns=columns,
        figures=(*figures, *told),
        methods=_methods(space="probability"),
        cases=cases,
        statements=answered({"provider": "Botanical garden"}),
        plan={"version": 1},
    )


def diabetes() -> Evidence:
    """Regression, by sex and age."""
    draw = random.Random(13)
    features = ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")
    columns = (
        *(
            Column(name=f, kind="number", roles=("feature", "sensitive") if f in ("age", "sex") else ("feature",))
            for f in features
        ),
        Column(name="progression", kind="integer", roles=("target",)),
    )
    figures = [*_rows(142, 300), _count("data.labelled", 142, 142), *_columns(columns, draw, 142)]
    figures += [
        _measured("performance.mae", 43.71, "target", n=142, ends=(39.1, 48.3)),
        _measured("performance.rmse", 54.02, "target", n=142),
        _measured("performance.r2", 0.4512, "score", n=142),
        _measured("performance.mean_error", -2.337, "target", n=142, ends=(-11.2, 6.55)),
        _measured("performance.mape", 0.3811, "proportion", n=142),
    ]
    figures += [
        _measured(figure_id("performance.residual_quantile", q=q), v, "target", n=142)
        for q, v in (("0.05", -88.2), ("0.25", -37.5), ("0.5", -1.9), ("0.75", 31.4), ("0.95", 90.03))
    ]
    for column, levels in (("sex", (("female", 68), ("male", 74))), ("age", (("under 50", 75), ("50 and over", 67)))):
        for i, (level, n) in enumerate(levels):
            keys, reference = {column: level}, f"{levels[0][0]} (highest mean prediction of the groups shown)"
            gap = 0.0 if i == 0 else -12.6
            figures += [
                _count(figure_id("fairness.count", keys), n),
                _measured(
                    figure_id("fairness.mean_prediction", keys),
                    158.2 + gap,
                    "target",
                    n=n,
                    ends=(144.0 + gap, 172.4 + gap),
                ),
                _measured(figure_id("fairness.mean_error", keys), 1.2 - 3.3 * i, "target", n=n, ends=(-9.0, 11.0)),
                _measured(figure_id("fairness.mae", keys), 41.0 + 2 * i, "target", n=n, ends=(35.0, 48.0)),
                dataclasses.replace(
                    _measured(
                        figure_id("fairness.mean_prediction_difference", keys),
                        gap,
                        "target",
                        n=n,
                        ends=(gap - 9, gap + 9),
                    ),
                    reference=reference,
                ),
            ]
    figures += _importances(features, "target", draw, rows=142, background=100)
    cases, told = _cases(features, "target", draw, count=2)
    edges = [25.0 + 32 * i for i in range(11)]
    middle = [(a + b) / 2 for a, b in pairwise(edges)]
    agreement = Series(
        id="performance.predicted_observed",
        columns=(
            ("low", tuple(edges[:-1])),
            ("high", tuple(edges[1:])),
            ("n", tuple(8 + i for i in range(10))),
            ("mean_prediction", tuple(middle)),
            ("mean_outcome", tuple(m + draw.gauss(0, 14) for m in middle)),
        ),
        method="ten bins of equal width",
        dataset="evaluation",
        n=142,
    )
    return _evidence(
        name="diabetes progression",
        version="0.9",
        task="regression",
        outputs=("prediction",),
        population=("all cases",),
        model=ModelIdentity(
            family="callable", kind="", digest=None, digest_of="nothing: a Python callable has no bytes", library=None
        ),
        datasets=_datasets("data frame", "data frame"),
        columns=columns,
        figures=(*figures, *told),
        series=(agreement, _points(features, draw)),
        methods=_methods(space="raw"),
        cases=cases,
        statements=answered({"population": "all cases", "intended_use": "Teaching."}),
        plan={"version": 1},
    )


def scores_only() -> Evidence:
    """Predictions-only: a column of scores, no threshold, no favourable outcome, no groups, no model."""
    columns = (
        Column(name="score", kind="number", roles=("score",)),
        Column(name="paid", kind="boolean", roles=("target",)),
    )
    undecided = "no threshold is stated (model.threshold)"
    ungrouped = "no sensitive column is named (data.sensitive)"
    unwanted = "the favourable outcome is not stated (fairness.favourable)"
    figures = [
        *_rows(25000, None),
        _count("data.labelled", 21044, 25000),
        _count("data.events", 1733, 21044),
        *_columns(columns, random.Random(3), 25000),
        *_binary_scores(resampled=False, n=21044, events=1733),
        *(
            _open(f"performance.{key}", undecided)
            for key in (
                "accuracy",
                "balanced_accuracy",
                "precision",
                "recall",
                "specificity",
                "f1",
                "mcc",
                "positive_rate",
            )
        ),
        _open("performance.selection_rate", f"{undecided}; {unwanted}"),
        _open("performance.confusion", undecided),
        _open("fairness.selection_rate", f"{ungrouped}; {undecided}; {unwanted}"),
        _open("fairness.impact_ratio", f"{ungrouped}; {undecided}; {unwanted}"),
        _open("explanation.shap.importance", "there is no model, only a column of scores"),
    ]
    ledger = (
        LedgerEntry(
            kind="not_tested",
            what="differences between groups",
            reason="no sensitive column was named (data.sensitive)",
        ),
        LedgerEntry(kind="not_tested", what="explanations", reason="there is no model, only a column of scores"),
        LedgerEntry(
            kind="dropped", what="rows without outcome, in error rates", reason="the label is missing", count=3956
        ),
    )
    return _evidence(
        name="bureau score",
        version="unversioned",
        date=None,
        draft=(
            "no threshold stated (model.threshold)",
            "no favourable outcome stated (fairness.favourable)",
            "no population stated (statements.population)",
        ),
        task="binary",
        outputs=("False", "True"),
        positive="True",
        model=ModelIdentity(family="scores", kind="", digest=None, digest_of="nothing: no model was given"),
        datasets=_datasets("scores.csv", None),
        columns=columns,
        figures=(*figures, _count("ledger.count[entry=3]", 3956)),
        series=(_roc(), _histogram("True"), _reliability()),
        ledger=ledger,
        statements=answered({}),
        plan={"version": 1},
    )


ALL = {"credit": credit, "species": species, "diabetes": diabetes, "scores_only": scores_only}


def _evidence(**given: Any) -> Evidence:
    defaults: dict[str, Any] = {
        "date": "2026-11-23",
        "draft": (),
        "positive": None,
        "threshold": None,
        "favourable": None,
        "population": (),
        "level": "B-B",
        "series": (),
        "methods": (),
        "cases": (),
        "ledger": (),
        "gates": (),
        "statements_date": catalogue_date(),
        "environment": _ENVIRONMENT,
    }
    return Evidence(**{**defaults, **given})


def _measured(
    key: str, value: float, unit: Unit, *, n: int | None = None, ends: tuple[float, float] | None = None
) -> Figure:
    low, high = ends or (None, None)
    return Figure(
        id=key,
        value=value,
        unit=unit,
        n=n,
        low=low,
        high=high,
        level=0.95 if ends else None,
        method="mean over rows" + ("; normal interval" if ends else ""),
        dataset="evaluation",
    )


def _count(key: str, value: int | None, n: int | None = None) -> Figure:
    return Figure(id=key, value=value, unit="count", n=n, method="number of rows", dataset="evaluation")


def _rate(key: str, events: int, n: int, method: str, **more: Any) -> Figure:
    p, z = events / n, 1.959964
    centre, half = (
        (p + z * z / (2 * n)) / (1 + z * z / n),
        z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n),
    )
    return Figure(
        id=key,
        value=p,
        low=max(0.0, centre - half),
        high=min(1.0, centre + half),
        level=0.95,
        n=n,
        events=events,
        unit="proportion",
        method=method,
        dataset="evaluation",
        **more,
    )


def _open(key: str, reason: str) -> Figure:
    return Figure(id=key, status="not_tested", reason=reason, dataset="evaluation")


def _rows(evaluation: int, reference: int | None) -> list[Figure]:
    rows = [_count("data.rows[dataset=evaluation]", evaluation)]
    if reference is not None:
        rows.append(dataclasses.replace(_count("data.rows[dataset=reference]", reference), dataset="reference"))
    return rows


def _credit_columns() -> tuple[Column, ...]:
    inputs = tuple(
        Column(
            name=f,
            kind="integer" if f in _NUMERIC else "category",
            roles=("feature",),
            available="application",
            actionable={"duration_months": True, "amount": True, "credit_history": False}.get(f),
        )
        for f in CREDIT_FEATURES
    )
    return (
        Column(name="case", kind="text", roles=("id",)),
        *inputs,
        Column(name="age", kind="integer", roles=("sensitive",)),
        Column(name="marital_status", kind="category", roles=("sensitive",)),
        Column(name="foreign_worker", kind="boolean", roles=("unused",)),
        Column(name="credit_risk", kind="category", roles=("target",)),
    )


def _columns(columns: Sequence[Column], draw: random.Random, n: int) -> list[Figure]:
    figures = []
    for column in columns:
        keys = {"column": column.name}
        figures.append(_count(figure_id("data.missing", keys), 12 if column.name == "savings" else 0, n))
        if column.kind in ("number", "integer"):
            low = draw.randint(0, 40) if column.kind == "integer" else round(draw.random(), 3)
            for kind, value in (("data.low", low), ("data.high", low * 61 + 72)):
                figures.append(Figure(id=figure_id(kind, keys), value=value, unit="input", n=n, method="of all rows"))
        else:
            figures.append(
                _count(figure_id("data.distinct", keys), 2 if column.kind == "boolean" else draw.randint(3, 10), n)
            )
    return figures


def _binary_scores(*, resampled: bool, n: int = 300, events: int = 90) -> list[Figure]:
    auc = Figure(
        id="performance.roc_auc",
        value=0.7634126984126984,
        low=0.7031,
        high=0.8237,
        level=0.95,
        n=n,
        events=events,
        unit="score",
        method="Mann-Whitney statistic; DeLong interval",
        dataset="evaluation",
        class_="bad",
    )
    figures = [
        auc,
        _measured("performance.gini", 0.5268253968253968, "score", n=n),
        _measured("performance.ks", 0.4412698412698413, "score", n=n),
        _measured("performance.score_mean", 0.29871, "score", n=n),
    ]
    uncertain = (
        ("performance.average_precision", 0.5521, "score"),
        ("performance.log_loss", 0.5218, "score"),
        ("performance.brier", 0.1733, "score"),
        ("performance.observed_expected", 1.0043, "ratio"),
        ("performance.base_rate", events / n, "proportion"),
        ("calibration.ece", 0.0312, "score"),
        ("calibration.slope", 0.913, "score"),
        ("calibration.intercept", -0.0412, "log-odds"),
    )
    for key, value, unit in uncertain:
        figures.append(_open(key, _RESAMPLED) if resampled else _measured(key, value, unit, n=n))  # type: ignore[arg-type]
    return figures


def _decisions(n: int, events: int) -> list[Figure]:
    wilson = "Wilson score interval"
    figures = [
        _rate("performance.accuracy", 176, n, wilson, threshold=">=0.17"),
        _measured("performance.balanced_accuracy", 0.6730, "score", n=n),
        _rate("performance.recall", 79, events, wilson, threshold=">=0.17"),
        _rate("performance.specificity", 98, n - events, wilson, threshold=">=0.17"),
        _rate("performance.positive_rate", 191, n, wilson, threshold=">=0.17"),
        _rate(
            "performance.selection_rate",
            109,
            n,
            wilson,
            threshold=">=0.17",
            favourable="good",
            numerator="among accepted",
        ),
    ]
    figures += [_open(f"performance.{key}", _RESAMPLED) for key in ("precision", "f1", "mcc")]
    for actual, decided, count in (("good", "good", 98), ("good", "bad", 112), ("bad", "good", 11), ("bad", "bad", 79)):
        figures.append(_count(figure_id("performance.confusion", actual=actual, decided=decided), count, n))
    return figures


def _groups(column: str, levels: Sequence[tuple[str, int]], reference: str, draw: random.Random) -> Iterator[Figure]:
    """Rates, ratios and error rates of every group; below ten rows suppressed, and the next smallest with it."""
    words = f"{reference} (stated in the plan)"
    hidden = {level for level, n in levels if n < 10}
    if len(hidden) == 1:
        hidden.add(min((x for x in levels if x[0] not in hidden), key=lambda x: x[1])[0])
    rates = {level: 0.25 + 0.2 * draw.random() for level, _ in levels}
    yield _count(figure_id("fairness.unknown", column=column), 0 if column == "age" else 4)
    for level, n in levels:
        keys = {column: level}
        names = ("count", "selection_rate", "impact_ratio", "selection_difference", "true_positive_rate")
        names += ("false_positive_rate", "accuracy", "mean_score", "roc_auc")
        if level in hidden:
            for key in names:
                yield Figure(id=figure_id(f"fairness.{key}", keys), status="suppressed", reason=_SMALL)
            continue
        events = round(rates[level] * n)
        base = round(rates[reference] * dict(levels)[reference]) / dict(levels)[reference]
        ratio, gap = events / n / base, events / n - base
        yield _count(figure_id("fairness.count", keys), n)
        yield _rate(figure_id("fairness.selection_rate", keys), events, n, "Wilson score interval", favourable="good")
        same = level == reference
        yield Figure(
            id=figure_id("fairness.impact_ratio", keys),
            value=1.0 if same else ratio,
            low=None if same else ratio * 0.78,
            high=None if same else ratio * 1.24,
            level=None if same else 0.95,
            n=n,
            unit="ratio",
            method="selection rate over that of the reference; log interval (Katz 1978)",
            reference=words,
        )
        yield Figure(
            id=figure_id("fairness.selection_difference", keys),
            value=0.0 if same else gap,
            low=None if same else gap - 0.11,
            high=None if same else gap + 0.12,
            level=None if same else 0.95,
            n=n,
            unit="difference",
            method="selection rate minus that of the reference; hybrid score interval (Newcombe 1998)",
            reference=words,
        )
        positives = max(n // 3, 2)
        yield _rate(
            figure_id("fairness.true_positive_rate", keys), round(positives * 0.85), positives, "Wilson score interval"
        )
        yield _rate(
            figure_id("fairness.false_positive_rate", keys),
            round((n - positives) * 0.5),
            n - positives,
            "Wilson score interval",
        )
        yield _rate(figure_id("fairness.accuracy", keys), round(n * 0.6), n, "Wilson score interval")
        yield _measured(figure_id("fairness.mean_score", keys), 0.28 + 0.06 * draw.random(), "score", n=n)
        yield _measured(
            figure_id("fairness.roc_auc", keys), 0.72 + 0.06 * draw.random(), "score", n=n, ends=(0.64, 0.83)
        )
    for key in ("base_rate", "precision"):
        if column == "age":
            yield _open(f"fairness.{key}", _RESAMPLED)


def _pairs(draw: random.Random) -> Iterator[Figure]:
    for age, _ in _AGES:
        for status, size in _STATUS[:3]:
            keys = {"age": age, "marital_status": status}
            n = max(round(size * {"up to 25": 0.2, "26 to 40": 0.5, "over 40": 0.3}[age]), 4)
            if n < 11:
                for key in ("count", "selection_rate", "impact_ratio"):
                    yield Figure(id=figure_id(f"fairness.{key}", keys), status="suppressed", reason=_SMALL)
                continue
            events = round(n * (0.2 + 0.25 * draw.random()))
            yield _count(figure_id("fairness.count", keys), n)
            yield _rate(
                figure_id("fairness.selection_rate", keys), events, n, "Wilson score interval", favourable="good"
            )
            yield Figure(
                id=figure_id("fairness.impact_ratio", keys),
                value=events / n / 0.45,
                n=n,
                unit="ratio",
                low=events / n / 0.65,
                high=events / n / 0.32,
                level=0.95,
                method="selection rate over that of the reference; log interval (Katz 1978)",
                reference="26 to 40 × male married/widowed (stated in the plan)",
            )


def _importances(
    features: Sequence[str], unit: Unit, draw: random.Random, *, rows: int, background: int
) -> list[Figure]:
    scale = 40.0 if unit == "target" else 0.6
    figures = []
    for i, feature in enumerate(features):
        value = scale * 0.8**i * (0.8 + 0.2 * draw.random())
        figures.append(
            Figure(
                id=figure_id("explanation.shap.importance", feature=feature),
                value=value,
                low=value * 0.9,
                high=value * 1.1,
                level=0.95,
                n=rows,
                unit=unit,
                method="mean of absolute values over the rows explained; percentile bootstrap, 2,000 resamples",
                dataset="evaluation",
            )
        )
    return [
        *figures,
        _count("explanation.shap.rows", rows),
        _count("explanation.shap.background_rows", background),
        _measured("explanation.shap.residual_max", 2.3e-12, unit, n=rows),
        _measured("explanation.shap.residual_median", 4.4e-16, unit, n=rows),
        _count("explanation.lime.rows", 3),
        _count("explanation.lime.samples", 5000),
    ]


def _cases(
    features: Sequence[str], unit: Unit, draw: random.Random, *, count: int, class_: str | None = None
) -> tuple[tuple[Case, ...], list[Figure]]:
    scale = {"target": 40.0, "probability": 0.08}.get(unit, 0.5)
    base = {"target": 152.13, "probability": 0.3333}.get(unit, -1.0932)
    cases, figures = [], []
    for k in range(count):
        key = str(17 + 40 * k)
        values = [scale * 0.8**i * draw.uniform(-1, 1) for i in range(len(features))]
        output = base + sum(values)
        score = output if unit != "log-odds" else 1 / (1 + math.exp(-output))
        score_unit: Unit = "target" if unit == "target" else "probability"
        figures += [
            dataclasses.replace(_measured(figure_id("case.score", case=key), score, score_unit), class_=class_),
            _measured(figure_id("explanation.shap.base", case=key), base, unit),
            _measured(figure_id("explanation.shap.output", case=key), output, unit),
            _measured(figure_id("explanation.shap.residual", case=key), 4.4e-16, unit),
            _measured(figure_id("explanation.lime.intercept", case=key), 0.31, "probability"),
            _measured(figure_id("explanation.lime.fidelity", case=key), 0.4823, "score"),
        ]
        texts = []
        for i, feature in enumerate(features):
            keys = {"case": key, "feature": feature}
            if feature in _NUMERIC or unit != "log-odds":
                number = draw.randint(1, 9857) if unit == "log-odds" else round(draw.gauss(0, 1), 4)
                figures.append(Figure(id=figure_id("case.input", keys), value=number, unit="input"))
            else:
                texts.append(
                    (feature, draw.choice(["no checking account", "A14: 0 <= … < 200 DM", "missing", "3 to 5 years"]))
                )
            figures.append(_measured(figure_id("explanation.shap.contribution", keys), values[i], unit))
            if i < 10:
                figures.append(_measured(figure_id("explanation.lime.weight", keys), values[i] / 6, "probability"))
        cases.append(
            Case(key=key, chosen=f"at quantile {k / max(count - 1, 1):.2f} of the scores", inputs=tuple(texts))
        )
    return tuple(cases), figures


def _points(features: Sequence[str], draw: random.Random) -> Series:
    rows = [
        (
            feature,
            None if feature not in _NUMERIC and "_" in feature else round(draw.random(), 3),
            draw.gauss(0, 0.8**i * 0.5),
        )
        for i, feature in enumerate(features[:10])
        for _ in range(200)
    ]
    names = ("feature", "position", "value")
    return Series(
        id="explanation.shap.points",
        columns=tuple((name, tuple(row[i] for row in rows)) for i, name in enumerate(names)),
        method="200 of the rows explained, drawn at random",
        dataset="evaluation",
        n=200,
    )


def _roc() -> Series:
    x = [i / 120 for i in range(121)]
    return Series(
        id="performance.roc_curve",
        columns=(("false_positive_rate", tuple(x)), ("true_positive_rate", tuple(v**0.32 for v in x))),
        method="every distinct score, thinned evenly along the curve where there are many",
        dataset="evaluation",
        n=300,
    )


def _histogram(positive: str) -> Series:
    bins = 20
    return Series(
        id="performance.score_histogram",
        columns=(
            ("low", tuple(i / bins for i in range(bins))),
            ("high", tuple((i + 1) / bins for i in range(bins))),
            ("positive", tuple(round(9 * math.exp(-(((i - 9) / 6) ** 2))) for i in range(bins))),
            ("negative", tuple(round(38 * math.exp(-(((i - 3) / 4) ** 2))) for i in range(bins))),
        ),
        method=f"numbers of {positive} and others in bins of equal width",
        dataset="evaluation",
        n=300,
    )


def _reliability() -> Series:
    mean = tuple(0.01 + 0.03 * i for i in range(10))
    return Series(
        id="calibration.reliability",
        columns=(
            ("low", tuple(0.03 * i for i in range(10))),
            ("high", tuple(0.03 * (i + 1) for i in range(10))),
            ("n", (2104,) * 10),
            ("mean_score", mean),
            ("observed", tuple(m * 0.93 + 0.004 for m in mean)),
            ("observed_low", tuple(m * 0.85 for m in mean)),
            ("observed_high", tuple(m * 1.05 + 0.01 for m in mean)),
        ),
        method="ten bins of equally many rows; Wilson score intervals",
        dataset="evaluation",
        n=21044,
    )


def _methods(space: str = "margin") -> tuple[Method, ...]:
    return (
        Method(
            id="shap",
            method="TreeSHAP, path-dependent (shap 0.51.0)",
            space=space,
            exactness="exact",
            players="sum over engineered columns",
            background="the training rows that passed each branch, as counted in the trees",
            background_digest=None,
            seed=None,
        ),
        Method(
            id="lime",
            method="LIME, tabular, discretised by quartiles (lime 0.2.0.1)",
            space="probability",
            exactness="estimated",
            players="raw columns",
            background="draws from the reference data",
            background_digest="sha256:" + "c4" * 32,
            seed=0,
        ),
    )


def _pipeline() -> ModelIdentity:
    return ModelIdentity(
        family="scikit-learn",
        kind="GradientBoostingClassifier",
        digest="sha256:" + "9f2c41ab" * 8,
        digest_of="the file model.skops",
        steps=("ColumnTransformer", "GradientBoostingClassifier"),
        parameters=tuple(
            sorted(
                {
                    "criterion": "friedman_mse",
                    "learning_rate": "0.1",
                    "loss": "log_loss",
                    "max_depth": "2",
                    "max_features": "None",
                    "min_samples_leaf": "20",
                    "n_estimators": "120",
                    "random_state": "0",
                    "subsample": "1.0",
                    "tol": "0.0001",
                    "validation_fraction": "0.1",
                }.items()
            )
        ),
        library="scikit-learn 1.8.0",
    )


def _datasets(evaluation: str, reference: str | None) -> tuple[DatasetIdentity, ...]:
    found = [
        DatasetIdentity(
            role="evaluation", name=evaluation, digest="sha256:" + "07d1c9e2" * 8, digest_of=f"the file {evaluation}"
        )
    ]
    if reference is not None:
        found.append(
            DatasetIdentity(
                role="reference", name=reference, digest="sha256:" + "5ab0d3f1" * 8, digest_of=f"the file {reference}"
            )
        )
    return tuple(found)


def _credit_gates() -> tuple[GateOutcome, ...]:
    return (
        GateOutcome(
            gate="performance.roc_auc",
            limit=">= 0.65",
            bound="low",
            severity="block",
            outcome="passed",
            figure="performance.roc_auc",
            reason="the low end of the interval keeps the limit",
        ),
        GateOutcome(
            gate="explanation.shap.residual_max",
            limit="<= 1e-06",
            bound="value",
            severity="block",
            outcome="passed",
            figure="explanation.shap.residual_max",
            reason="the value keeps the limit",
        ),
        GateOutcome(
            gate="fairness.impact_ratio",
            limit=">= 0.8",
            bound="value",
            severity="warn",
            outcome="failed",
            figure='fairness.impact_ratio[age="up to 25"]',
            reason="the value is beyond the limit",
        ),
        GateOutcome(
            gate="calibration.ece",
            limit="<= 0.05",
            bound="value",
            severity="block",
            outcome="failed",
            figure="calibration.ece",
            reason=f"not tested: {_RESAMPLED}",
        ),
    )
