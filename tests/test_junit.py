"""JUnit XML: read back by another library, held to a schema, and the meaning of every outcome."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from junitparser import Failure, JUnitXml, Skipped
from lxml import etree

import explainkit as ek
from explainkit.evidence import Evidence
from explainkit.junit import Check, gate_checks, junit_xml, verification_checks
from tests.gate_cards import GATES, OUTCOMES, gated

GOLDEN = Path(__file__).parent / "golden" / "0.1"
SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).parent / "junit.xsd"))


def cases(report: bytes) -> dict[str, tuple[str, str]]:
    """Outcome and message of each case, by its name."""
    SCHEMA.assertValid(etree.fromstring(report))
    found = {}
    for suite in JUnitXml.fromstring(report):
        for case in suite:
            (problem,) = case.result or (None,)
            outcome = (
                "failed" if isinstance(problem, Failure) else "skipped" if isinstance(problem, Skipped) else "passed"
            )
            found[case.name] = (outcome, problem.message if problem is not None and outcome != "passed" else "")
    return found


def gates_of(evidence: Evidence) -> bytes:
    return junit_xml("release", gate_checks(evidence))


def test_every_gate_is_a_case() -> None:
    report = gates_of(gated(**GATES))
    found = {name.split(" ")[0]: outcome for name, (outcome, _) in cases(report).items()}
    assert found == OUTCOMES
    read = JUnitXml.fromstring(report)
    counts = (read.tests, read.failures, read.skipped, read.errors)
    read.update_statistics()
    assert counts == (read.tests, read.failures, read.skipped, read.errors) == (6, 3, 2, 0)
    assert gates_of(gated(**GATES)) == report


def test_messages_name_number_limit_and_reason() -> None:
    report = gates_of(gated(**GATES))
    found = cases(report)
    assert found["fairness.impact_ratio[sex=female] >= 0.8 (low end of the interval)"] == (
        "skipped",
        "failed, a warning only (found 0.400; the low end of the interval is beyond the limit)",
    )
    assert found["performance.brier <= 0.2"][1] == "failed (insufficient: prevalence not stated)"
    assert found["performance.accuracy >= 0.7"][1].endswith("allowed by if_missing)")
    assert b"performance.roc_auc = 0.731 (95 % interval 0.680 to 0.779), n = 300" in report


def test_without_gates_a_case_says_so() -> None:
    assert cases(gates_of(gated())) == {
        "gates": ("skipped", "NO GATES DEFINED: no limit was set that a figure could fail")
    }


def test_any_name_can_be_read_back() -> None:
    name = 'a <b> & "c" \x00\x1b ü \ufffe'
    (found,) = cases(
        junit_xml(name, [Check(group="g", name=name, outcome="failed", message=name, details=name)])
    ).items()
    assert found == (r'a <b> & "c" \x00\x1b ü \ufffe', ("failed", r'a <b> & "c" \x00\x1b ü \ufffe'))


def test_a_verification() -> None:
    trusted = ek.verify_release(GOLDEN / "release", trust=sorted(GOLDEN.glob("*.pem")))
    assert trusted.state == "valid"
    unknown = ek.verify_release(GOLDEN / "release")
    for verification in (trusted, unknown):
        found = cases(junit_xml("release", verification_checks(verification)))
        assert found["valid"][0] == ("passed" if verification.state == "valid" else "failed")
        assert len(found) == 1 + len(verification.signatures) + len(verification.files)
        assert all(found[file.name][0] == "passed" for file in verification.files if file.intact)
    assert "indeterminate: " in cases(junit_xml("release", verification_checks(unknown)))["valid"][1]
    again = cases(junit_xml("release", verification_checks(trusted, [("recomputed", False, ["one differs"])])))
    assert again["recomputed"] == ("failed", "not as on the card")


def test_a_file_that_was_changed_fails() -> None:
    found = ek.verify_release(GOLDEN / "release")
    first, *others = found.files
    broken = dataclasses.replace(found, files=(dataclasses.replace(first, intact=False), *others))
    assert cases(junit_xml("release", verification_checks(broken)))[first.name] == ("failed", "not as signed")


@pytest.mark.parametrize("outcome", ["failed", "skipped"])
def test_the_schema_fires(outcome: str) -> None:
    report = junit_xml("x", [Check(group="g", name="n", outcome=outcome, message="m")])  # type: ignore[arg-type]
    assert SCHEMA.validate(etree.fromstring(report))
    assert not SCHEMA.validate(etree.fromstring(report.replace(b"message=", b"reason=")))
