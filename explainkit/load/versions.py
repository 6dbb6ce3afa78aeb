"""Which version of scikit-learn saved a model, as its file or its warnings say, and what follows from that."""

from __future__ import annotations

import io
import pickle
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import sklearn
from sklearn.exceptions import InconsistentVersionWarning

from explainkit.errors import MissingExtraError, ModelError
from explainkit.load.models.base import first_line
from explainkit.load.unpacking import unpacked

_SAID = re.compile(
    rb"_sklearn_version(?:[^0-9]|\d(?!\d*\.)){1,200}?(\d{1,4}\.\d{1,4}(?:\.\d{1,4})?(?:\.?(?:a|b|rc|dev|post)\d{1,4})?)",
    re.DOTALL,
)
"""In a pickle, a few bytes before the text; in the schema of skops, some keys of JSON."""
_MOST = 64 * 2**20
BROKEN = (LookupError, ValueError, EOFError, OSError, TypeError, AttributeError, ImportError)
"""What libraries raise for files that are damaged, or of versions that they do not read."""
PROBLEM = "the model file is cut short, damaged, or of other library versions"
"""Of a pickle."""


class Saved:
    """The version that saved a model, known as soon as a warning of scikit-learn tells it."""

    version: str | None = None

    @property
    def by(self) -> str | None:
        """Name and version, where it is another one than that which opens the model."""
        return None if self.version in (None, sklearn.__version__) else f"scikit-learn {self.version}"


@contextmanager
def noticed() -> Iterator[Saved]:
    """Listen for scikit-learn's warning that a model is of another version."""
    saved = Saved()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", InconsistentVersionWarning)
        try:
            yield saved
        finally:
            found = [w.message for w in told if isinstance(w.message, InconsistentVersionWarning)]
            if found:
                saved.version = str(found[0].original_sklearn_version)


def unopened(
    data: bytes, error: Exception, *, where: str, otherwise: str | ModelError, remedy: str | None = None
) -> ModelError:
    """The error for a file that cannot be opened: its version where that is another one, else what was said.

    Parameters
    ----------
    data : bytes
        The whole file.
    error : Exception
        What its library raised.
    where : str
        Name of the file.
    otherwise : str or ModelError
        The problem, where the file does not say that another version saved it.
    remedy : str, optional
        What to do then.
    """
    saved = Saved()
    if not isinstance(error, EOFError | pickle.UnpicklingError | zipfile.BadZipFile):  # cut short, whatever its version
        saved.version = version_in(data)
    found = re.sub(r"\sfrom\s'[^']*'", "", f"{type(error).__name__}: {first_line(error)}")
    if saved.by is None:
        if isinstance(otherwise, ModelError):
            return otherwise
        return ModelError(otherwise, where=where, found=found, remedy=remedy)
    return ModelError(
        f"the model was saved by {saved.by}, and scikit-learn {sklearn.__version__} cannot open it",
        where=where,
        found=found,
        remedy="install that version to audit it, or save the model again with this one",
    )


def version_in(data: bytes) -> str | None:
    """The first version of scikit-learn that a pickle (compressed or not) or a skops file names; None without one."""
    try:
        if data.startswith(b"PK\x03\x04"):
            with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open("schema.json") as schema:
                beginning = schema.read(_MOST)
        else:
            beginning = unpacked(data, most=_MOST)[0]
    except (OSError, EOFError, ValueError, KeyError, zlib.error, zipfile.BadZipFile, MissingExtraError):
        return None
    found = _SAID.search(beginning)
    return found[1].decode("ascii") if found else None
