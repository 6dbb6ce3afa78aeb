"""Monitoring: one pass in blocks, merging, scores of the very model, limits, history, and what is refused."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops.io
from jsonschema import Draft202012Validator
from scipy.stats import ks_2samp
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import roc_auc_score

import explainkit as ek
from explainkit.artifact import sha256_file
from explainkit.assess.monitoring.bins import Baseline
from explainkit.assess.statistics.intervals import delong
from explainkit.assess.statistics.ranking import tabulate
from explainkit.errors import DataError, InputError, ModelError, OutputError, VerificationError
from explainkit.evidence import Evidence
from explainkit.figures import FigureSet
from explainkit.load.assemble import load_subject
from explainkit.monitoring.monitoring import Monitored, monitor
from explainkit.monitoring.summary import Summary
from explainkit.pipeline import gather
from explainkit.sign.keys import TrialKeys
from tests.monitoring.conftest import INPUTS, lender, plan

Monitor = Callable[..., Monitored]


@pytest.fixture(scope="session")
def ask(release: Path, keys: TrialKeys) -> Monitor:
    """Monitor new rows, scored beforehand: to open a model takes seconds."""

    def call(data: Any, **given: Any) -> Monitored:
        given = {"date": "2026-11-02", "score": "p", "trust": keys.ca} | given
        return monitor(release, data, **given)

    return call


# Counts


def test_blocks_and_formats_make_no_difference(ask: Monitor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = lender(1500, 2)
    table.to_parquet(tmp_path / "new.parquet")
    table.to_csv(tmp_path / "new.csv", index=False)
    table.to_feather(tmp_path / "new.feather")
    whole = ask(table)
    for name in ("new.parquet", "new.csv", "new.feather"):
        for size in (97, 100_000):
            monkeypatch.setattr("explainkit.monitoring.monitoring.BATCH_ROWS", size)
            monkeypatch.setattr("explainkit.load.chunks._BLOCK", 100 * size)
            assert ask(tmp_path / name).summary.tally == whole.summary.tally, (name, size)
    assert whole.summary.tally.rows == 1500


def test_ten_days_merged_are_one_pass_over_all(ask: Monitor) -> None:
    table = lender(3000, 3)
    days = [
        ask(table.iloc[places], date=f"2026-11-{day + 1:02}").summary
        for day, places in enumerate(np.array_split(np.arange(len(table)), 10))
    ]
    rng = np.random.default_rng(0)
    merged = days[0]
    for other in days[1:]:
        merged = merged.merge(other)
    assert merged.tally == ask(table).summary.tally
    backwards = [days[place] for place in rng.permutation(10)]
    again = backwards[0].merge(backwards[1])
    rest = backwards[2]
    for other in backwards[3:]:
        rest = other.merge(rest)
    assert again.merge(rest).tally == merged.tally
    assert merged.days == tuple(f"2026-11-{day:02}" for day in range(1, 11))


def test_counts_are_those_of_pandas(ask: Monitor, evidence: Evidence, case: Path) -> None:
    table = lender(1000, 4, moved=0.3)
    table.loc[:9, "income"] = 99.0
    made = ask(table)
    baseline = Baseline.of(evidence)
    assert baseline is not None
    old = pd.read_parquet(case / "rows.parquet")
    for bins in baseline.columns:
        new = made.summary.tally.columns[bins.name]
        assert new.missing == table[bins.name].isna().sum()
        if bins.kind == "numbers":
            edges = [-np.inf, *bins.ends, np.inf]
            for frame, counts in ((table, new.counts), (old, bins.rows)):
                cut = pd.cut(frame[bins.name].dropna(), edges, right=False)
                assert cut.value_counts(sort=False).tolist() == list(counts)
    income = made.summary.tally.columns["income"]
    assert income.outside == ((table["income"] > old["income"].max()) | (table["income"] < old["income"].min())).sum()
    assert income.outside >= 10


# Figures


def test_outcomes_are_measured_within_the_bounds_of_bins(ask: Monitor) -> None:
    table = lender(3000, 5)
    figures = FigureSet(ask(table).figures)
    scores = table["p"]
    area = figures["monitor.roc_auc"]
    assert area.low is not None
    assert area.high is not None
    assert area.value is not None
    distinct = tabulate(scores.to_numpy(), table["bad"].to_numpy() == 1)
    own = delong(distinct.positives, distinct.negatives)
    assert own.interval is not None
    assert area.low < own.interval.low < roc_auc_score(table["bad"], scores) < own.interval.high < area.high
    assert area.high - area.low < own.interval.high - own.interval.low + 0.05
    assert figures["monitor.observed_expected"].value == pytest.approx(table["bad"].mean() / scores.mean(), abs=1e-8)
    assert figures["monitor.selection_rate"].value == (scores < 0.5).mean()
    assert figures["monitor.base_rate"].value == table["bad"].mean()


def test_distances_are_those_of_drift(ask: Monitor, evidence: Evidence, case: Path) -> None:
    old, new = pd.read_parquet(case / "rows.parquet"), lender(2000, 6, moved=0.5)
    figures = FigureSet(ask(new).figures)
    edges = [-np.inf, *Baseline.of(evidence).columns[0].ends, np.inf]  # type: ignore[union-attr]
    p, q = (np.histogram(t["income"], edges)[0] / len(t) for t in (new, old))
    assert figures["monitor.psi[column=income]"].value == pytest.approx(((p - q) * np.log(p / q)).sum())
    assert figures["monitor.ks[column=income]"].value == pytest.approx(np.abs(np.cumsum(p - q)).max())
    assert "monitor.jensen_shannon[column=income]" not in figures


def test_what_has_not_moved_keeps_its_limits_and_what_has_crosses_them(ask: Monitor) -> None:
    calm, moved = ask(lender(2000, 7)), ask(lender(2000, 7, moved=1.0))
    assert calm.passed
    assert not moved.passed
    assert [gate.outcome for gate in moved.alerts] == ["failed", "failed"]
    assert moved.alerts[0].figure == "monitor.psi[column=income]"
    assert moved.rollback[0].outcome == "passed"
    turned = lender(2000, 7)
    turned["bad"] = 1 - turned["bad"]
    assert ask(turned).rollback[0].outcome == "failed"


def test_outcomes_may_come_later(ask: Monitor, tmp_path: Path) -> None:
    table = lender(500, 8)
    first = ask(table.drop(columns="bad"), history=tmp_path)
    assert "monitor.roc_auc" not in FigureSet(first.figures)
    assert [note.what for note in first.notes] == ["outcomes of new data"]
    with pytest.raises(InputError, match="--replace"):
        ask(table, history=tmp_path)
    later = ask(table, history=tmp_path, replace=True)
    assert len(later.history) == 1
    assert later.figure("monitor.labelled").value == 500


def test_without_model_and_scores_inputs_are_monitored_alone(ask: Monitor, release: Path, keys: TrialKeys) -> None:
    made = ask(lender(500, 9), score=None)
    assert {f.name for f in made.figures} & {"monitor.score_psi", "monitor.roc_auc"} == set()
    assert made.notes[-1].what == "scores of new data"
    table = lender(500, 9)
    table["p"] = 0.3
    table.loc[:9, "p"] = np.nan
    made = ek.monitor(release, table, date="2026-11-02", trust=keys.ca, score="p")
    assert made.summary.scores == "column p"
    assert made.figure("monitor.score_missing").events == 10
    with pytest.raises(DataError, match="no probabilities"):
        ask(table.assign(p=2.0))


# History


def test_the_history_keeps_days_in_order_and_measures_them_together(ask: Monitor, tmp_path: Path) -> None:
    parts = [lender(300, seed) for seed in (10, 11, 12)]
    for day, part in zip((3, 1, 2), parts, strict=True):
        made = ask(part, date=f"2026-11-0{day}", history=tmp_path / "h.jsonl")
    assert [s.days for s in made.history] == [("2026-11-01",), ("2026-11-02",), ("2026-11-03",)]
    schema = json.loads((files("explainkit") / "schemas" / "monitor-1.schema.json").read_text())
    document = json.loads(made.summary.to_json())
    Draft202012Validator(schema).validate(document)
    assert not Draft202012Validator(schema).is_valid(document | {"rows": 0})
    lines = (tmp_path / "h.jsonl").read_bytes().splitlines(keepends=True)
    assert [Summary.from_json(line).to_json() for line in lines] == lines
    together = ask(parts[0], date="2026-11-03", history=tmp_path / "h.jsonl", replace=True, days=3)
    assert together.summary.tally == ask(pd.concat(parts, ignore_index=True)).summary.tally


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"{}", "not a summary"),
        (b"not json", "not a summary"),
        (b'{"schema_version":"2.0"}', "unknown schema version"),
        (b'{"schema_version":"1.0","rows":1}', "not a summary"),
    ],
)
def test_a_damaged_history_is_refused_and_kept(ask: Monitor, tmp_path: Path, line: bytes, said: str) -> None:
    path = tmp_path / "h.jsonl"
    path.write_bytes(line + b"\n")
    with pytest.raises(DataError, match=f"line 1.*{said}|{said}.*line 1"):
        ask(lender(100, 1), history=path)
    assert path.read_bytes() == line + b"\n"


def test_summaries_of_other_bins_or_cards_are_refused(ask: Monitor, tmp_path: Path) -> None:
    path = tmp_path / "h.jsonl"
    document = ask(lender(100, 1)).summary.document()
    for change, said in (
        ({"card": "sha256:0"}, "another release"),
        ({"columns": {}}, "does not fit"),
        ({"rows": 0}, "does not fit"),
    ):
        path.write_text(json.dumps(document | change) + "\n")
        with pytest.raises(InputError, match=said):
            ask(lender(100, 1), date="2026-11-03", history=path)
    document["columns"]["income"]["missing"] = -1
    path.write_text(json.dumps(document) + "\n")
    with pytest.raises(InputError, match="not a summary"):
        ask(lender(100, 1), date="2026-11-03", history=path)


# What is refused


def test_nothing_is_written_into_a_release(ask: Monitor, release: Path) -> None:
    before = sorted(release.rglob("*"))
    for place in (release, release / "h.jsonl"):
        with pytest.raises(OutputError, match="nothing but what is signed"):
            ask(lender(100, 1), history=place)
    assert sorted(release.rglob("*")) == before


def test_another_model_is_refused(ask: Monitor, case: Path, tmp_path: Path) -> None:
    other = tmp_path / "model.skops"
    other.write_bytes((case / "model.skops").read_bytes() + b" ")
    with pytest.raises(ModelError, match="another model than that of the card") as caught:
        ask(lender(100, 1), model=other, score=None)
    assert sha256_file(other) in str(caught.value)
    with pytest.raises(InputError, match="two places"):
        ask(lender(100, 1), model=case / "model.skops")


def test_the_model_of_the_card_scores_the_rows(ask: Monitor, case: Path, tmp_path: Path) -> None:
    table = lender(400, 13)
    table.drop(columns="p").to_csv(tmp_path / "new.csv", index=False)
    made = ask(tmp_path / "new.csv", model=case / "model.skops", score=None)
    assert made.summary.tally == ask(table).summary.tally
    assert made.summary.scores == "the model of the card"


def test_a_release_that_does_not_verify_is_refused(ask: Monitor) -> None:
    with pytest.raises(VerificationError, match="indeterminate"):
        ask(lender(100, 1), trust=())
    assert ask(lender(100, 1), trust=(), unverified=True).seen == "indeterminate"


def test_a_card_without_baseline_says_so(
    evidence: Evidence, released: Callable[[Evidence, str], Path], keys: TrialKeys
) -> None:
    without = dataclasses.replace(
        evidence, series=tuple(s for s in evidence.series if not s.id.startswith("baseline."))
    )
    with pytest.raises(InputError, match="no baseline to monitor against"):
        monitor(released(without, "old"), lender(100, 1), date="2026-11-02", trust=keys.ca)


def test_bad_data_is_one_clear_line(ask: Monitor, tmp_path: Path) -> None:
    table = lender(100, 1)
    with pytest.raises(DataError, match="column income: the data lacks columns"):
        ask(table.drop(columns="income"))
    with pytest.raises(DataError, match="another kind than at the baseline"):
        ask(table.assign(income="much"))
    with pytest.raises(DataError, match="outcome that the card does not know"):
        ask(table.assign(bad=7))
    table.assign(income="much").to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(DataError, match="cannot be read"):
        ask(tmp_path / "new.csv")
    with pytest.raises(DataError, match="no such file"):
        ask(tmp_path / "none.csv")
    with pytest.raises(InputError, match="not a day"):
        ask(table, date="yesterday")
    with pytest.raises(InputError, match="history"):
        ask(table, days=3)


# Other tasks than two classes


@pytest.mark.parametrize("classes", [None, 3])
def test_other_tasks_are_monitored_by_what_can_be(
    tmp_path: Path, released: Callable[[Evidence, str], Path], keys: TrialKeys, classes: int | None
) -> None:
    old, new = (lender(400, seed, moved=moved)[INPUTS].fillna(0) for seed, moved in ((1, 0.0), (2, 1.0)))
    amount = old["income"] + np.random.default_rng(0).normal(size=len(old))
    cut = amount if classes is None else pd.qcut(amount, classes, labels=["low", "middle", "high"]).astype(str)
    model = (LinearRegression() if classes is None else LogisticRegression()).fit(old, cut)
    skops.io.dump(model, tmp_path / "model.skops")
    old.assign(due=cut).to_parquet(tmp_path / "rows.parquet")
    asked = plan(
        model={"path": "model.skops"}, data={"evaluation": "rows.parquet", "target": "due"}, fairness={}, monitor={}
    )
    card = released(gather(load_subject(asked, base=tmp_path), asked), "other")
    given: dict[str, Any] = {"date": "2026-11-02", "trust": keys.ca}
    scored = None if classes else tmp_path / "model.skops"
    made = monitor(card, new, model=scored, **given)
    figures = FigureSet(made.figures)
    assert made.figure("monitor.psi[column=income]").low > 0.2  # type: ignore[operator]
    assert "monitor.roc_auc" not in figures
    assert "only those of two classes are monitored" in [note.reason for note in made.notes]
    if classes:
        assert "monitor.score_psi" not in figures
        assert made.notes[0].what == "baseline for monitoring: the score"
        with pytest.raises(InputError, match="several classes are not monitored"):
            monitor(card, new, model=tmp_path / "model.skops", **given)
        return
    assert made.figure("monitor.score_psi").low > 0.2  # type: ignore[operator]
    assert made.figure("monitor.score_ks").value == pytest.approx(
        ks_2samp(model.predict(old), model.predict(new))[0], abs=0.03
    )
    assert monitor(card, new.assign(p=model.predict(new)), score="p", **given).summary.tally == made.summary.tally
