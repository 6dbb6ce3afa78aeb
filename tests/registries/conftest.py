"""Cards to export: the examples, and what the public summary of one may tell of groups."""

from __future__ import annotations

from dataclasses import replace

import pytest

from explainkit.evidence import Evidence, Publication
from explainkit.public import tells_of
from tests.report import examples


def published(evidence: Evidence) -> Evidence:
    """The evidence, every second measured figure by group being meant for publication."""
    told = [f.id for f in evidence.figures if f.status == "measured" and tells_of(f.name) is not None]
    return replace(evidence, publication=Publication(min_count=10, figures=tuple(told[::2])))


@pytest.fixture(scope="session", params=list(examples.ALL))
def card(request: pytest.FixtureRequest) -> Evidence:
    """Each example in turn, as read back from its card.json."""
    return Evidence.from_json(published(examples.ALL[request.param]()).to_json())
