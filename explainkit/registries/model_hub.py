"""README.md for a model hub: a block of metadata as Hugging Face specifies it, then the page.

The specification is ``modelcard.md`` of https://github.com/huggingface/hub-docs (read in its state of 2026-08-22).
Nothing is filled in that a person has to state: no licence, no data set of the hub, no base model.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from explainkit.artifact import Artifact
from explainkit.evidence import Evidence
from explainkit.figures import Figure
from explainkit.registries.exportable import Exportable
from explainkit.report.measures import measure
from explainkit.report.readme import render_readme

_TASKS = {
    "binary": "tabular-classification",
    "multiclass": "tabular-classification",
    "regression": "tabular-regression",
}
_METRICS = {
    "performance.accuracy": "accuracy",
    "performance.precision": "precision",
    "performance.recall": "recall",
    "performance.roc_auc": "roc_auc",
    "performance.brier": "brier_score",
    "performance.mae": "mae",
    "performance.r2": "r_squared",
}
"""Ids of https://huggingface.co/metrics for what is the same measure; any other keeps our name."""
_ARGUMENTS = ("low", "high", "level", "n", "events", "threshold", "weighting", "method")


def readme(given: Exportable) -> Artifact:
    """The page of a card, with its metadata.

    Parameters
    ----------
    given : Exportable
        What may go out.

    Returns
    -------
    Artifact
        ``README.md``; the same card gives the same bytes.
    """
    import yaml

    block = yaml.safe_dump(_metadata(given.evidence), sort_keys=False, allow_unicode=True, width=1000)
    page = render_readme(given.summary, card=given.evidence if given.internal else None)
    return Artifact(name="README.md", data=f"---\n{block}---\n\n{page}".encode(), media_type="text/markdown")


def _metadata(evidence: Evidence) -> dict[str, Any]:
    task, metrics = _TASKS[evidence.task], list(_metrics(evidence))
    family = () if evidence.model.family in ("callable", "scores") else (evidence.model.family,)
    state = ("draft",) if evidence.draft else ()
    metadata: dict[str, Any] = {"pipeline_tag": task, "tags": [*family, "model-card", *state, "explainkit"]}
    if not metrics:
        return metadata
    results = {"task": {"type": task}, "dataset": _dataset(evidence), "metrics": metrics}
    return {
        **metadata,
        "metrics": list(dict.fromkeys(m["type"] for m in metrics if m["type"] in _METRICS.values())),
        "model-index": [{"name": evidence.name, "results": [results]}],
    }


def _dataset(evidence: Evidence) -> dict[str, Any]:
    """The evaluation data, which is on no hub: it is named by its digest, with whom its rows stand for."""
    digest = next(d.digest for d in evidence.datasets if d.role == "evaluation")
    population = {"args": {"population": list(evidence.population)}} if evidence.population else {}
    return {"type": "evaluation-data", "name": "Evaluation data", "revision": digest, **population}


def _metrics(evidence: Evidence) -> Iterator[dict[str, Any]]:
    """Measures over all rows; groups stand in the page, since the format has no place for them."""
    for figure in evidence.figures:
        if figure.value is None or not figure.name.startswith("performance.") or not set(figure.keys) <= {"average"}:
            continue
        known = {name: getattr(figure, name) for name in _ARGUMENTS if getattr(figure, name) is not None}
        yield {
            "type": _METRICS.get(figure.name, figure.name),
            "value": figure.value,
            "name": _title(figure),
            "args": {"figure": figure.id, **known},
        }


def _title(figure: Figure) -> str:
    title = measure(figure.name).title
    return title if not figure.keys else f"{title} ({', '.join(figure.keys.values())})"
