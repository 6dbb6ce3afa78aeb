"""The process that signs: a job on standard input, an answer on standard output."""

from __future__ import annotations

import sys

from explainkit.sign.release import serve_job

if __name__ == "__main__":
    sys.stdout.buffer.write(serve_job(sys.stdin.buffer.read()))
