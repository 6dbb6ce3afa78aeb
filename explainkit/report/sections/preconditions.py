"""What was decided beforehand and is never guessed, and what follows from it; for page one and section 1."""

from __future__ import annotations

from explainkit.evidence import Evidence
from explainkit.report.card import Column, Label, Mark, Parts, Row, Table
from explainkit.report.language import noted, say, spoken
from explainkit.report.phrases import listed, name, words

_POPULATIONS = {
    "all applicants": noted("all applicants"),
    "all cases": noted("all cases"),
    "accepted only": noted("accepted only"),
    "resampled": noted("resampled"),
}
_FOLLOWS = {
    "all applicants": noted("Rates are those of applicants, as far as the rows represent them."),
    "all cases": noted("Rates are those of all cases, as far as the rows represent them."),
    "accepted only": noted(
        "Rates are among accepted cases. About selection among applicants there is insufficient evidence: population."
    ),
    "resampled": noted(
        "Classes were sampled at rates of their own: precision, Brier score, log loss, calibration, observed / "
        "expected and base rates are not tested unless the true prevalence is stated."
    ),
}


def threshold_label(evidence: Evidence) -> str:
    """The threshold with its side as a reader writes it; empty where none is stated."""
    return (evidence.threshold or "").replace(">=", "≥ ").replace(">", "> ").replace(".", spoken().decimal)


def limit(evidence: Evidence) -> Parts:
    """The threshold with its side; nothing where none is stated."""
    return (Label(threshold_label(evidence), "clause"),) if evidence.threshold else ()


def table(evidence: Evidence) -> Table:
    """Each precondition, what was stated, and what follows."""
    rows = []
    if evidence.task == "binary":
        rows.append(
            _row(
                words("Score"),
                _score(evidence),
                words("A higher score makes this outcome more likely in the model's eyes."),
            )
        )
        rows.append(
            _row(
                words("Threshold"),
                limit(evidence),
                words("From there on the score is a decision.")
                if evidence.threshold
                else words("Decisions and all rates of them are not tested."),
            )
        )
    if evidence.task != "regression":
        rows.append(
            _row(
                words("Favourable outcome"),
                (name(evidence.favourable),) if evidence.favourable else (),
                words("The decision a person would want; it gives selection its sign.")
                if evidence.favourable
                else words("Selection rates and impact ratios are not tested."),
            )
        )
    follows = listed([words(_FOLLOWS[part]) for part in evidence.population if part in _FOLLOWS], " ")
    rows.append(
        _row(
            words("Population"),
            population(evidence),
            follows or words("Whom the rows stand for is open: rates are those of these rows."),
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
    stated = ", ".join(say(_POPULATIONS.get(part, part)) for part in evidence.population)
    return (name(stated),) if stated else ()


def _score(evidence: Evidence) -> Parts:
    return (
        words("that the outcome is {outcome}", outcome=name(evidence.positive)) if evidence.positive is not None else ()
    )


def _row(what: Parts, stated: Parts, follows: Parts) -> Row:
    return Row(cells=(what, stated or (Mark("attention", say("not stated")),), follows))
