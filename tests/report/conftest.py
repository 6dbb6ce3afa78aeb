"""Fixtures of the report's tests: evidences, rendered once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from explainkit.evidence import Evidence
from tests.report import examples


@pytest.fixture(scope="session", params=list(examples.ALL))
def evidence(request: pytest.FixtureRequest) -> Evidence:
    """Each example in turn, as read back from its card.json."""
    return Evidence.from_json(examples.ALL[request.param]().to_json())


@pytest.fixture(scope="session")
def html(evidence: Evidence) -> bytes:
    """The page of an example."""
    from explainkit.report.html import render_html

    return render_html(evidence)


@pytest.fixture(scope="session")
def pdf(evidence: Evidence) -> bytes:
    """The PDF of an example; a warning of the renderer fails the test."""
    return pdf_of(evidence)


def pdf_of(evidence: Evidence) -> bytes:
    """Render a PDF, and raise on anything the renderer warns of."""
    from explainkit.report.pdf import render_pdf

    with _strict("weasyprint"), _strict("fontTools"):
        return render_pdf(evidence, evidence.to_json())


@pytest.fixture(scope="session")
def render_strictly() -> Callable[[Evidence], bytes]:
    """Renders a PDF, and raises on anything the renderer warns of."""
    return pdf_of


class _Raises(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        raise AssertionError(f"{record.name}: {record.getMessage()}")


@contextmanager
def _strict(name: str) -> Iterator[None]:
    """Turns warnings of a logger into errors."""
    logger, handler = logging.getLogger(name), _Raises(level=logging.WARNING)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
