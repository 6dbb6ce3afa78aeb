"""Trusted pickles of models that do harm: the harm is a line of Python, done on opening or when asked."""

from __future__ import annotations

import pickle
import textwrap
from pathlib import Path
from typing import Any

import pandas as pd

from explainkit.artifact import sha256_file

ROWS = pd.DataFrame({"a": [0.0, 1.0, 2.0]})
SUCCEEDED, FAILED = 0.9, 0.1
"""What the model answers where its attack succeeded, and where it raised an OSError."""

_SOURCE = """
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

class Model(ClassifierMixin, BaseEstimator):
    classes_ = np.array([0, 1])
    feature_names_in_ = np.array(["a"], dtype=object)
    n_features_in_ = 1

    def attack(self, rows):
{attack}

    def predict_proba(self, rows):
        try:
            self.attack(rows)
            share = {succeeded}
        except OSError:
            share = {failed}
        return np.tile([1 - share, share], (len(rows), 1))

    def predict(self, rows):
        return np.zeros(len(rows))

{opening}
model = Model()
"""


class _Built:
    """Built by `eval` when it is unpickled, in any process: no class of these tests has to be there."""

    def __init__(self, source: str) -> None:
        self._source = source

    def __reduce__(self) -> tuple[Any, ...]:
        return eval, (f"(lambda names: (exec({self._source!r}, names), names['model'])[1])({{'__name__': 'hostile'}})",)


def hostile(folder: Path, *, opening: str = "", attack: str = "pass", name: str = "model.pkl") -> tuple[Path, str]:
    """A pickle that runs code when it is opened, or when the model is asked; and its digest."""
    path = folder / name
    source = _SOURCE.format(
        attack=textwrap.indent(textwrap.dedent(attack).strip(), " " * 8),
        opening=textwrap.dedent(opening),
        succeeded=SUCCEEDED,
        failed=FAILED,
    )
    path.write_bytes(pickle.dumps(_Built(source)))
    return path, "sha256:" + sha256_file(path)
