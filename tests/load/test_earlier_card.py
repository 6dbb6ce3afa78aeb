"""The card published before: what it hides of groups is hidden again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import explainkit as ek
from explainkit.errors import DataError, PlanError
from explainkit.load.earlier_card import with_earlier_card
from explainkit.plan import plan_from
from tests.assess.builders import subject_of

pytestmark = pytest.mark.usefixtures("no_pages")
SIZES = {"north": 60, "south": 50, "islands": 8, "abroad": 12}
SMALL: dict[str, Any] = {
    "explain": {"local": 0, "rows": 60},
    "statements": {"population": "all cases"},
    "slices": {"enabled": False},
}


def rows(sizes: dict[str, int]) -> pd.DataFrame:
    frame = pd.DataFrame({"region": [region for region, size in sizes.items() for _ in range(size)]})
    frame["debt"] = np.arange(len(frame)) % 7
    frame["bad"] = (np.arange(len(frame)) % 3 == 0).astype(int)
    return frame


def score(frame: pd.DataFrame) -> np.ndarray:
    return frame["debt"].to_numpy() / 7


def audit(sizes: dict[str, int], where: Path, **fairness: Any) -> ek.Release:
    data = rows(sizes)
    plan = {**SMALL, "fairness": {"basis": {"region": "for a test"}, **fairness}}
    release = ek.audit(
        score, data[["debt"]], data["bad"], sensitive=data[["region"]], plan=plan,
        positive=1, favourable=0, threshold=">=0.5",
    )  # fmt: skip
    release.save(where)
    return release


def counts(release: ek.Release) -> dict[str, float | None]:
    return {f.keys["region"]: f.value for f in release.evidence.figure_set.named("fairness.count")}


def together(release: ek.Release) -> list[str]:
    return [e.reason for e in release.evidence.ledger if "earlier one" in e.what]


@pytest.fixture
def earlier(no_pages: None, tmp_path: Path) -> Path:
    where = tmp_path / "earlier"
    assert counts(audit(SIZES, where)) == {"north": 60, "south": 50, "islands": None, "abroad": None}
    return where


@pytest.mark.parametrize("name", ["", "card.json"])
def test_a_group_that_has_grown_stays_hidden(earlier: Path, tmp_path: Path, name: str) -> None:
    grown = {**SIZES, "islands": 11, "abroad": 13}
    alone = audit(grown, tmp_path / "alone")
    assert counts(alone) == grown
    assert together(alone) == []
    release = audit(grown, tmp_path / "later", earlier=str(earlier / name))
    assert counts(release) == {"north": 60, "south": 50, "islands": None, "abroad": None}
    assert {f.reason for f in release.evidence.figures if f.status == "suppressed"} == {
        "the group has fewer rows than fairness.min_cell, or would reveal one that has, "
        "here or on the earlier card (fairness.earlier)"
    }
    kept, unchecked = together(release)
    assert kept.startswith("whatever model unversioned (card.json sha256:")
    assert "not known" in unchecked  # a function has no digest, so that it is the same is not known
    assert release.evidence.plan["fairness"]["earlier"] == (name or "earlier")


def test_what_it_does_not_cover_is_said(earlier: Path, tmp_path: Path) -> None:
    changed = {"north": 59, "south": 50, "islands": 8, "abroad": 12, "at sea": 30}
    release = audit(changed, tmp_path / "later", earlier=str(earlier))
    said = [(e.reason, e.count) for e in release.evidence.ledger if "earlier one" in e.what and e.kind == "not_tested"]
    assert [count for _, count in said] == [None, 1, 1]
    assert [reason.split(":")[0] for reason, _ in said][1:] == [
        "groups have fewer rows than on the earlier card",
        "groups are new since the earlier card",
    ]
    wider = audit(SIZES, tmp_path / "wider", earlier=str(earlier), min_cell=20)
    assert "the earlier card shows groups smaller than fairness.min_cell is now" in together(wider)


def test_a_card_of_the_same_file_is_known_to_decide_alike(earlier: Path, tmp_path: Path) -> None:
    from dataclasses import replace

    from explainkit.evidence import Evidence, ModelIdentity

    identity = ModelIdentity(family="lightgbm", kind="", digest="sha256:1", digest_of="the file m.txt")
    card = Evidence.from_json((earlier / "card.json").read_bytes())
    (tmp_path / "card.json").write_bytes(replace(card, model=identity).to_json())
    plan = plan_from({"fairness": {"earlier": "card.json"}})
    subject = subject_of(np.array([0.1, 0.9]), identity=identity)
    entries = with_earlier_card(subject, plan, base=tmp_path).ledger
    assert [entry.kind for entry in entries] == ["assumed"]
    other = replace(subject, identity=replace(identity, digest="sha256:2"))
    assert [entry.kind for entry in with_earlier_card(other, plan, base=tmp_path).ledger] == ["assumed", "not_tested"]


def test_no_card(tmp_path: Path) -> None:
    subject = subject_of(np.array([0.1, 0.9]))
    plan = plan_from({"fairness": {"earlier": "card.json"}})
    with pytest.raises(PlanError, match=r"fairness\.earlier: no such card"):
        with_earlier_card(subject, plan, base=tmp_path)
    (tmp_path / "card.json").write_text("{}")
    with pytest.raises(DataError, match=r"fairness\.earlier: card\.json: not a card"):
        with_earlier_card(subject, plan, base=tmp_path)
    assert with_earlier_card(subject, plan_from({}), base=tmp_path) is subject
