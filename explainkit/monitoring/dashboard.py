"""A dashboard of the metrics of monitoring, as JSON that Grafana imports (schema version 36 and later)."""

from __future__ import annotations

import json
from typing import Any

from explainkit.monitoring.monitoring import Monitored
from explainkit.monitoring.openmetrics import CROSSED, DAY, PREFIX

SCHEMA_VERSION = 36
_SOURCE = {"type": "prometheus", "uid": "${source}"}
_WIDTH, _HEIGHT = 12, 8
_GRAPHS = (
    ("Drift of the score", "score_psi", "PSI", True),
    ("Drift of the inputs", "psi", "{{column}}", False),
    ("Share decided favourably", "selection_rate", "share", True),
    ("Area under the ROC curve", "roc_auc", "AUC", True),
    ("Observed over expected", "observed_expected", "ratio", True),
    ("Missing values, less those of the evaluation data", "missing", "{{column}}", False),
    ("Values that the card does not name, less those of the evaluation data", "new_values", "{{column}}", False),
    ("Values outside the range of the evaluation data", "out_of_range", "{{column}}", False),
    ("Rows", "rows", "rows", False),
    ("Rows with an outcome", "labelled", "rows", False),
)


def dashboard(made: Monitored) -> bytes:
    """The dashboard of one model; the data source is chosen when it is imported.

    Parameters
    ----------
    made : Monitored
        Whose model is shown.
    """
    chosen = f'{{model={json.dumps(made.evidence.name)},version=~"$version"}}'
    panels = [_limits(chosen), _age(chosen)]
    panels += [_graph(place, *graph, chosen) for place, graph in enumerate(_GRAPHS)]
    for number, panel in enumerate(panels, 1):
        panel["id"] = number
    document = {
        "title": f"explainkit: {made.evidence.name}",
        "description": "New data against the signed model card, by explainkit monitor",
        "tags": ["explainkit"],
        "schemaVersion": SCHEMA_VERSION,
        "editable": True,
        "time": {"from": "now-90d", "to": "now"},
        "templating": {"list": [_source(), _version(made.evidence.name)]},
        "panels": panels,
    }
    return json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n"


def _source() -> dict[str, Any]:
    return {"name": "source", "label": "Data source", "type": "datasource", "query": "prometheus"}


def _version(model: str) -> dict[str, Any]:
    query = f"label_values({DAY}{{model={json.dumps(model)}}}, version)"
    return {
        "name": "version",
        "label": "Version",
        "type": "query",
        "datasource": _SOURCE,
        "query": query,
        "refresh": 2,
        "includeAll": True,
        "multi": True,
    }


def _limits(chosen: str) -> dict[str, Any]:
    steps = [{"color": "green", "value": None}, {"color": "red", "value": 1}]
    mapping = {"0": {"text": "kept", "index": 0}, "1": {"text": "CROSSED", "index": 1}}
    defaults = {
        "mappings": [{"type": "value", "options": mapping}],
        "thresholds": {"mode": "absolute", "steps": steps},
    }
    return _panel(
        "Limits of the signed card",
        "stat",
        0,
        0,
        [(f"{CROSSED}{chosen}", "{{kind}}: {{limit}} {{stated}}")],
        defaults,
        {"colorMode": "background", "textMode": "value_and_name", "reduceOptions": {"calcs": ["lastNotNull"]}},
    )


def _age(chosen: str) -> dict[str, Any]:
    options = {"colorMode": "none", "reduceOptions": {"calcs": ["lastNotNull"]}}
    target = [(f"time() - {DAY}{chosen}", "since the last day")]
    return _panel("Age of the last day", "stat", _WIDTH, 0, target, {"unit": "s"}, options)


def _graph(place: int, title: str, figure: str, legend: str, ends: bool, chosen: str) -> dict[str, Any]:
    metric = f"{PREFIX}_{figure}"
    targets = [(metric + chosen, legend)]
    if ends:
        targets += [(f"{metric}_{end}{chosen}", f"{legend}, {end} end") for end in ("low", "high")]
    down, across = divmod(place, 2)
    return _panel(title, "timeseries", across * _WIDTH, (down + 1) * _HEIGHT, targets, {}, {})


def _panel(
    title: str,
    kind: str,
    x: int,
    y: int,
    targets: list[tuple[str, str]],
    defaults: dict[str, Any],
    options: dict[str, Any],
) -> dict[str, Any]:
    return {
        "title": title,
        "type": kind,
        "datasource": _SOURCE,
        "gridPos": {"x": x, "y": y, "w": _WIDTH, "h": _HEIGHT},
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": options,
        "targets": [
            {"refId": chr(ord("A") + n), "expr": query, "legendFormat": legend, "datasource": _SOURCE}
            for n, (query, legend) in enumerate(targets)
        ],
    }
