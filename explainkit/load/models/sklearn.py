"""scikit-learn estimators and pipelines, and whatever follows their interface."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import sklearn
from sklearn.base import is_classifier, is_regressor

from explainkit.errors import ModelError
from explainkit.evidence import ModelIdentity
from explainkit.load.models.base import Adapter, parameters_of
from explainkit.load.models.target_encoders import target_encoded
from explainkit.plan import Task


def adapt_sklearn(model: Any, *, digest: str | None, digest_of: str) -> Adapter:
    """Put a fitted scikit-learn estimator behind the door.

    Parameters
    ----------
    model : estimator
        A fitted classifier with ``predict_proba``, or a fitted regressor.
    digest, digest_of : str
        Digest of the model's bytes, and what was hashed.

    Raises
    ------
    ModelError
        If it is neither, is not fitted, or is a classifier without probabilities.
    """
    last = model.steps[-1][1] if hasattr(model, "steps") else model
    kind = type(last).__name__
    if is_classifier(model):
        classes = getattr(model, "classes_", None)
        if classes is None:
            raise ModelError("the model is not fitted", where=kind, remedy="fit it before the audit")
        if isinstance(classes, list):
            raise ModelError("several targets at once", where=kind, found=f"{len(classes)}", allowed="one")
        if not hasattr(model, "predict_proba"):
            raise ModelError(
                "the classifier gives no probabilities",
                where=kind,
                allowed="a classifier with predict_proba",
                remedy="calibrate it (CalibratedClassifierCV), or audit its scores without the model",
            )
        task: Task = "binary" if len(classes) == 2 else "multiclass"
        names: tuple[Any, ...] | None = tuple(classes)
        answer = model.predict_proba
    elif is_regressor(model):
        task, names, answer = "regression", None, model.predict
    else:
        raise ModelError(
            "neither a classifier nor a regressor",
            where=kind,
            allowed="a fitted scikit-learn classifier or regressor",
        )
    features = getattr(model, "feature_names_in_", None)
    identity = ModelIdentity(
        family="scikit-learn",
        kind=kind,
        digest=digest,
        digest_of=digest_of,
        steps=tuple(type(step).__name__ for _, step in model.steps) if hasattr(model, "steps") else (),
        parameters=parameters_of(last.get_params(deep=False)),
        library=f"scikit-learn {sklearn.__version__}",
        target_encoded=target_encoded(model),
    )
    return Adapter(
        identity=identity,
        task=task,
        classes=names,
        features=None if features is None else tuple(str(f) for f in features),
        native=model,
        answer=answer if features is not None else lambda rows: answer(_array(rows)),
    )


def _array(rows: pd.DataFrame) -> np.ndarray[Any, Any]:
    """Rows as an array, for models trained without column names."""
    return rows.to_numpy()
