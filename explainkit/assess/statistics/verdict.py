"""What an interval says about a tolerance: within, beyond, or too little evidence for either.

A difference that is "not significant" is not a difference that was shown to be small. "Within" is shown only by an
interval that lies inside the tolerance as a whole; at the level 1 − 2·a of the interval this is Schuirmann's pair of
one-sided tests (TOST) of equivalence, each at level a. An interval at 95 % is therefore a pair of tests at 2.5 %, more
careful than the usual pair at 5 %, which reads an interval at 90 %. "Exceeds" is a one-sided test at level a too.
"""

from __future__ import annotations

from typing import Literal

Verdict = Literal["within", "exceeds", "insufficient evidence"]


def verdict(low: float | None, high: float | None, tolerance: float, *, ratio: bool = False) -> Verdict:
    """Compare an interval with a tolerance.

    Parameters
    ----------
    low, high : float or None
        Bounds of the interval; None where there is none. An upper bound may be infinite.
    tolerance : float
        Of differences t >= 0: tolerated is [−t, t]. Of ratios t within [0, 1): tolerated is [1 − t, 1/(1 − t)], which
        is the same whichever group is the reference (0.2 gives [0.8, 1.25]).
    ratio : bool, default False
        Whether the interval is that of a ratio.

    Returns
    -------
    {"within", "exceeds", "insufficient evidence"}
        "within" where the whole interval is tolerated, ends included; "exceeds" where all of it lies outside, on one
        side; else, and without an interval, "insufficient evidence".

    Raises
    ------
    ValueError
        If the tolerance is out of range, or the bounds are not in order.

    References
    ----------
    Schuirmann (1987), Journal of Pharmacokinetics and Biopharmaceutics 15, 657–680, doi:10.1007/BF01068419.

    Examples
    --------
    >>> verdict(-0.02, 0.03, 0.05), verdict(0.06, 0.11, 0.05), verdict(0.03, 0.11, 0.05)
    ('within', 'exceeds', 'insufficient evidence')
    >>> verdict(0.85, 1.02, 0.2, ratio=True)
    'within'
    """
    if not 0 <= tolerance < (1 if ratio else float("inf")):
        raise ValueError(f"a tolerance lies within {'[0, 1) for ratios' if ratio else '[0, ∞)'}, got {tolerance}")
    if low is None or high is None:
        return "insufficient evidence"
    if not low <= high:
        raise ValueError(f"the lower bound must not be above the upper, got {low} and {high}")
    least, most = (1 - tolerance, 1 / (1 - tolerance)) if ratio else (-tolerance, tolerance)
    if least <= low and high <= most:
        return "within"
    if high < least or low > most:
        return "exceeds"
    return "insufficient evidence"
