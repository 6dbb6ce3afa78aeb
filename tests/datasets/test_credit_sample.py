"""The credit sample: its data, its labels, its rebuild, its plans."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
import skops.io

from explainkit.plan import read_plan
from explainkit.statements import answered

PLANS = ("audit.toml", "audit-lightgbm.toml")


@pytest.fixture(scope="module")
def credit(sample_models: Path) -> Path:
    return sample_models / "credit"


@pytest.fixture(scope="module")
def build(credit: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("credit_build", credit / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def raw(build: ModuleType) -> pd.DataFrame:
    frame: pd.DataFrame = build.read_raw()
    return frame


@pytest.fixture
def workshop(credit: Path, tmp_path: Path) -> Path:
    """A copy of the sample that a test may spoil."""
    return Path(shutil.copytree(credit, tmp_path / "credit", ignore=shutil.ignore_patterns("__pycache__")))


def check(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", str(folder / "build.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_raw_file_is_the_published_one(credit: Path, shared_data: Path) -> None:
    assert (credit / "data" / "german.data").read_bytes() == (shared_data / "german" / "german.data").read_bytes()


def test_published_rates_hold_on_the_raw_file(raw: pd.DataFrame) -> None:
    # AIF360 reads A92 and A95 as women, which the corrected labels rule out: arithmetic of the file, not a finding.
    good = raw["credit_risk"] == 1
    first = raw["marital_status"].isin(["A92", "A95"])
    assert (int((good & first).sum()), int(first.sum())) == (201, 310)
    assert (int((good & ~first).sum()), int((~first).sum())) == (499, 690)
    rates = good[first].mean(), good[~first].mean()
    assert rates[0] - rates[1] == pytest.approx(-0.0748013090229, abs=1e-12)
    assert rates[0] / rates[1] == pytest.approx(0.896567328205, abs=1e-12)


def test_every_code_of_the_raw_file_has_a_label_of_its_own(build: ModuleType, raw: pd.DataFrame) -> None:
    columns = build.label_table()
    assert len(columns) == raw.shape[1] == 21
    coded = {column["name"] for column in columns if "codes" in column}
    assert set(raw.columns) - coded == {"duration_months", "amount", "age", "credit_risk"}
    for column in columns:
        codes = column.get("codes", {})
        assert len(set(codes.values())) == len(codes), column["name"]
        if codes:
            assert set(raw[column["name"]].astype(str)) <= set(codes), column["name"]


def test_labels_are_the_corrected_ones(build: ModuleType) -> None:
    codes = {column["name"]: column.get("codes", {}) for column in build.label_table()}
    assert codes["checking_account"]["A11"] == "no checking account"
    assert codes["checking_account"]["A14"] == "200 DM or more, or salary for at least 1 year"
    assert codes["credit_history"]["A30"] == "delay in paying off in the past"
    assert codes["purpose"]["A40"] == "others"
    assert codes["purpose"]["A410"] == "business"
    assert codes["savings"]["A61"] == "unknown or no savings account"
    assert codes["installment_rate"]["1"] == "35 % of income or more"
    assert codes["marital_status"]["A92"] == "female non-single or male single"
    assert codes["property"]["A124"] == "real estate"
    assert codes["housing"]["A151"] == "for free"
    assert codes["dependants"] == {"1": "0 to 2", "2": "3 or more"}
    assert codes["foreign_worker"] == {"A201": "no", "A202": "yes"}


def test_what_is_called_wrong_is_what_the_copied_table_says(build: ModuleType, shared_data: Path) -> None:
    copied = json.loads((shared_data / "german" / "values_maps.json").read_text("utf-8"))
    names = {"checking_account": "status", "employment": "present_employment", "marital_status": "status_sex"}
    names["other_installment_plans"] = "installment_plans"
    words = {True: "yes", False: "no"}
    compared = 0
    for column in build.label_table():
        table = copied.get(names.get(column["name"], column["name"]), {})
        for code, label in column.get("copied", {}).items():
            assert label != column["codes"][code]
            if table:
                assert " ".join(label.split()) == " ".join(str(words.get(table[code], table[code])).split())
                compared += 1
    assert compared == 37


@pytest.mark.parametrize(
    ("column", "risky", "sound"),
    [
        ("checking_account", "no checking account", "200 DM or more, or salary for at least 1 year"),
        ("credit_history", "delay in paying off in the past", "all credits at this bank paid back duly"),
        ("savings", "unknown or no savings account", "500 to below 1000 DM"),
        ("savings", "below 100 DM", "1000 DM or more"),
        ("employment", "below 1 year", "7 years or more"),
    ],
)
def test_labels_are_plausible(build: ModuleType, raw: pd.DataFrame, column: str, risky: str, sound: str) -> None:
    frame = build.labelled(raw)
    shares = frame.groupby(column, observed=True)["credit_risk"].mean()
    assert shares[risky] > 1.4 * shares[sound]


def test_a_code_without_label_is_refused(build: ModuleType, raw: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="housing: no label for A159"):
        build.labelled(raw.assign(housing="A159"))


def test_the_split_is_a_stratified_partition(credit: Path, build: ModuleType, raw: pd.DataFrame) -> None:
    train, test = (pd.read_parquet(credit / name) for name in ("train.parquet", "test.parquet"))
    assert (len(train), len(test)) == (700, 300)
    assert (train["credit_risk"].sum(), test["credit_risk"].sum()) == (210, 90)
    both = pd.concat([train, test]).sort_values("case", ignore_index=True)
    pd.testing.assert_frame_equal(both, build.labelled(raw))


def test_protected_columns_are_no_inputs(credit: Path, build: ModuleType) -> None:
    inputs = build.inputs()
    assert len(inputs) == 17
    assert not {"age", "marital_status", "foreign_worker", "case", "credit_risk"} & set(inputs)
    pipeline = build.open_pipeline(credit / "model.skops")
    assert list(pipeline.feature_names_in_) == inputs
    text = (credit / "model-lightgbm.txt").read_text("utf-8")
    assert f"feature_names={' '.join(inputs)}\n" in text


def test_models_are_files_that_run_nothing(credit: Path, build: ModuleType) -> None:
    suffixes = {path.suffix for path in credit.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert suffixes == {".data", ".md", ".parquet", ".py", ".skops", ".toml", ".txt"}
    assert set(skops.io.get_untrusted_types(file=credit / "model.skops")) <= set(build.OUR_TYPES)
    assert zipfile.is_zipfile(credit / "model.skops")
    assert (credit / "model.skops").stat().st_size < 1_000_000


def test_the_twin_predicts_like_the_pipeline(credit: Path, build: ModuleType) -> None:
    pytest.importorskip("lightgbm")
    test = pd.read_parquet(credit / "test.parquet")
    scores = build.predict(credit, test)
    assert np.corrcoef(scores["model.skops"], scores["model-lightgbm.txt"])[0, 1] > 0.9


@pytest.mark.slow
def test_a_fresh_build_equals_the_committed_files(workshop: Path) -> None:
    result = check(workshop)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.slow
def test_the_check_finds_a_changed_split_and_a_changed_model(workshop: Path, build: ModuleType) -> None:
    train, test = (pd.read_parquet(workshop / name) for name in ("train.parquet", "test.parquet"))
    skops.io.dump(build.fit_pipeline(test), workshop / "model.skops")
    train.iloc[::-1].to_parquet(workshop / "train.parquet", index=False)
    result = check(workshop)
    assert result.returncode == 1
    assert result.stderr.splitlines()[0] == "train.parquet: other rows or values"
    assert "model.skops: predictions differ by up to " in result.stderr


def test_a_changed_raw_file_is_refused(workshop: Path) -> None:
    path = workshop / "data" / "german.data"
    path.write_bytes(path.read_bytes().replace(b"A11 6 A34", b"A11 7 A34", 1))
    result = check(workshop)
    assert result.returncode == 1
    assert "german.data is not the published file" in result.stderr


@pytest.mark.parametrize("name", PLANS)
def test_plans_are_valid_and_say_what_the_data_is(credit: Path, name: str) -> None:
    plan = read_plan(credit / name)
    assert plan.population.accepted_only
    assert plan.population.resampled
    assert plan.model.cutoff is not None
    assert (plan.model.positive, plan.fairness.favourable) == ("1", "0")
    assert plan.data.sensitive == ("age", "marital_status")
    assert set(plan.fairness.basis) == set(plan.data.sensitive)
    assert plan.features["age"].cuts_reason
    assert plan.gates
    answers = {key: statement.given for key, statement in plan.statements.items()}
    blank = {s.id for s in answered(answers, ("favourable",)) if s.answer is None and s.required}
    assert blank == {"expiry", "validation", "disagreements"}
    columns = set(pd.read_parquet(credit / str(plan.data.evaluation)).columns)
    assert set(plan.features) <= columns
    assert (credit / str(plan.model.path)).is_file()


def test_every_input_says_when_it_is_known(credit: Path, build: ModuleType) -> None:
    plan = read_plan(credit / "audit.toml")
    assert {name for name, feature in plan.features.items() if feature.available == "application"} == set(
        build.inputs()
    )
