"""The table of mutants and verdicts in the documentation: made here, and compared with what is kept there."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from explainkit.sign.keys import TrialKeys
from explainkit.sign.verification import verify_release
from tests.sign import test_countersigning as countersigning
from tests.sign import test_signature_attacks as attacks
from tests.sign.builders import restate
from tests.sign.test_stock_tools import script

PAGE = Path(__file__).parents[2] / "docs/reference/mutants.md"
HEAD = """\
# Mutants and verdicts

Releases that were changed, each as well signed by its own rules as it can be: where the PDF is spoilt, the statement
lists it as it is. `python -m pytest tests/sign/test_mutant_table.py` makes them all and compares with this page;
`EXPLAINKIT_WRITE=1` writes it. `verify` is `explainkit verify` of the folder, `PDF alone` the same of the lone
`card.pdf` (exit code 3 for each), `verify.py` the script in the release, with OpenSSL; `–` was not tried. The script
reads no objects of a PDF, so what a signer hid in a revision of his own passes there.

| mutant | verify | PDF alone | verify.py | first reason |
|---|---|---|---|---|
"""


def row(name: str, folder: Path, keys: TrialKeys, *, alone: bool) -> tuple[str, str, str, str, str]:
    """What three verifiers say of a release."""
    found = verify_release(folder, trust=[keys.ca])
    lone = verify_release(folder / "card.pdf", trust=[keys.ca]) if alone else None
    assert found.exit_code == 3, (name, found.lines())
    assert lone is None or lone.exit_code == 3
    code = script(folder, "--trust", keys.ca).returncode
    reason = next(r for r in found.reasons if r.state == "invalid")
    where = reason.where.replace("signatures/", "")
    text = f"{where}: {reason.problem}".split("; found")[0].replace("|", "/")
    return name, found.state, lone.state if lone else "–", "passes" if code == 0 else "refuses", text[:110]


@pytest.mark.slow
def test_the_table(
    signed_once: Path, countersigned_once: Path, unsigned_files: dict[str, bytes], keys: TrialKeys, tmp_path: Path
) -> None:
    def fresh(source: Path) -> Path:
        shutil.rmtree(tmp_path / "m", ignore_errors=True)
        return Path(shutil.copytree(source, tmp_path / "m" / "release"))

    def pdfs() -> Iterator[tuple[str, Callable[[bytes], bytes]]]:
        for name, (change, _) in attacks.BYTES.items():
            yield f"PDF bytes: {name}", change
        for change_ in (attacks.new_content, attacks.note, attacks.script, attacks.attachment):
            yield f"PDF revision: {change_.__name__.replace('_', ' ')}", lambda b, c=change_: attacks.appended(b, c)
        for name, (shadow, _) in attacks.SHADOWS.items():
            yield (
                f"PDF prepared before signing: {name}",
                lambda b, s=shadow: attacks.with_signature(s(unsigned_files["card.pdf"]), keys.signer),
            )

    rows = []
    for name, change in pdfs():
        folder = fresh(signed_once)
        (folder / "card.pdf").write_bytes(change((folder / "card.pdf").read_bytes()))
        rows.append(row(name, restate(folder, keys.signer), keys, alone=True))
    for slipped in countersigning.CHANGES:
        folder = fresh(signed_once)
        slip(folder, keys, slipped)
        rows.append(row(f"validator's revision: {slipped.__name__.replace('_', ' ')}", folder, keys, alone=True))
    for name, (mutate, _) in countersigning.MUTANTS.items():
        folder = fresh(countersigned_once)
        mutate(folder, keys)
        rows.append(row(f"countersigned: {name}", folder, keys, alone=False))
    page = HEAD + "".join(f"| {' | '.join(cells)} |\n" for cells in rows)
    kept_or_written(page)


def slip(folder: Path, keys: TrialKeys, change: Callable[[IncrementalPdfFileWriter], None]) -> None:
    """The validator slips something into the own revision, and signs it all."""
    first = (folder / "card.pdf").read_bytes()
    countersigning.countersign_release(folder, keys.signers["validator"], countersigning.make_opinion())
    writer = IncrementalPdfFileWriter(io.BytesIO(first))
    writer._update_meta = lambda: None
    change(writer)
    (folder / "card.pdf").write_bytes(countersigning.signed_as_validator(writer, keys))
    restate(folder, keys.signers["validator"], act="02-validator", before="01-provider")


def kept_or_written(page: str) -> None:
    """Compare with the page of the documentation, or write it where that is asked for."""
    import os

    if os.environ.get("EXPLAINKIT_WRITE"):
        PAGE.write_text(page, "utf-8")
    print(page)
    assert PAGE.read_text("utf-8") == page
