"""What a registry shows of a card: short facts, a few lines of Markdown, and figures under names that registries allow.

They are for looking around. Nothing that is decided (`explainkit promote`) relies on them: it reads the card itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from explainkit.artifact import sha256_of
from explainkit.errors import VerificationError
from explainkit.evidence import Evidence
from explainkit.figures import Figure
from explainkit.report.numbers import format_number
from explainkit.sign.verdict import Verification

LABELS_VERSION = "1.0"
PREFIX = "explainkit."
LONGEST_METRIC = 250

_LONGEST = 300
_NOT_IN_METRICS = re.compile(r"[^\w.\- ]")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+.!~-])")
_OF_SINGLE_ROWS = {"case", "entry"}
"""Keys of figures that are about one row, or one line of the ledger: no two versions have them in common."""
_OF_DATA = ("data.", "ledger.")
"""How figures begin that are about the data alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What is shown of one card."""

    facts: Mapping[str, str]
    """Name, without the prefix, and value: digests, gates, worst group, opinions, expiry, verification."""
    markdown: str
    """The same for people, without a link, since links are the registry's own."""
    metrics: Mapping[str, float]
    """Measured figures about the model, by names of letters, digits, ``_ - . : /`` and spaces."""

    def to_json(self) -> bytes:
        """As a registry keeps them beside the card, for whoever sets them anew."""
        return json.dumps({"schema_version": LABELS_VERSION, **asdict(self)}, ensure_ascii=False).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Labels:
        """Read them back.

        Raises
        ------
        VerificationError
            If they are none of a known version.
        """
        try:
            document = json.loads(data)
            if str(document["schema_version"]).partition(".")[0] != LABELS_VERSION.partition(".")[0]:
                raise ValueError(f"unknown schema version {document['schema_version']:.20}")
            facts = {str(name): str(value) for name, value in document["facts"].items()}
            metrics = {str(name): float(value) for name, value in document["metrics"].items()}
            return cls(facts=facts, markdown=str(document["markdown"]), metrics=metrics)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise VerificationError("not the labels of a card", found=str(error)[:200]) from None


def labels_of(evidence: Evidence, card: bytes, verification: Verification, *, verified: str, model: str) -> Labels:
    """Labels of a card.

    Parameters
    ----------
    evidence : Evidence
        What the card says.
    card : bytes
        ``card.json``.
    verification : Verification
        What was found when it was attached: opinions, and whether it was taken back.
    verified : str
        How it was verified, in words.
    model : str
        How its model was compared with the registry's, in words.
    """
    from explainkit.report.reader import Reader
    from explainkit.report.sections.tiles import worst_group

    worst = worst_group(Reader(evidence))
    facts = {
        "card": f"{evidence.name} {evidence.version}",
        "card_sha256": sha256_of(card),
        "model_sha256": (evidence.model.digest or "none").removeprefix("sha256:"),
        "model_match": model,
        "schema_version": str(json.loads(card)["schema_version"]),
        "gates": gates_in_a_word(evidence),
        "worst_group": "not tested" if worst is None else _chosen(*worst),
        "opinions": _opinions(verification),
        "expires": expiry(evidence) or "not stated",
        "verification": verified,
    }
    if evidence.draft:
        facts["draft"] = "; ".join(evidence.draft)
    if verification.withdrawal is not None:
        facts["withdrawn"] = f"{verification.withdrawal.date}: {verification.withdrawal.reason}"
    facts = {name: _cut(value) for name, value in facts.items()}
    return Labels(facts=facts, markdown=_markdown(evidence, facts), metrics=metrics_of(evidence))


def gates_in_a_word(evidence: Evidence) -> str:
    """``passed``, ``failed``, or ``none`` where the card defines none; a warning fails nothing."""
    if not evidence.gates:
        return "none"
    return "failed" if any(g.outcome == "failed" and g.severity == "block" for g in evidence.gates) else "passed"


def expiry(evidence: Evidence) -> str | None:
    """Until when the card is valid, as its provider states it; None where nothing is stated."""
    stated = next((s for s in evidence.statements if s.id == "expiry"), None)
    return stated.answer or None if stated is not None else None


def metrics_of(evidence: Evidence) -> dict[str, float]:
    """Measured figures about the model, but for those about single rows."""
    return {
        metric_name(figure): float(figure.value)
        for figure in evidence.figures
        if figure.status == "measured" and figure.value is not None
        if not figure.name.startswith(_OF_DATA) and not _OF_SINGLE_ROWS & figure.keys.keys()
    }


def metric_name(figure: Figure) -> str:
    """The name of a figure as a metric: ``name/key:value/…``, with what is not allowed replaced and told apart.

    Examples
    --------
    >>> metric_name(Figure(id='fairness.selection_rate[age="26 to 40",sex=female]', value=0.5))
    'fairness.selection_rate/age:26 to 40/sex:female'
    """
    parts = [figure.name, *(f"{_allowed(key)}:{_allowed(value)}" for key, value in figure.keys.items())]
    name = "/".join(parts)
    exact = all(part == _allowed(part) for pair in figure.keys.items() for part in pair)
    if exact and len(name) <= LONGEST_METRIC:
        return name
    mark = "." + sha256_of(figure.id.encode())[:12]
    return name[: LONGEST_METRIC - len(mark)] + mark


def _allowed(text: str) -> str:
    return _NOT_IN_METRICS.sub("_", text)


def _chosen(figure: Figure, allowing: Figure | None) -> str:
    """The group that fares worst: with the interval that allows for having chosen it, as on page one, or saying so."""

    def shown(number: float | None) -> str:
        return "" if number is None else format_number(number, figure.unit)

    said = f"{figure.id} = {shown(figure.value)}"
    if allowing is not None:
        return f"{said} ({shown(allowing.low)} to {shown(allowing.high)})"
    return f"{said}, chosen after looking"


def _opinions(verification: Verification) -> str:
    said = [
        f"{o.role}: {o.opinion}" + (f" until {o.valid_until}" if o.valid_until else "") for o in verification.opinions
    ]
    return "; ".join(said) or "none"


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def _markdown(evidence: Evidence, facts: Mapping[str, str]) -> str:
    failed = [g.severity for g in evidence.gates if g.outcome == "failed"]
    gates = {"none": "NO GATES DEFINED", "passed": "passed", "failed": "FAILED"}[facts["gates"]]
    if evidence.gates:
        gates += f": {len(evidence.gates) - len(failed)} of {len(evidence.gates)} hold"
        gates += f", {failed.count('block')} block, {failed.count('warn')} only warn" if failed else ""
    rows = {
        "Card": facts["card"],
        "Gates": gates,
        "Worst group": facts["worst_group"],
        "Opinions": facts["opinions"],
        "Valid until": facts["expires"],
        "Verification when attached": facts["verification"],
        "Model": facts["model_match"],
    }
    heads = [("WITHDRAWN", facts.get("withdrawn")), ("DRAFT", facts.get("draft"))]
    warnings = [f"**{word}**: {_plain(text)}\n\n" for word, text in heads if text is not None]
    return (
        "".join(warnings)
        + "| Model card | |\n|---|---|\n"
        + "".join(f"| {name} | {_plain(value)} |\n" for name, value in rows.items())
    )


def _plain(text: str) -> str:
    """Text that Markdown shows as it is: names come from data and from people."""
    escaped = _MARKDOWN.sub(r"\\\1", text)
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("|", "&#124;")):
        escaped = escaped.replace(sign, entity)
    return escaped


def as_tags(labels: Labels) -> dict[str, str]:
    """The facts under names of their own."""
    return {PREFIX + name: value for name, value in labels.facts.items()}
