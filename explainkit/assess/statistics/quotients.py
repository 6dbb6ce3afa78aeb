"""Division where there may be nothing to divide by."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt


def divide(above: npt.ArrayLike, below: npt.ArrayLike, otherwise: float = math.nan) -> npt.NDArray[Any]:
    """Quotients, broadcast against each other; `otherwise` where the denominator is not above zero, or unknown.

    Parameters
    ----------
    above, below : array_like
        Numbers; of complex ones the real part of the denominator decides.
    otherwise : float, default NaN
        What stands where nothing can be divided.

    Returns
    -------
    numpy.ndarray
        Of floating or complex numbers, in the common shape; a quotient too large for its type is inf.
    """
    first, second = np.broadcast_arrays(above, below)
    quotient = np.full(first.shape, otherwise, np.result_type(first, second, np.float64))
    with np.errstate(over="ignore"):
        np.divide(first, second, out=quotient, where=np.real(second) > 0)
    return quotient
