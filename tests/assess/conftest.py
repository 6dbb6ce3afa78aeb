"""Settings of these tests."""

from __future__ import annotations

from hypothesis import settings

# Time says nothing about correctness on a machine that does other work too.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
