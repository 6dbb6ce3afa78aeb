"""A package that registers sections, as an installer leaves it on disk."""

from __future__ import annotations

from pathlib import Path

ANNEX = """\
from explainkit.report.card import Column, Items, Label, Number, Paragraph, Row, Section, Table, Words
from explainkit.report.reader import Reader


def section(evidence):
    reader = Reader(evidence)
    rows = tuple(
        Row(cells=((Label(figure.id),), (Number(figure),), (Label(figure.method or ""),)))
        for figure in reader.named("performance.roc_auc")
        if figure.status == "measured"
    )
    table = Table(
        columns=(
            Column(title=(Words("Figure"),)),
            Column(title=(Words("Value"),), align="right"),
            Column(title=(Words("Method"),)),
        ),
        rows=rows,
    )
    text = Paragraph(parts=(Words("What our policy asks for, of "), Label(evidence.name), Words(".")))
    return Section(number=0, id="bank-annex", title="Annex of the bank", blocks=(text, table))
"""


def install(folder: Path, code: str = ANNEX, *, name: str = "bank-annex", version: str = "1.2", **points: str) -> Path:
    """Put a distribution with one module into a folder; `points` are its entry points, each a function's name."""
    module = name.replace("-", "_")
    (folder / f"{module}.py").write_text(code)
    info = folder / f"{module}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = [f"{point} = {module}:{function}" for point, function in (points or {name: "section"}).items()]
    (info / "entry_points.txt").write_text("\n".join(["[explainkit.sections]", *lines, ""]))
    return folder
