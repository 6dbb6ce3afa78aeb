"""What benchmarks time still runs: small, untimed."""

from __future__ import annotations

import pytest

fairness = pytest.importorskip("benchmarks.fairness", reason="benchmarks are in a checkout, not in the wheel")


def test_the_work_of_the_fairness_benchmark(monkeypatch):
    monkeypatch.setattr(fairness, "ROWS", 2_000)
    monkeypatch.setattr(fairness, "RESAMPLES", 50)
    monkeypatch.setattr(fairness, "MANY", 3_000)
    intervals = fairness._ours()()
    assert len(intervals) == 3
    assert all(interval is not None and interval.low < interval.high for interval in intervals)
    tables = fairness._count()()
    assert [int(table.rows.sum()) for table in tables] == [3_000] * len(fairness.COLUMNS)


def test_the_work_of_the_benchmark_of_properties(monkeypatch):
    from benchmarks import properties

    monkeypatch.setattr(properties, "ROWS", 500)
    for constrained in (True, False):
        model, frame = properties.trained(5, constrained=constrained)
        properties.asked(model, frame, properties.MONOTONE, constrained)()
