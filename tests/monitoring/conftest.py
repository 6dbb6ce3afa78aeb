"""A small lender with a signed release, and new rows that can be changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from explainkit.evidence import Evidence
from explainkit.load.assemble import load_subject
from explainkit.pipeline import gather
from explainkit.plan import Plan, plan_from
from explainkit.sign.aids import verifying_aids
from explainkit.sign.keys import TrialKeys, make_test_pki
from explainkit.sign.release import sign_release
from tests.sign.builders import make_html, make_pdf, write

INPUTS = ["income", "debt", "years"]
LIMITS = {
    "alerts": {"monitor.psi": {"max": 0.2}, "monitor.psi[column=income]": {"max": 0.1}},
    "rollback": {"monitor.roc_auc": {"min": 0.6, "bound": "low", "if_missing": "allow"}},
}


def fitted() -> Pipeline:
    """The model: the same rows give the same one."""
    table = unscored(2000, 1)
    return make_pipeline(SimpleImputer(), LogisticRegression()).fit(table[INPUTS], table["bad"])


def lender(count: int, seed: int, *, moved: float = 0.0) -> pd.DataFrame:
    """Rows with the scores of the model, ``p``."""
    table = unscored(count, seed, moved=moved)
    return table.assign(p=fitted().predict_proba(table[INPUTS])[:, 1])


def unscored(count: int, seed: int, *, moved: float = 0.0) -> pd.DataFrame:
    """Rows of a made-up lender, whose income is moved by so many standard deviations."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"income": rng.normal(moved, 1, count), "debt": rng.exponential(size=count)})
    table["years"] = rng.integers(0, 40, count)
    table["region"] = rng.choice(["north", "south", "east", "far"], count, p=[0.5, 0.3, 0.195, 0.005])
    table["sex"] = rng.choice(["f", "m"], count)
    table.loc[rng.random(count) < 0.1, "debt"] = np.nan
    table["bad"] = (rng.random(count) < 1 / (1 + np.exp(table["income"] + 0.5))).astype(int)
    return table


@pytest.fixture(scope="session")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the model, and the rows that it was measured on."""
    folder = tmp_path_factory.mktemp("lender")
    unscored(2000, 1).to_parquet(folder / "rows.parquet")
    skops.io.dump(fitted(), folder / "model.skops")
    return folder


def plan(**tables: object) -> Plan:
    """A plan that measures little but what is monitored."""
    document: dict[str, object] = {
        "model": {"path": "model.skops", "positive": 1, "threshold": ">=0.5"},
        "data": {"evaluation": "rows.parquet", "target": "bad", "sensitive": ["sex"]},
        "fairness": {"favourable": 0, "basis": {"sex": "for a test"}},
        "slices": {"enabled": False},
        "explain": {"lime_seeds": 0, "local": 0},
        "statements": {"population": "all cases"},
        "monitor": LIMITS,
    }
    return plan_from(document | tables)


@pytest.fixture(scope="session")
def evidence(case: Path) -> Evidence:
    """The card of the lender."""
    asked = plan()
    return gather(load_subject(asked, base=case), asked)


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> TrialKeys:
    """TEST keys, made once."""
    return make_test_pki(tmp_path_factory.mktemp("keys"), passphrase=None)


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory, keys: TrialKeys) -> Callable[[Evidence, str], Path]:
    """Make a signed release of a card."""

    def make(card: Evidence, name: str) -> Path:
        # The page shows little: it is not what is monitored by.
        empty = make_html(dataclasses.replace(card, figures=card.figures[:3], series=()))
        files = {"card.json": card.to_json(), "card.html": empty, "card.pdf": make_pdf(empty, card.to_json())}
        files |= {artifact.name: artifact.data for artifact in verifying_aids(card)}
        folder = write(tmp_path_factory.mktemp(name) / "release", files)
        sign_release(folder, keys.signer)
        return folder

    return make


@pytest.fixture(scope="session")
def release(evidence: Evidence, released: Callable[[Evidence, str], Path]) -> Path:
    """The signed release that no test changes."""
    return released(evidence, "lender-release")
