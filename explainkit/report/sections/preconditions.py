"""What was decided beforehand and is never guessed, and what follows from it; for page one and section 1."""

from __future__ import annotations

from explainkit.evidence import Evidence
from explainkit.report.card import Column, Mark, Parts, Row, Table, Words
from explainkit.report.phrases import clause, name, words

_FOLLOWS = {
    "all applicants": "Rates are those of applicants, as far as the rows represent them.",
    "all cases": "Rates are those of all cases, as far as the rows represent them.",
    "accepted only": (
        "Rates are among accepted cases. About selection among applicants there is insufficient evidence: population."
    ),
    "resampled": (
        "Classes were sampled at rates of their own: precision, Brier score, log loss, calibration, observed / "
        "expected and base rates are not tested unless the true prevalence is stated."
    ),
}


def threshold_label(evidence: Evidence) -> str:
    """The threshold with its side as a reader writes it; empty where none is stated."""
    return (evidence.threshold or "").replace(">=", "≥ ").replace(">", "> ")


def table(evidence: Evidence) -> Table:
    """Each precondition, what was stated, and what follows."""
    rows = []
    if evidence.task == "binary":
        rows.append(
            _row("Score", _score(evidence), "A higher score makes this outcome more likely in the model's eyes.")
        )
        rows.append(
            _row(
                "Threshold",
                (clause(threshold_label(evidence)),) if evidence.threshold else (),
                "From there on the score is a decision."
                if evidence.threshold
                else "Decisions and all rates of them are not tested.",
            )
        )
    if evidence.task != "regression":
        rows.append(
            _row(
                "Favourable outcome",
                (name(evidence.favourable),) if evidence.favourable else (),
                "The decision a person would want; it gives selection its sign."
                if evidence.favourable
                else "Selection rates and impact ratios are not tested.",
            )
        )
    follows = " ".join(_FOLLOWS.get(part, "") for part in evidence.population)
    rows.append(
        _row(
            "Population",
            population(evidence),
            follows or "Whom the rows stand for is open: rates are those of these rows.",
        )
    )
    return Table(
        columns=(
            Column(title=words("Decided beforehand"), share=20),
            Column(title=words("As stated"), share=27),
            Column(title=words("What follows"), share=53),
        ),
        rows=tuple(rows),
    )


def population(evidence: Evidence) -> Parts:
    """The population as stated; empty where it is not."""
    return (name(", ".join(evidence.population)),) if evidence.population else ()


def _score(evidence: Evidence) -> Parts:
    return (Words("that the outcome is "), name(evidence.positive)) if evidence.positive is not None else ()


def _row(what: str, stated: Parts, follows: str) -> Row:
    return Row(cells=(words(what), stated or (Mark("attention", "not stated"),), words(follows)))
