"""Tables of section 7: the measures by task, the confusion of outcomes and decisions, and each class by itself."""

from __future__ import annotations

from explainkit.figures import Figure
from explainkit.report.card import (
    Beside,
    Block,
    Break,
    Column,
    Group,
    Items,
    Label,
    Mark,
    Paragraph,
    Parts,
    Row,
    Table,
    Words,
)
from explainkit.report.language import noted, say
from explainkit.report.measures import measure, short_title
from explainkit.report.phrases import (
    STATUS,
    clause,
    in_words,
    interval,
    level,
    listed,
    name,
    number,
    source,
    title,
    words,
)
from explainkit.report.reader import Reader
from explainkit.report.sections.preconditions import threshold_label

_BINARY = (
    *("performance.roc_auc", "performance.gini", "performance.ks", "performance.average_precision"),
    *("performance.log_loss", "performance.brier", "performance.brier_skill", "performance.observed_expected"),
    *(
        "calibration.ece",
        "calibration.ece_expected",
        "calibration.slope",
        "calibration.intercept",
        "performance.base_rate",
    ),
    "performance.score_mean",
)
_DECIDED = (
    *("performance.accuracy", "performance.balanced_accuracy", "performance.precision", "performance.recall"),
    *("performance.specificity", "performance.negative_predictive_value", "performance.false_positive_rate"),
    *("performance.false_negative_rate", "performance.f1", "performance.mcc", "performance.positive_rate"),
    "performance.selection_rate",
)
_COSTS = ("performance.cost", "performance.smallest_cost", "performance.smallest_cost_threshold")
_REGRESSION = (
    *("performance.mae", "performance.median_absolute_error", "performance.rmse", "performance.r2"),
    *("performance.mean_error", "performance.mape", "performance.residual_quantile"),
)
_INTERVALS = (
    *("performance.interval_coverage", "performance.interval_below", "performance.interval_above"),
    "performance.interval_width",
)
_CLASSES = (
    *("performance.accuracy", "performance.balanced_accuracy", "performance.top_k_accuracy", "performance.log_loss"),
    *("performance.roc_auc", "performance.precision", "performance.recall", "performance.f1"),
    "performance.selection_rate",
)
_PARTS = ("reliability", "resolution", "uncertainty", "within")
_OVERALL = {"average", "q", "metric", "k"}
"""Keys of figures of all rows and classes together."""
_OWN = "performance.custom"
_MOST_CLASSES = 12


def measures(reader: Reader) -> tuple[Block, ...]:
    """One table for each kind of measure; what was not measured is listed with its reason below."""
    blocks: list[Block] = []
    for heading, kinds in _kinds(reader):
        figures = [f for kind in kinds for f in reader.named(kind) if set(f.keys) <= _OVERALL]
        measured = [f for f in figures if f.status == "measured"]
        inside: list[Block] = [_table(measured)] if measured else []
        missing = _missing([f for f in figures if f.status != "measured"])
        if missing:
            inside.append(Items(items=missing))
        if kinds == _BINARY:
            inside.extend(_parts(reader))
        if inside:
            blocks.append(Group(title=heading, blocks=tuple(inside)))
    return (*blocks, *_effective(reader))


def _parts(reader: Reader) -> tuple[Block, ...]:
    """The Brier score as the sum that it is."""
    whole = reader.measured("performance.brier")
    parts = [reader.measured(f"performance.brier_{part}") for part in _PARTS]
    if whole is None or any(part is None for part in parts):
        return ()
    reliability, resolution, uncertainty, within = parts
    message = noted(
        "Brier score {brier} = reliability {reliability} − resolution {resolution} + uncertainty {uncertainty}."
    )
    if within is not None and within.value:
        message = noted(
            "Brier score {brier} = reliability {reliability} − resolution {resolution} + uncertainty {uncertainty}, "
            "and within bins {within}."
        )
    sentence = words(
        message,
        brier=number(whole),
        reliability=number(reliability),
        resolution=number(resolution),
        uncertainty=number(uncertainty),
        within=number(within),
    )
    methods = [(clause(part.method),) for part in (reliability, within) if part is not None and part.method]
    sentence += (Words(" "), *listed(methods, " · "))
    return (Paragraph(parts=sentence, style="note"),)


def _effective(reader: Reader) -> tuple[Block, ...]:
    """How many equal rows the weighted ones are worth."""
    every = reader.measured("performance.effective_n", rows="all")
    if every is None:
        return ()
    labelled = reader.measured("performance.effective_n", rows="labelled")
    message = noted("Effective number of rows: {rows} weighted rows count like {equal} equally weighted ones.")
    if labelled is not None:
        message = noted(
            "Effective number of rows: {rows} weighted rows count like {equal} equally weighted ones, the {labelled} "
            "with an outcome like {labelled_equal}."
        )
    sentence = words(
        message,
        rows=number(every, "n"),
        equal=number(every),
        labelled=number(labelled, "n"),
        labelled_equal=number(labelled),
    )
    method: Parts = (Words(" "), clause(every.method)) if every.method else ()
    return (Paragraph(parts=(*sentence, *method), style="note"),)


def _kinds(reader: Reader) -> list[tuple[Parts, tuple[str, ...]]]:
    evidence = reader.evidence
    own = (words("Measures of the user's own"), (_OWN,))
    if evidence.task == "regression":
        return [
            (words("Errors of the predictions"), _REGRESSION),
            (words("Prediction intervals given with the data"), _INTERVALS),
            own,
        ]
    if evidence.task == "multiclass":
        return [(words("All classes together"), _CLASSES), own]
    decided: Parts = words("Decisions")
    if evidence.threshold is not None and evidence.positive is not None:
        decided = words(
            "Decisions: {outcome} where the score is {threshold}",
            outcome=name(evidence.positive),
            threshold=Label(threshold_label(evidence), "clause"),
        )
    return [(words("Scores"), _BINARY), (decided, _DECIDED), (words("Cost at the costs stated"), _COSTS), own]


def _table(figures: list[Figure]) -> Table:
    counted = any(f.events is not None for f in figures)
    return Table(
        columns=(
            Column(title=words("Measure"), share=36),
            Column(title=words("Value"), align="right", share=9),
            Column(title=(Label(level(figures), "clause"),), align="right", share=14),
            Column(title=words("n"), align="right", share=7),
            *((Column(title=words("Events"), align="right", share=7),) if counted else ()),
            Column(title=words("How it was measured"), share=27),
        ),
        rows=tuple(_row(figure, counted=counted) for figure in figures),
        source=words("Events: the rows that a rate counts, or the positives among the n rows.") if counted else (),
    )


def _row(figure: Figure, *, counted: bool) -> Row:
    known = measure(figure.name)
    head: Parts = (title(known.title),)
    if figure.keys:
        head += (Words(", "), name(in_words(figure.keys)))
    if known.meaning:
        head += (Break(), Label(known.meaning, "clause"))
    how = [(clause(text),) for text in (figure.method, figure.reason) if text]
    return Row(
        cells=(
            head,
            number(figure),
            interval(figure),
            number(figure, "n"),
            *((number(figure, "events"),) if counted else ()),
            listed(how, "; "),
        )
    )


def _missing(figures: list[Figure]) -> tuple[Parts, ...]:
    """What was not measured, gathered by reason."""
    reasons: dict[tuple[str, str], list[Parts]] = {}
    for figure in figures:
        reasons.setdefault((STATUS[figure.status], figure.reason or ""), []).append(
            (title(measure(figure.name).title),)
        )
    return tuple(
        (Mark("open", say(status)), Words(" "), *listed(titles), Words(": "), clause(reason))
        for (status, reason), titles in reasons.items()
    )


def confusion(reader: Reader) -> tuple[Block, ...]:
    """Counts of outcome by decision."""
    figures = {(f.keys["actual"], f.keys["decided"]): f for f in reader.named("performance.confusion") if f.keys}
    if not figures:
        return ()
    actual, decided = (list(dict.fromkeys(pair[i] for pair in figures)) for i in (0, 1))
    table = Table(
        columns=(
            Column(title=words("Outcome"), share=3),
            *(
                Column(title=words("decided {outcome}", outcome=name(d)), align="right", share=2)
                for d in decided[:_MOST_CLASSES]
            ),
        ),
        rows=tuple(
            Row(cells=((name(a),), *(number(figures.get((a, d))) for d in decided[:_MOST_CLASSES]))) for a in actual
        ),
        print_rows=20,
    )
    blocks: tuple[Block, ...] = (table,)
    if len(decided) > _MOST_CLASSES:
        blocks += (Paragraph(parts=words("More decisions stand in card.json."), style="note"),)
    if len(decided) <= 3:
        blocks = (Beside(left=blocks, right=_shares(reader)),)
    return (Group(title=words("Outcomes and decisions"), blocks=blocks),)


def _shares(reader: Reader) -> tuple[Block, ...]:
    """Beside a small confusion table: what its rows give."""
    recall, specificity = reader.measured("performance.recall"), reader.measured("performance.specificity")
    positive = reader.evidence.positive
    if recall is None or specificity is None or positive is None:
        return ()
    sentence = words(
        "Of those whose outcome is {outcome}, a share of {recall} was decided so; of all others, a share of "
        "{specificity} was not.",
        outcome=name(positive),
        recall=number(recall, strong=True),
        specificity=number(specificity, strong=True),
    )
    return (Paragraph(parts=sentence, style="text"),)


def by_class(reader: Reader) -> tuple[Block, ...]:
    """Precision, recall, F1 and AUC of each class."""
    kinds = ("performance.precision", "performance.recall", "performance.f1", "performance.roc_auc")
    found = {kind: dict(reader.keyed(kind, "class")) for kind in kinds}
    labels = list(dict.fromkeys(label for kind in kinds for label in found[kind]))
    shown = [kind for kind in kinds if found[kind]]
    if not labels:
        return ()
    figures = [f for kind in shown for f in found[kind].values()]
    columns = [Column(title=words("Class"), share=22)]
    for kind in shown:
        columns.append(Column(title=(title(short_title(kind)),), align="right", share=9))
        if any(f.low is not None for f in found[kind].values()):
            columns.append(Column(title=(Label(level(figures), "clause"),), align="right", share=15))
    rows = []
    for label in labels:
        cells: list[Parts] = [(name(label),)]
        for kind in shown:
            figure = found[kind].get(label)
            cells.append(number(figure))
            if any(f.low is not None for f in found[kind].values()):
                cells.append(interval(figure))
        rows.append(Row(cells=tuple(cells)))
    table = Table(columns=tuple(columns), rows=tuple(rows), source=source(figures), print_rows=20)
    return (Group(title=words("By class"), blocks=(table,)),)
