"""explainkit against its peers, in one run: a figure is a ratio to something measured beside it, or it does not count.

One module per row of the table; ``make bench`` runs them all and writes ``benchmarks/results.json``.
"""
