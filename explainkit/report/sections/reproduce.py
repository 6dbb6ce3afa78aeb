"""Section 18: how to check this card, and how to compute it again."""

from __future__ import annotations

from explainkit.artifact import sha256_of
from explainkit.evidence import Evidence
from explainkit.report.card import Block, Facts, Group, Paragraph, Parts, Section
from explainkit.report.language import say
from explainkit.report.phrases import code, name, words


def section(evidence: Evidence) -> Section:
    """Commands, fingerprints, how numbers are printed, and the environment."""
    checks: tuple[tuple[Parts, Parts], ...] = (
        (words("With explainkit"), (code("explainkit verify RELEASE --trust CA.pem"),)),
        (
            words("Without it"),
            words("VERIFY.md in the release says how, with openssl and the Python standard library."),
        ),
        (words("Exact numbers"), words("card.json, attached to the PDF and beside it in the release.")),
        (words("card.json"), (code("sha256:" + sha256_of(evidence.to_json())),)),
        (words("Compute again"), (code("explainkit audit audit.toml"),)),
    )
    numbers = Paragraph(
        parts=words(
            "Every measured number carries the id of its figure: in the PDF in small type below its row, in the HTML "
            "in {attribute}. Braces join ids that differ in one place. Proportions have three decimals, small numbers "
            "four, tiny ones an exponent; a nought or a one without decimals is exact. card.json has full precision, "
            "the interval, n, events and method of each.",
            attribute=code("data-figure"),
        )
    )
    environment = tuple(((name(k),), (name(v),)) for k, v in evidence.environment)
    blocks: tuple[Block, ...] = (
        Facts(pairs=checks, wide=True),
        Group(title=words("How numbers are printed"), blocks=(numbers,)),
        Group(title=words("Environment that computed the evidence"), blocks=(Facts(pairs=environment),)),
    )
    return Section(number=18, id="reproduce", title=say("Verify and reproduce"), blocks=blocks)
