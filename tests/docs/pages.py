"""Blocks of the pages, and running them as a reader would."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"
SKIP = re.compile(r"<!-- not run: (\S.*) -->")
_FENCE = re.compile(r"^```(\w*)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fenced block."""

    language: str
    title: str | None
    text: str
    line: int
    skipped: str | None
    """Why it is not run."""


def blocks(page: Path) -> list[Block]:
    """All fenced blocks of a page, in order."""
    text = page.read_text("utf-8")
    assert len(re.findall("^```", text, re.MULTILINE)) % 2 == 0, f"{page}: a block is not closed"
    found = []
    for match in _FENCE.finditer(text):
        above = text[: match.start()].rstrip("\n").rpartition("\n")[2]
        skip = SKIP.fullmatch(above)
        found.append(
            Block(
                language=match[1],
                title=match[2],
                text=match[3],
                line=text.count("\n", 0, match.start()) + 1,
                skipped=skip[1] if skip else None,
            )
        )
    return found


def says(printed: str, stated: str) -> bool:
    """Whether a program printed what the page states; ``…`` stands for anything."""
    pattern = re.escape(stated.strip()).replace("…", ".*?")
    return re.fullmatch(pattern, printed.strip(), flags=re.DOTALL) is not None


def follow(page: Path, folder: Path, programs: Path, **environment: str) -> list[str]:
    """Run a page in an empty folder, in order; what went otherwise than it says.

    Parameters
    ----------
    page : pathlib.Path
        Blocks with a title become files, ``bash`` and ``python`` are run, and a ``text`` block states what the one
        before it prints.
    folder : pathlib.Path
        Empty.
    programs : pathlib.Path
        Folder that is put in front of PATH.
    **environment : str
        Variables besides those of this process.
    """
    printed, wrong = "", []
    for block in blocks(page):
        here = f"{page.name}:{block.line}"
        if block.title is not None:
            (folder / block.title).write_text(block.text, "utf-8")
        elif block.language in ("bash", "python") and block.skipped is None:
            done = _run(block, folder, programs, environment)
            printed = done.stdout
            if done.returncode != 0:
                wrong.append(f"{here}: exit code {done.returncode}: {done.stderr[-2000:]}")
                break
        elif block.language == "text" and not says(printed, block.text):
            wrong.append(f"{here}: printed\n{printed}\nstated\n{block.text}")
    return wrong


def _run(
    block: Block, folder: Path, programs: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    command = [programs / "python", "-c"] if block.language == "python" else ["bash", "-euc"]
    path = os.pathsep.join([str(programs), os.environ["PATH"]])
    own = {"PATH": path, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "default", "COLUMNS": "100"}
    return subprocess.run(
        [*command, block.text],
        cwd=folder,
        env={**os.environ, **own, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
