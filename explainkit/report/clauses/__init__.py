"""Clauses of laws, guidelines and standards, and what of a card serves as evidence for them.

One dated file a regime, ``REGIME@DATE.toml``: law changes faster than code. `mapping` reads the files, `standing` holds
a card against them. Evidence for a clause is no finding that the clause is kept.
"""
