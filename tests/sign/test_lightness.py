"""Verifying is light: no library of the audit is loaded, and describing a key does not load pyHanko."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from explainkit.sign.keys import TrialKeys

HEAVY = {
    *("pandas", "numpy", "scipy", "sklearn", "shap", "lime", "matplotlib", "weasyprint", "pikepdf", "pyarrow"),
    *("pydantic", "jinja2", "lxml", "PIL", "fontTools"),
}


def loaded(code: str, *arguments: str | Path) -> set[str]:
    """Top-level packages in a fresh process after some code."""
    tail = "\nimport sys; print(' '.join({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code + tail, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_verifying_loads_no_library_of_the_audit(signed_once: Path, keys: TrialKeys) -> None:
    code = (
        "import sys; from explainkit.sign.verification import verify_release\n"
        "assert verify_release(sys.argv[1], trust=[sys.argv[2]]).exit_code == 0"
    )
    found = loaded(code, signed_once, keys.ca)
    assert "pyhanko" in found
    assert found & HEAVY == set()


def test_a_signer_is_described_without_pyhanko() -> None:
    found = loaded("import explainkit.sign.keys, explainkit.sign.release, explainkit.sign.aids")
    assert found & {"pyhanko", "asn1crypto", "aiohttp", *HEAVY} == set()


def test_the_process_that_signs_loads_no_client_of_the_network() -> None:
    found = loaded(
        "import os, runpy, sys; sys.stdin = open(os.devnull)\n"
        "runpy.run_module('explainkit.sign', run_name='__main__')\n"
        "from pyhanko.sign import PdfSigner, timestamps"
    )
    assert "pyhanko" in found
    assert found & {"aiohttp", *HEAVY} == set()


def test_a_version_that_needs_the_client_of_the_network_gets_it() -> None:
    found = loaded(
        "from types import ModuleType\n"
        "from explainkit.sign import __main__ as process\n"
        "class Bare(ModuleType):\n    __setattr__ = lambda *of: None\n"
        "process.ModuleType = Bare\n"
        "process._load_hanko()\n"
        "from pyhanko.sign.timestamps import HTTPTimeStamper"
    )
    assert "aiohttp" in found
