"""The process that signs: a job on standard input, an answer on standard output."""

from __future__ import annotations

import sys

from explainkit.garbage import rarely
from explainkit.sign.child import look_ahead, serve_job

if __name__ == "__main__":
    rarely()
    # Loaded while the job is still being made; without these, `serve_job` would do it.
    import explainkit.sign.cades
    import explainkit.sign.content
    import explainkit.sign.dsse
    import explainkit.sign.pades  # noqa: F401

    job, agreed = look_ahead(sys.stdin.buffer)
    if job:
        sys.stdout.buffer.write(serve_job(job, agreed))
