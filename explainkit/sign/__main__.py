"""The process that signs: a job on standard input, an answer on standard output."""

from __future__ import annotations

import sys
from contextlib import suppress
from types import ModuleType

from explainkit.garbage import rarely
from explainkit.sign.child import look_ahead, serve_job


def _load_hanko() -> None:
    """Load pyHanko without aiohttp, by which it would fetch: a third of the time, and nothing is fetched by it here."""
    sys.modules["aiohttp"] = nothing = ModuleType("aiohttp")
    nothing.__getattr__ = lambda name: object  # type: ignore[method-assign]
    try:
        # A version that does more with it than to name it finds it below.
        with suppress(ImportError, AttributeError, TypeError):
            import pyhanko.sign  # noqa: F401
    finally:
        del sys.modules["aiohttp"]


if __name__ == "__main__":
    rarely()
    _load_hanko()
    # Loaded while the job is still being made; without these, `serve_job` would do it.
    import explainkit.sign.cades
    import explainkit.sign.content
    import explainkit.sign.dsse
    import explainkit.sign.pades  # noqa: F401

    job, agreed = look_ahead(sys.stdin.buffer)
    if job:
        sys.stdout.buffer.write(serve_job(job, agreed))
