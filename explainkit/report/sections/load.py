"""Part of section 12: how long the model takes to answer, where the plan asks for it."""

from __future__ import annotations

from explainkit.report.card import Block, Column, Group, Label, Paragraph, Row, Table
from explainkit.report.phrases import listed, number, source, words
from explainkit.report.reader import Reader


def blocks(reader: Reader) -> tuple[Block, ...]:
    """Latency and throughput by size of batch; memory, and the time to open the model."""
    throughput = reader.named("load.throughput")
    if not throughput:
        return ()
    quantiles = ("p50", "p95", "p99")
    rows = []
    for figure in throughput:
        batch = figure.keys["batch"]
        times = [reader.figure("load.latency", batch=batch, quantile=q) for q in quantiles]
        rows.append(Row(cells=((Label(batch, "label"),), *(number(f) for f in times), number(figure))))
    table = Table(
        columns=(
            Column(title=words("Rows in a batch"), share=20),
            Column(title=words("Latency (milliseconds), median"), align="right", share=20),
            Column(title=words("exceeded by one in twenty"), align="right", share=20),
            Column(title=words("exceeded by one in a hundred"), align="right", share=20),
            Column(title=words("Rows a second"), align="right", share=20),
        ),
        rows=tuple(rows),
        source=source(
            [throughput[0], reader.figure("load.latency", batch=throughput[0].keys["batch"], quantile="p99")]
        ),
    )
    said = []
    start, memory = reader.measured("load.start"), reader.measured("load.memory")
    if start is not None:
        said.append(words("The model is open after {seconds} seconds.", seconds=number(start)))
    if memory is not None:
        said.append(words("Its process has had {size} MiB of memory at most.", size=number(memory)))
    note = words("Times are of this one run and machine: they are not compared when the card is computed again.")
    said.append(note)
    return (Group(title=words("Load"), blocks=(table, Paragraph(parts=listed(said, " "))), id="load"),)
