"""Assertions for the test suite of whoever trains a model: gates, single figures, and that a release verifies.

They read a release that was just made, its folder, or its card.json. What was not measured fails, as a gate does.

Examples
--------
>>> from explainkit.testing import assert_figure, assert_gates, assert_verified
>>> assert_gates("release")                                              # doctest: +SKIP
>>> assert_figure("release", "performance.roc_auc", min=0.7, bound="low")   # doctest: +SKIP
>>> assert_verified("release", trust="ca.pem")                           # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypeAlias

from explainkit.errors import InputError, nearest
from explainkit.evidence import Evidence
from explainkit.exported import read_evidence
from explainkit.figures import Figure, parse_figure_id
from explainkit.release import Release
from explainkit.report.gate_lines import deciding, figure_line, gate_line
from explainkit.report.numbers import format_number
from explainkit.sign.verdict import Verification

Card: TypeAlias = Release | Evidence | Path | str


def assert_gates(card: Card, *, warnings: bool = False, allow_none: bool = False) -> None:
    """Assert that every gate of a card passed.

    Parameters
    ----------
    card : Release, Evidence or path
        A release, its folder, or a card.json.
    warnings : bool, default False
        Whether gates that only warn have to pass, too.
    allow_none : bool, default False
        Whether a card without any gate passes.

    Raises
    ------
    AssertionError
        With every gate that failed: its limit, the figure with its interval, and the reason.
    """
    evidence = _evidence(card)
    if not evidence.gates and not allow_none:
        raise AssertionError("no gates are defined; set limits in the plan under [gates], or pass allow_none=True")
    failed = [g for g in evidence.gates if g.outcome == "failed" and (warnings or g.severity == "block")]
    lines = []
    for gate in failed:
        figure = deciding(gate, evidence)
        lines.append(gate_line(gate, evidence) + (f"\n    {figure_line(figure)}" if figure is not None else ""))
    if failed:
        count = f"{len(failed)} of {len(evidence.gates)} gates failed"
        raise AssertionError("\n  ".join((count, *lines)))


def assert_figure(
    card: Card,
    figure: str,
    *,
    min: float | None = None,
    max: float | None = None,
    bound: Literal["value", "low", "high"] = "value",
    if_missing: Literal["fail", "allow"] = "fail",
) -> None:
    """Assert that a figure keeps a limit.

    Parameters
    ----------
    card : Release, Evidence or path
        A release, its folder, or a card.json.
    figure : str
        Id, for example ``fairness.impact_ratio[sex=female]``; a name without brackets stands for every figure of that
        name, as in gates.
    min, max : float, optional
        The limits, which are themselves allowed; at least one.
    bound : {"value", "low", "high"}
        Whether the value has to keep them, or an end of its interval.
    if_missing : {"fail", "allow"}
        What a figure without a value means, and one that does not exist.

    Raises
    ------
    AssertionError
        With every figure that does not keep the limits.
    InputError
        If no limit is given, or the bound is unknown.
    """
    if min is None and max is None:
        raise InputError("no limit to hold the figure against", where=figure, allowed="min, max, or both")
    if bound not in ("value", "low", "high"):
        raise InputError("unknown bound", where="bound", found=repr(bound), allowed="value, low, high")
    figures = _evidence(card).figure_set
    name, keys = parse_figure_id(figure)
    found = tuple(f for f in figures.named(name) if not keys or f.keys == keys)
    if not found and if_missing == "fail":
        raise AssertionError(f"{figure}: no such figure was measured; {nearest(figure, (f.id for f in figures))}")
    limits = " and ".join(f"{sign} {limit:g}" for sign, limit in ((">=", min), ("<=", max)) if limit is not None)
    wrong = [line for f in found if (line := _wrong(f, min, max, bound, allowed=if_missing == "allow")) is not None]
    if wrong:
        which = "" if bound == "value" else f" at the {bound} end of the interval"
        raise AssertionError("\n  ".join((f"{figure} is not {limits}{which}", *wrong)))


def assert_verified(
    path: Path | str,
    *,
    trust: Path | str | Sequence[Path | str] = (),
    policy: Path | str | None = None,
    release: bool = False,
) -> Verification:
    """Assert that a release verifies, and that nobody who signed it rejects it.

    Parameters
    ----------
    path : path
        The folder of a release, or a card.pdf.
    trust : path or sequence of paths
        Certificates that are trusted; without any, no release verifies.
    policy : path, optional
        What is asked for besides.
    release : bool, default False
        Hold it to the rules for a real release.

    Returns
    -------
    Verification
        What was found.

    Raises
    ------
    AssertionError
        With everything that is wrong or unknown.
    """
    from explainkit.sign.verification import verify_release

    found = verify_release(path, trust=trust, policy=policy, release=release)
    if found.exit_code != 0:
        raise AssertionError("\n  ".join(found.lines()))
    return found


def _evidence(card: Card) -> Evidence:
    return card if isinstance(card, Evidence) else read_evidence(card)[0]


def _wrong(figure: Figure, low: float | None, high: float | None, bound: str, *, allowed: bool) -> str | None:
    """What is wrong with a figure, in a line; None where it keeps the limits."""
    if figure.value is None:
        return None if allowed else figure_line(figure)
    number: float | None = getattr(figure, bound)
    if number is None:
        return f"{figure_line(figure)}: it has no interval"
    if (low is not None and number < low) or (high is not None and number > high):
        found = "" if bound == "value" else f"; found {format_number(number, figure.unit)}"
        return f"{figure_line(figure)}{found}"
    return None
