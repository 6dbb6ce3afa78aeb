"""Differences between parts of the rows, and what of them chance explains.

Several measures are compared at once, and chance alone would move one of them beyond its interval more often than one
interval in twenty lets expect: p-values are corrected for their number (Holm).
"""

from __future__ import annotations

from collections.abc import Sequence

from explainkit.assess.over_time.measures import Change
from explainkit.assess.recorder import Details, Keys, Recorder
from explainkit.assess.statistics.multiplicity import holm

_HOLM = "p-value, corrected for all measures compared (Holm); score test or Fisher's exact test of rates, Student's of "
_HOLM += "others and where rows are weighted or come in clusters"


def record_changes(recorder: Recorder, name: str, found: Sequence[tuple[Keys, Change]], said: Details) -> None:
    """Record every difference, then the p-values of all of them taken together.

    Parameters
    ----------
    recorder : Recorder
        Takes the figures ``name`` and ``name_p``.
    name : str
        Of the differences.
    found : sequence of (mapping, Change)
        Keys of each, and what was found.
    said : Details
        What is said of each: the method, and what it is compared with.
    """
    for keys, change in found:
        recorder.number(name, change.value, keys, undefined="", **(change.details | said))
    tested = [(keys, change, change.p_value) for keys, change in found if change.p_value is not None]
    corrected = holm([p for _, _, p in tested]).tolist() if tested else []
    for (keys, change, _), p_value in zip(tested, corrected, strict=True):
        about: Details = {"n": change.details["n"], "unit": "probability", "method": _HOLM}
        recorder.number(f"{name}_p", p_value, keys, undefined="", **(said | about))
