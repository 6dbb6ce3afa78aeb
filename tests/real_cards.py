"""Cards of three real cases, one for each task, made once: data that the repository or scikit-learn ships."""

from __future__ import annotations

import fcntl
from pathlib import Path

import explainkit as ek
from explainkit.evidence import Evidence
from explainkit.load.assemble import load_subject
from explainkit.pipeline import gather
from explainkit.report.assemble import build
from explainkit.report.html import render_html
from tests.datasets import cases
from tests.report.conftest import pdf_of

REAL = ("credit", "wine", "diabetes")
"""Two classes, three classes, a number."""


def made(name: str, folder: Path, sample_models: Path) -> Path:
    """The folder of one card: card.json, card.html, card.pdf; made by the first that asks, of several processes too."""
    card = folder / f"card-{name}"
    card.mkdir(exist_ok=True)
    with (card / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (card / "card.json").exists():
            _make(name, card, sample_models)
    return card


def _make(name: str, card: Path, sample_models: Path) -> None:
    own = name == "credit"
    path = sample_models / "credit" / "audit.toml" if own else cases.prepare(name, card, Path("not-needed"))
    plan = ek.read_plan(path)
    evidence = gather(load_subject(plan, base=path.parent), plan)
    (card / "card.html").write_bytes(render_html(evidence, card=build(evidence)))
    (card / "card.pdf").write_bytes(pdf_of(evidence))
    (card / "card.json").write_bytes(evidence.to_json())


def evidence_of(card: Path) -> Evidence:
    """What a card was made of."""
    return Evidence.from_json((card / "card.json").read_bytes())
