"""The page of monitoring: limits, the course of the days, inputs, and what is not monitored."""

from __future__ import annotations

from collections.abc import Sequence

from explainkit.assess.gates import limit_words
from explainkit.evidence import Evidence, GateOutcome, LedgerEntry
from explainkit.figures import Figure
from explainkit.plan import GatePlan
from explainkit.report.card import Beside, Block, Chart, Column, Group, Items, Paragraph, Row, Section, Table
from explainkit.report.language import noted, say
from explainkit.report.measures import short_title
from explainkit.report.phrases import clause, interval, level, name, number, source, stacked, title, words
from explainkit.report.reader import Reader
from explainkit.report.sections import gates
from explainkit.report.time_charts import Moment, over_time

COURSE = (
    *("monitor.score_psi", "monitor.selection_rate", "monitor.roc_auc", "monitor.observed_expected"),
    *("monitor.base_rate", "monitor.score_missing"),
)
"""What is drawn and listed from day to day, where it is measured."""
_DRAWN = 4
DAY = "day"
"""Key of the figures of one day."""
_KINDS = {
    "rollback": (
        noted("Limits beyond which the model has to be taken back"),
        noted("**TAKE THE MODEL BACK**: a limit of the signed card was crossed."),
    ),
    "alert": (
        noted("Limits beyond which somebody has to look"),
        noted("**LOOK INTO IT**: a limit of the signed card was crossed."),
    ),
}


def kept(evidence: Evidence) -> tuple[Block, ...]:
    """Within section 15: what the card keeps for monitoring, and the limits that its plan states for it.

    Parameters
    ----------
    evidence : Evidence
        The card.
    """
    if not any(series.id.startswith("baseline.") for series in evidence.series):
        return ()
    said = words(
        "The card keeps counts of the evaluation rows in bins; explainkit monitor holds new data against them, and "
        "against the limits stated here."
    )
    found: list[Block] = [Paragraph(parts=said)]
    for kind, table in (("rollback", "rollback"), ("alert", "alerts")):
        stated = evidence.plan.get("monitor", {}).get(table, {})
        if stated:
            rows = tuple(_limit(key, GatePlan(**gate)) for key, gate in stated.items())
            columns = (
                Column(title=words("Gate"), share=50),
                Column(title=words("Limit"), align="right", share=20),
                Column(title=words("Decided by"), share=15),
                Column(title=words("If failed"), share=15),
            )
            found.append(Table(columns=columns, rows=rows, caption=words(_KINDS[kind][0])))
    return (Group(title=words("Baseline and limits"), blocks=tuple(found)),)


def _limit(key: str, gate: GatePlan) -> Row:
    stated = GateOutcome(
        gate=key,
        limit=limit_words(gate),
        bound=gate.bound,
        severity=gate.severity,
        outcome="passed",
        figure=None,
        reason="",
    )
    blocks = words("blocks") if gate.severity == "block" else words("warns")
    return Row(cells=(gates.called(stated), gates.limit(stated), words(gates.BOUNDS[gate.bound]), blocks))


def limits(held: Sequence[tuple[str, Evidence]]) -> tuple[Block, ...]:
    """What was crossed, then every limit.

    Parameters
    ----------
    held : sequence of (str, Evidence)
        ``rollback`` or ``alert``, with the figures and limits of that kind.
    """
    found: list[Block] = []
    for kind, evidence in held:
        if any(gate.outcome == "failed" and gate.severity == "block" for gate in evidence.gates):
            found.append(Paragraph(parts=words(_KINDS[kind][1]), style="alert"))
    stated = [(kind, evidence) for kind, evidence in held if evidence.gates]
    for kind, evidence in stated:
        found.append(Group(title=words(_KINDS[kind][0]), blocks=gates.full(evidence)))
    if not stated:
        said = words("**NO LIMITS STATED**: the plan of the card has none for monitoring.")
        found.append(Paragraph(parts=said, style="alert"))
    return tuple(found)


def course(reader: Reader, days: Sequence[str]) -> Section:
    """From day to day; figures have the day among their keys."""
    shown = [name for name in COURSE if any(reader.measured(name, {DAY: day}) for day in days)]
    found: list[Block] = []
    drawn = [_chart(reader, name, days) for name in shown[:_DRAWN]]
    if drawn:
        found.append(Beside(left=tuple(drawn[::2]), right=tuple(drawn[1::2])))
    rows = []
    for day in reversed(days):
        counted = reader.figure("monitor.rows", {DAY: day})
        told = (stacked(reader.figure(of, {DAY: day})) for of in shown)
        rows.append(Row(cells=((name(day),), number(counted), *told)))
    columns = [
        Column(title=words("Day, the latest first"), share=14),
        Column(title=words("Rows"), align="right", share=8),
    ]
    columns += [Column(title=(title(short_title(of)),), align="right", share=16) for of in shown]
    known = [next(f for f in reversed(reader.named(of)) if f.status == "measured") for of in shown]
    found.append(Table(columns=tuple(columns), rows=tuple(rows), source=source(known), screen_rows=1000))
    return Section(number=1, id="course", title=say("From day to day"), blocks=tuple(found))


def _chart(reader: Reader, of: str, days: Sequence[str]) -> Chart:
    moments = []
    for day in days:
        figure = reader.measured(of, {DAY: day})
        value = None if figure is None else figure.value
        moments.append(
            Moment(
                name=day,
                value=value,
                low=None if figure is None else figure.low,
                high=None if figure is None else figure.high,
            )
        )
    called = short_title(of)
    alt = say("{measure} from day to day, with intervals", measure=called)
    return Chart(svg=over_time(moments, vertical=called), alt=alt, width="half", caption=(title(called),))


def inputs(reader: Reader) -> Section:
    """Every column that is monitored, the one furthest from the card first."""
    moved = sorted(reader.named("monitor.psi"), key=_size)
    rows = []
    for psi in moved:
        keys = psi.keys
        distance = reader.figure("monitor.ks", keys) or reader.figure("monitor.jensen_shannon", keys)
        strange = reader.figure("monitor.out_of_range", keys) or reader.figure("monitor.new_values", keys)
        missing = reader.figure("monitor.missing", keys)
        column = (name(reader.feature(psi, "column")),)
        rows.append(Row(cells=(column, number(psi), interval(psi), number(distance), number(missing), number(strange))))
    known = [psi for psi in moved if psi.level is not None]
    kinds = ("psi", "ks", "jensen_shannon", "missing", "out_of_range", "new_values")
    table = Table(
        columns=(
            Column(title=words("Column"), share=26),
            Column(title=words("PSI"), align="right", share=12),
            Column(title=(title(level(known), "clause"),) if known else words("Interval"), align="right", share=20),
            Column(title=words("Kolmogorov–Smirnov or Jensen–Shannon"), align="right", share=16),
            Column(title=words("Missing, change"), align="right", share=12),
            Column(title=words("Out of range, or not named by the card"), align="right", share=16),
        ),
        rows=tuple(rows),
        source=source([figure for kind in kinds for figure in reader.named(f"monitor.{kind}")]),
        screen_rows=1000,
    )
    return Section(number=2, id="inputs", title=say("Inputs"), blocks=(table,))


def _size(psi: Figure) -> float:
    return -psi.value if psi.value is not None else 0.0


def left_out(notes: Sequence[LedgerEntry]) -> Section:
    """What is not monitored, and why."""
    told = [words("{what}: {reason}", what=clause(note.what), reason=clause(note.reason)) for note in notes]
    blocks: tuple[Block, ...] = (Items(items=tuple(told)),)
    if not notes:
        blocks = (Paragraph(parts=words("Everything that the card keeps a baseline of is monitored.")),)
    return Section(number=3, id="not-monitored", title=say("What is not monitored"), blocks=blocks)
