"""Figures of monitoring for Prometheus: OpenMetrics text, written so that the older text format reads the same."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

from explainkit.figures import Figure
from explainkit.monitoring.monitoring import Monitored
from explainkit.monitoring.telling import crossed

PREFIX = "explainkit_monitor"
CROSSED, DAY = f"{PREFIX}_limit_crossed", f"{PREFIX}_day_timestamp_seconds"


def exposition(made: Monitored) -> bytes:
    """Every measured figure as a gauge, its ends as gauges too; limits as 0 or 1; the last day as a time.

    Samples have no time stamp of their own, which the text file collector of the node exporter refuses.
    """
    release = {"model": made.evidence.name, "version": made.evidence.version, "card": made.card.partition(":")[2][:12]}
    families: dict[str, list[Figure]] = {}
    for figure in made.figures:
        if figure.value is not None:
            families.setdefault(figure.name, []).append(figure)
    lines: list[str] = []
    for name, figures in families.items():
        metric = f"{PREFIX}_{name.removeprefix('monitor.')}"
        for end, suffix in (("value", ""), ("low", "_low"), ("high", "_high")):
            samples = [(f.keys, getattr(f, end)) for f in figures if getattr(f, end) is not None]
            method = figures[0].method or ""
            about = method if end == "value" else f"{'Lower' if end == 'low' else 'Upper'} end; {method}"
            lines += _family(metric + suffix, about, [(release | keys, value) for keys, value in samples])
    limits = [
        (release | {"kind": kind, "limit": gate.gate, "stated": gate.limit}, int(crossed(gate)))
        for kind, held in made.limits
        for gate in held.gates
    ]
    lines += _family(CROSSED, "Whether a limit of the signed card was crossed", limits)
    last = dt.datetime.fromisoformat(made.summary.days[-1]).replace(tzinfo=dt.UTC)
    lines += _family(DAY, "Last day of the rows", [(release, int(last.timestamp()))])
    return ("\n".join(lines) + "\n# EOF\n").encode()


def _family(name: str, about: str, samples: Sequence[tuple[Mapping[str, str], float]]) -> Iterator[str]:
    if not samples:
        return
    yield f"# HELP {name} {_escaped(about, quotes=True)}"
    yield f"# TYPE {name} gauge"
    for labels, value in samples:
        told = ",".join(f'{key}="{_escaped(text, quotes=True)}"' for key, text in labels.items())
        yield f"{name}{{{told}}} {value!r}"


def _escaped(text: str, *, quotes: bool) -> str:
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace('"', '\\"') if quotes else text
