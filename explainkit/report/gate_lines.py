"""Gates in one line each, for a terminal, a log or a message of a failing test."""

from __future__ import annotations

from explainkit.evidence import Evidence, GateOutcome
from explainkit.figures import Figure
from explainkit.report.numbers import figure_text, format_number


def gate_line(gate: GateOutcome, evidence: Evidence) -> str:
    """Gate, limit and outcome, with the number that decided and the reason."""
    return f"gate {gate.gate} {gate.limit}: {gate_outcome(gate, evidence)}"


def gate_outcome(gate: GateOutcome, evidence: Evidence) -> str:
    """What a gate said, with the number it looked at."""
    figure = deciding(gate, evidence)
    found = None if figure is None else {"value": figure.value, "low": figure.low, "high": figure.high}[gate.bound]
    seen = "" if found is None or figure is None else f"found {format_number(found, figure.unit)}; "
    outcome = "failed, a warning only" if (gate.outcome, gate.severity) == ("failed", "warn") else gate.outcome
    return f"{outcome} ({seen}{gate.reason})"


def deciding(gate: GateOutcome, evidence: Evidence) -> Figure | None:
    """The figure that decided; None where there is none."""
    return None if gate.figure is None else evidence.figure_set.get(gate.figure)


def figure_line(figure: Figure) -> str:
    """A figure with its interval and n, or why it has no value."""
    if figure.value is None:
        return f"{figure.id} is {figure.status.replace('_', ' ')}: {figure.reason}"
    line = f"{figure.id} = {figure_text(figure)}"
    if figure.low is not None and figure.high is not None:
        level = f"{100 * figure.level:g} % interval " if figure.level is not None else ""
        line += f" ({level}{figure_text(figure, 'low')} to {figure_text(figure, 'high')})"
    return line + (f", n = {figure.n}" if figure.n is not None else "")
