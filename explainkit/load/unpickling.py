"""Open a trusted pickle after a scan, and let it import nothing that the scan had not found."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from typing import Any

from explainkit.errors import ModelError
from explainkit.load.pickle_scan import Scan, clean, full_name, scan_bytes
from explainkit.load.unpacking import unpacked
from explainkit.load.versions import BROKEN, PROBLEM, unopened

LARGEST = 2**32
"""Bytes that a trusted file may have, unpacked."""


def unpickled(data: bytes, *, where: str, tell: Callable[[Scan], None]) -> Any:
    """Whatever is in a file of pickle or joblib.

    Parameters
    ----------
    data : bytes
        The whole file; whoever loads it trusts its digest.
    where : str
        Its name.
    tell : callable
        Told what it imports, before it is opened.

    Raises
    ------
    MissingExtraError
        If it is compressed by what is not installed: nothing is opened that was not scanned.
    ModelError
        If it is damaged, too large, or imports what the scan had not found.
    """
    inner, lacking = unpacked(data, most=LARGEST)
    if lacking is not None:
        raise ModelError("the model file cannot be unpacked", where=where, found=lacking)
    found = scan_bytes(inner)
    tell(found)
    if found.elsewhere:
        raise ModelError(
            "parts of the model lie in other files, which its digest says nothing of",
            where=where,
            found="arrays as joblib wrote them before version 0.10",
            remedy="save the model again (joblib.dump)",
        )
    from joblib.numpy_pickle import NumpyUnpickler

    unpickler = NumpyUnpickler("", io.BytesIO(inner), ensure_native_byte_order=True)
    unpickler.find_class = _only(frozenset(found.imports), unpickler.find_class, where)
    try:
        return unpickler.load()
    except (pickle.UnpicklingError, *BROKEN) as error:
        raise unopened(inner, error, where=where, otherwise=PROBLEM) from None


def _only(shown: frozenset[str], find: Callable[[str, str], Any], where: str) -> Callable[[str, str], Any]:
    """As `find`, for names that were shown: how a scan could be led astray no longer matters."""

    def found(module: str, name: str) -> Any:
        if full_name(module, name) not in shown:
            raise ModelError(
                "the model file imports what the scan of it had not found, and was not opened any further",
                where=where,
                found=clean(full_name(module, name)),
                remedy="save the model again with joblib.dump; a file that was made so on purpose is an attack",
            )
        return find(module, name)

    return found
