"""Outcomes as JUnit XML, the format of test reports that CI servers show.

The format has no warning. What failed without blocking is *skipped*, as is what was not measured and may be missing:
servers show both, with the message, and neither turns a job red.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from explainkit.evidence import Evidence, GateOutcome
from explainkit.report.gate_lines import deciding, figure_line, gate_outcome
from explainkit.report.text import printable
from explainkit.sign.verdict import FileVerdict, SignatureVerdict, Verification

Outcome: TypeAlias = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was checked."""

    group: str
    """Prefix under which servers list it."""
    name: str
    outcome: Outcome
    message: str = ""
    """Why it did not pass, in one line."""
    details: str = ""
    """What was looked at."""


def junit_xml(name: str, checks: Iterable[Check]) -> bytes:
    """A report with one test case for each check; without clock and host, so that the same checks give the same bytes.

    Parameters
    ----------
    name : str
        Name of the suite.
    checks : iterable of Check
        In the order in which they are reported.
    """
    checks = _told_apart(checks)
    counts = {
        "tests": str(len(checks)),
        "failures": str(sum(check.outcome == "failed" for check in checks)),
        "errors": "0",
        "skipped": str(sum(check.outcome == "skipped" for check in checks)),
    }
    root = Element("testsuites", counts)
    suite = SubElement(root, "testsuite", {"name": printable(name), **counts})
    for check in checks:
        case = SubElement(suite, "testcase", {"classname": check.group, "name": printable(check.name), "time": "0"})
        if check.outcome != "passed":
            kind = {"type": "gate"} if check.outcome == "failed" else {}
            tag = "failure" if check.outcome == "failed" else "skipped"
            problem = SubElement(case, tag, {"message": printable(check.message), **kind})
            problem.text = printable(check.details, lines=True) or None
        elif check.details:
            SubElement(case, "system-out").text = printable(check.details, lines=True)
    indent(root)
    report: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return report + b"\n"


def _told_apart(checks: Iterable[Check]) -> tuple[Check, ...]:
    """Checks of one name are counted: servers take two of one group and name for one."""
    seen: Counter[tuple[str, str]] = Counter()
    found = []
    for check in checks:
        seen[check.group, check.name] += 1
        count = seen[check.group, check.name]
        found.append(check if count == 1 else replace(check, name=f"{check.name} ({count})"))
    return tuple(found)


def gate_checks(evidence: Evidence) -> tuple[Check, ...]:
    """One check for each gate of a card; where there are none, one that says so."""
    if not evidence.gates:
        message = "NO GATES DEFINED: no limit was set that a figure could fail"
        return (Check(group="explainkit.gates", name="gates", outcome="skipped", message=message),)
    return tuple(_gate_check(gate, evidence) for gate in evidence.gates)


def limit_checks(made: Iterable[tuple[str, Evidence]]) -> tuple[Check, ...]:
    """One check for each limit of monitoring; where none is stated, one that says so.

    Parameters
    ----------
    made : iterable of (str, Evidence)
        ``alert`` or ``rollback``, with the figures of new data and the limits of that kind.
    """
    found = tuple(
        replace(_gate_check(gate, evidence), group=f"explainkit.monitor.{kind}")
        for kind, evidence in made
        for gate in evidence.gates
    )
    message = "NO LIMITS STATED: monitor.alerts and monitor.rollback of the plan"
    return found or (Check(group="explainkit.monitor", name="limits", outcome="skipped", message=message),)


def _gate_check(gate: GateOutcome, evidence: Evidence) -> Check:
    figure = deciding(gate, evidence)
    unmeasured = figure is None or figure.value is None
    failed = gate.outcome == "failed" and gate.severity == "block"
    passed = gate.outcome == "passed" and not unmeasured
    return Check(
        group="explainkit.gates",
        name=f"{gate.gate} {gate.limit}" + ("" if gate.bound == "value" else f" ({gate.bound} end of the interval)"),
        outcome="failed" if failed else "passed" if passed else "skipped",
        message=gate_outcome(gate, evidence),
        details=f"{gate.gate}: no such figure was measured" if figure is None else figure_line(figure),
    )


def verification_checks(
    found: Verification, again: Sequence[tuple[str, bool, Sequence[str]]] = ()
) -> tuple[Check, ...]:
    """The verdict with its reasons, then every signature and every file.

    Parameters
    ----------
    found : Verification
        What was found.
    again : sequence of (str, bool, sequence of str), optional
        What was performed again: its name, whether it is as on the card, and what came of it in lines.
    """
    reasons = [f"{reason.state}: {reason}" for reason in found.reasons]
    refused = ["the card was withdrawn, or is rejected by one who signed it"] if found.refused else []
    verdict = Check(
        group="explainkit.release",
        name="valid",
        outcome="passed" if found.state == "valid" and not found.refused else "failed",
        message="; ".join((*reasons, *refused)),
        details="\n".join(found.lines()),
    )
    performed = (
        Check(
            group="explainkit.release",
            name=name,
            outcome="passed" if same else "failed",
            message="not as on the card",
            details="\n".join(lines),
        )
        for name, same, lines in again
    )
    return (verdict, *performed, *map(_signature_check, found.signatures), *map(_file_check, found.files))


def _signature_check(signature: SignatureVerdict) -> Check:
    return Check(
        group="explainkit.signatures",
        name=f"{signature.role}, {signature.kind} over {signature.covers}",
        outcome="passed" if signature.state == "valid" else "failed",
        message=signature.state,
        details=f"signer: {signature.signer or 'unknown'}",
    )


def _file_check(file: FileVerdict) -> Check:
    outcome: Outcome = "skipped" if file.intact is None else "passed" if file.intact and file.listed else "failed"
    message = "nothing tells whether it is intact" if file.intact is None else "not as signed"
    return Check(group="explainkit.files", name=file.name, outcome=outcome, message=message)
