"""What tests of a stage share that only some plans ask for: a cheap plan, its page in a language, what is imported."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from typing import Any

from explainkit.evidence import Evidence
from explainkit.report.html import render_html

CHEAP: dict[str, Any] = {"explain": {"local": 0, "rows": 50}, "slices": {"enabled": False}}
"""Tables of a plan that leave out what costs time."""


def page_of(evidence: Evidence, language: str) -> tuple[bytes, Evidence, str]:
    """The card in a language, from its JSON: the HTML, what it was made from, and its text."""
    spoken = replace(evidence, plan={**evidence.plan, "card": {"language": language}})
    spoken = Evidence.from_json(spoken.to_json())
    html = render_html(spoken)
    return html, spoken, " ".join(re.sub("<[^>]*>", "", html.decode()).split())


def is_imported(module: str) -> bool:
    """Whether a module is imported with the pipeline of an audit, before any plan asks for it."""
    code = "import sys, explainkit.explain.summary, explainkit.report.files as _, explainkit.pipeline as _; "
    code += f"print({module!r} in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    return done.stdout.strip() == "True"
