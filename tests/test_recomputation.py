"""A card is performed again: what is on it comes out, and what was put on it otherwise is found."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from pathlib import Path

import joblib
import numpy as np
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression

from explainkit.artifact import sha256_file
from explainkit.errors import ModelError, VerificationError
from explainkit.evidence import Evidence
from explainkit.figures import Figure
from explainkit.pipeline import audit_plan
from explainkit.plan import Plan, read_plan
from explainkit.recomputation import compared, recompute, rerender
from explainkit.release import Release
from explainkit.sign.keys import make_test_pki
from explainkit.sign.trial_mark import BANNER
from tests.cli.made_up import PLAN, rows
from tests.report.examples import credit

pytestmark = pytest.mark.usefixtures("front_page_alone", "warm_models")


def replaced(evidence: Evidence, name: str, **changes: object) -> Evidence:
    """A card with one figure otherwise."""
    figures = tuple(dataclasses.replace(f, **changes) if f.id == name else f for f in evidence.figures)
    return dataclasses.replace(evidence, figures=figures)


def first(evidence: Evidence) -> Figure:
    return next(f for f in evidence.figures if f.low is not None and f.n is not None)


def test_the_same_card_has_no_difference() -> None:
    found = compared(credit(), credit())
    assert found.reproduced
    assert (found.figures, found.series) == (len(credit().figures), len(credit().series))
    assert found.lines() == (f"recomputed: {found.figures} figures and {found.series} series are reproduced",)


@pytest.mark.parametrize(("field", "factor", "reproduced"), [("value", 1 + 1e-10, True), ("low", 1 - 1e-6, False)])
def test_numbers_may_differ_within_their_tolerance(field: str, factor: float, reproduced: bool) -> None:
    figure = first(credit())
    now = replaced(credit(), figure.id, **{field: getattr(figure, field) * factor})
    found = compared(credit(), now)
    assert found.reproduced is reproduced
    assert [(d.what, d.field, d.tolerance) for d in found.differences] == [(figure.id, field, 1e-9)] * (not reproduced)


@pytest.mark.parametrize(
    ("field", "value"), [("n", 1), ("method", "by hand"), ("unit", "rank"), ("threshold", ">=0.9"), ("tolerance", 0.5)]
)
def test_what_is_no_measurement_has_to_be_equal(field: str, value: object) -> None:
    figure = first(credit())
    (difference,) = compared(credit(), replaced(credit(), figure.id, **{field: value})).differences
    assert (difference.what, difference.field, difference.again) == (figure.id, field, value)


def test_figures_and_series_that_one_has_alone() -> None:
    card = credit()
    short = dataclasses.replace(card, figures=card.figures[1:], series=card.series[1:])
    lost = compared(card, short).differences
    assert {(d.what, d.card) for d in lost} >= {(card.figures[0].id, "there"), (card.series[0].id, "there")}
    added = compared(short, card).differences
    assert {(d.what, d.card) for d in added} >= {(card.figures[0].id, None), (card.series[0].id, None)}


def test_one_point_of_a_series() -> None:
    card = credit()
    series = card.series[0]
    (name, values), *rest = series.columns
    changed = ((name, (*values[:-1], 123.0)), *rest)
    now = dataclasses.replace(card, series=(dataclasses.replace(series, columns=changed), *card.series[1:]))
    (difference,) = compared(card, now).differences
    assert (difference.what, difference.again) == (series.id, 123.0)
    assert difference.field == f"{name}, row {len(values) - 1}"


def test_any_other_part_tells_where() -> None:
    card = credit()
    entry = dataclasses.replace(card.ledger[0], reason="another one")
    (difference,) = compared(card, dataclasses.replace(card, ledger=(entry, *card.ledger[1:]))).differences
    assert (difference.what, difference.field, difference.again) == ("ledger", "[0].reason", "another one")


def test_other_versions_alone_are_no_difference() -> None:
    card = credit()
    found = compared(card, dataclasses.replace(card, environment=(("numpy", "99.0"),)))
    assert found.reproduced
    assert ("numpy", dict(card.environment).get("numpy"), "99.0") in found.environment


def test_the_page_made_again() -> None:
    from explainkit.report.html import render_html

    page = render_html(credit())
    place = re.search(rb"</head>\s*<body[^<>]*>", page)
    assert place is not None
    marked = page[: place.end()] + BANNER + page[place.end() :]
    assert rerender(credit(), page).same is True
    assert rerender(credit(), marked).same is True
    changed = rerender(credit(), page.replace(b"</main>", b" </main>"))
    assert changed.same is False
    assert changed.lines()[0].startswith("card.html made again from card.json: ANOTHER PAGE")


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with audit.toml, model.skops and rows.csv."""
    folder = tmp_path_factory.mktemp("case")
    data = rows()
    data.to_csv(folder / "rows.csv", index=False)
    model = LogisticRegression().fit(data[["income", "debt"]], data["bad"])
    skops.io.dump(model, folder / "model.skops")
    joblib.dump(model, folder / "model.joblib")
    (folder / "audit.toml").write_text(PLAN)
    trusting = PLAN.replace("model.skops", "model.joblib").replace(
        "positive", f'trust = ["sha256:{sha256_file(folder / "model.joblib")}"]\npositive'
    )
    (folder / "trusting.toml").write_text(trusting)
    return folder


@pytest.fixture(scope="module")
def release(case: Path) -> Release:
    return audit_plan(read_plan(case / "audit.toml"), base=case)


def test_a_real_card_is_reproduced(case: Path, release: Release) -> None:
    found = recompute(release.evidence, read_plan(case / "audit.toml"), base=case)
    assert found.differences == ()
    assert found.environment == ()
    assert found.figures == len(release.evidence.figures) > 100


def with_plan(**changes: object) -> Callable[[Path, Plan], Plan]:
    return lambda folder, plan: plan.model_copy(update=changes)


def another_model(folder: Path, plan: Plan) -> Plan:
    data = rows(100)
    skops.io.dump(LogisticRegression().fit(data[["income", "debt"]], data["bad"]), folder / "other.skops")
    return plan.model_copy(update={"model": plan.model.model_copy(update={"path": "other.skops"})})


def other_rows(folder: Path, plan: Plan) -> Plan:
    rows(200).to_csv(folder / "fewer.csv", index=False)
    return plan.model_copy(update={"data": plan.data.model_copy(update={"evaluation": "fewer.csv"})})


def another_plan(folder: Path, plan: Plan) -> Plan:
    return plan.model_copy(update={"model": plan.model.model_copy(update={"threshold": ">=0.6"})})


@pytest.mark.parametrize(
    ("change", "what"), [(another_model, "model"), (other_rows, "evaluation data"), (another_plan, "plan")]
)
def test_what_is_not_the_cards_is_refused(
    case: Path, release: Release, change: Callable[[Path, Plan], Plan], what: str
) -> None:
    plan = change(case, read_plan(case / "audit.toml"))
    with pytest.raises(VerificationError, match=f"this is not the {what} of the card"):
        recompute(release.evidence, plan, base=case)


@pytest.mark.slow
def test_the_plans_trust_is_not_the_verifiers(case: Path) -> None:
    plan = read_plan(case / "trusting.toml")
    card = audit_plan(plan, base=case).evidence
    with pytest.raises(ModelError, match="this one is not trusted"):
        recompute(card, plan, base=case)
    assert recompute(card, plan, base=case, trust=plan.model.trust).reproduced


@pytest.mark.slow
def test_a_provider_who_lies_is_found(
    case: Path, release: Release, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Everything is signed and fits together, but one number is better than what the model gives."""
    from explainkit.cli.main import run
    from explainkit.progress import Silent
    from explainkit.report.files import report_files
    from explainkit.report.printer import here
    from explainkit.sign.aids import verifying_aids

    auc = next(f for f in release.evidence.figures if f.id == "performance.roc_auc")
    better = replaced(release.evidence, auc.id, value=np.nextafter(1.0, 0.0).item(), high=1.0)
    files = report_files(better, Silent(), printer=here)
    keys = make_test_pki(tmp_path / "keys", passphrase=None)
    Release(evidence=better, files=(*files, *verifying_aids(better))).save(tmp_path / "release", signer=keys.signer)
    asked = ["verify", str(tmp_path / "release"), "--trust", str(keys.ca)]
    with pytest.raises(SystemExit) as ended:
        run([*asked, "--rerender"])
    assert ended.value.code == 0
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        run([*asked, "--recompute", str(case / "audit.toml"), "--json"])
    assert ended.value.code == 3
    told = json.loads(capsys.readouterr().out)
    assert told["state"] == "valid"
    assert told["exit_code"] == 3
    assert {(d["what"], d["field"]) for d in told["recomputed"]["differences"]} >= {(auc.id, "value"), (auc.id, "high")}
