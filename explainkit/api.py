"""What Python users call: audit a model in memory, explain single rows."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from explainkit.decision import label_name
from explainkit.errors import DataError, PlanError, nearest
from explainkit.plan import Output, Plan, Task, plan_from, read_plan
from explainkit.progress import Progress

if TYPE_CHECKING:
    import pandas as pd

    from explainkit.explanation import Explanation
    from explainkit.load.models.base import Adapter
    from explainkit.release import Release


def audit(
    model: Any,
    X: Any,
    y: Any = None,
    *,
    favourable: Any = None,
    threshold: str | None = None,
    positive: Any = None,
    sensitive: Any = None,
    reference: Any = None,
    classes: Sequence[Any] | None = None,
    plan: Plan | Mapping[str, Any] | str | Path | None = None,
    progress: Progress | None = None,
) -> Release:
    """Audit a model, in memory or saved, on data in memory.

    A model in memory is named by the digest of its pickle, which no registry knows: to promote a registered model,
    audit the one that is registered.

    Parameters
    ----------
    model : estimator, booster, callable, str, path or None
        A fitted scikit-learn, LightGBM, XGBoost or CatBoost model; a function of a frame that returns probabilities or
        predictions; the path of a saved model, or a reference such as ``models:/credit/3``, opened as on the command
        line; None for the saved model that the plan names, or with ``plan={"data": {"score": …}}`` for
        predictions-only.
    X : pandas.DataFrame, polars.DataFrame, pyarrow.Table or ndarray, shape (n_rows, n_columns)
        Rows to evaluate on.
    y : array-like, shape (n_rows,), optional
        Outcomes; missing ones are kept and counted.
    favourable : label, optional
        The predicted outcome a person would want; without it selection is not tested and the card is a draft.
    threshold : str, optional
        ``">=0.5"`` or ``">0.5"``: from which score on the positive class is decided.
    positive : label, optional
        The class whose probability the score is.
    sensitive : sequence of str, Series or frame, optional
        Names of columns of `X`, or columns of their own with the same rows. Differences by a column are tested only
        where the plan states why it may be examined: ``plan={"fairness": {"basis": {NAME: "…"}}}``.
    reference : frame, optional
        Rows the model was trained on: the background of explanations.
    classes : sequence, optional
        For a function that returns several columns: their labels.
    plan : Plan, mapping or path, optional
        Everything else, as in audit.toml; keyword arguments go before it.
    progress : Progress, optional
        Told of each stage.

    Returns
    -------
    Release
        Save it with ``release.save("release", signer=…)``.

    Raises
    ------
    InputError
        If anything given cannot be used; the message says what, where, and what to do.
    """
    from explainkit.load.assemble import assemble, with_files_beside, with_findings
    from explainkit.load.tables import read_frame
    from explainkit.pipeline import audit_subject

    evaluation, ledger = read_frame(X, role="evaluation")
    frame = evaluation.frame.copy(deep=False)
    target = _add(frame, y, "target") if y is not None else None
    names = _add_sensitive(frame, sensitive)
    saved = os.fspath(model) if isinstance(model, str | Path) else None
    full = _merged(
        plan,
        {
            "card": _called(saved, plan),
            "model": {"path": saved, "positive": positive, "threshold": threshold},
            "data": {"target": target, "sensitive": names},
            "fairness": {"favourable": favourable},
        },
    )
    if not frame.columns.equals(evaluation.frame.columns):
        evaluation, _ = read_frame(frame, role="evaluation")
    background = None
    if reference is not None:
        background, more = read_frame(reference, role="reference")
        ledger += more
    # A file that the plan names lies beside the plan.
    base = Path(plan).parent if isinstance(plan, str | Path) else Path.cwd()
    with _opened(model, X, full, classes, Path.cwd() if saved else base, progress) as adapter:
        subject = assemble(full, model=adapter, evaluation=evaluation, reference=background, ledger=ledger)
        subject = with_files_beside(with_findings(subject, adapter), full, base=base)
        return audit_subject(subject, full, progress=progress)


@contextmanager
def _opened(
    model: Any, X: Any, plan: Plan, classes: Sequence[Any] | None, base: Path, progress: Progress | None
) -> Iterator[Adapter | None]:
    """The model behind its door, while it is audited: in this process, or a saved one in a process of its own."""
    if model is None or isinstance(model, str | Path):
        from explainkit.load.confined.opening import opening_of
        from explainkit.registered import with_local_model

        with with_local_model(plan) as local:
            opening = opening_of(local, base=base, progress=progress)
            try:
                yield None if opening is None else opening.done()
            finally:
                if opening is not None:
                    opening.close()
        return
    from explainkit.load.open_model import adapt_any

    task = plan.model.task or ("binary" if plan.model.positive is not None else None)
    inputs = plan.data.features or None
    if inputs is None and not hasattr(model, "feature_names_in_"):
        inputs = _inputs(X)
    yield adapt_any(model, task=task, classes=classes, features=inputs)


def _called(saved: str | None, plan: Plan | Mapping[str, Any] | str | Path | None) -> Mapping[str, str]:
    """Name and version of a registered model, for the card of a plan that is no file and gives none."""
    from explainkit.registries.seam import is_model_reference, name_and_version

    stated = plan is not None and (not isinstance(plan, Mapping) or "card" in plan)
    if saved is None or stated or not is_model_reference(saved):
        return {}
    return dict(zip(("name", "version"), name_and_version(saved) or (), strict=False))


def explain_shap(
    model: Any,
    X: Any,
    background: Any = None,
    *,
    output: Output = "margin",
    kind: Literal["path-dependent", "interventional"] | None = None,
    groups: Mapping[str, Sequence[str]] | None = None,
    positive: Any = None,
    classes: Sequence[Any] | None = None,
    seed: int = 0,
) -> Explanation:
    """SHAP values of single rows, on the raw columns of the model.

    Parameters
    ----------
    model : estimator, booster or callable
        As for `audit`.
    X : frame, shape (n_rows, n_features)
        Rows to explain; columns that are no inputs of the model are left out.
    background : frame, optional
        Rows that unknown columns are replaced from: all of them for trees and linear models, at most 100 drawn ones for
        any other model. `X` itself where left out and the method needs any.
    output : {"margin", "probability", "rescaled"}
        Log-odds; the probability as a function; or contributions to log-odds, rescaled so that they add up to the
        probability of two classes. A regression is explained in the unit of its target.
    kind : {"path-dependent", "interventional"}, optional
        What stands for unknown columns of trees: the training rows as the trees recorded them at each split, or the
        background. Left out: interventional where there is a background.
    groups : mapping of str to sequence of str, optional
        Columns that are known or unknown together and get one contribution, under a name of their own.
    positive : label, optional
        Binary: the class explained; the model's second where left out.
    classes : sequence, optional
        For a function that returns probabilities: the labels of its columns, the second being that of a lone column;
        a function without classes is a regression.
    seed : int, default 0
        Of the draws, where there are any.

    Returns
    -------
    Explanation
        Values of shape (n_rows, n_players, n_outputs), with base values, method and additivity residual; a player is a
        column, or a group of them.
    """
    from explainkit.explain.shapley import explain_shap as explain

    door = _door(model, X, classes=classes, positive=positive)
    return explain(
        door.model,
        door.rows(X),
        None if background is None else door.rows(background, role="reference"),
        task=door.task,
        classes=door.classes,
        positive=door.positive,
        output=output,
        kind=kind,
        groups=groups,
        seed=seed,
    )


def explain_lime(
    model: Any,
    X: Any,
    *,
    reference: Any,
    rows: int | Sequence[int] = 5,
    positive: Any = None,
    classes: Sequence[Any] | None = None,
    samples: int = 5000,
    seed: int = 0,
) -> Explanation:
    """LIME weights of single rows, with the local R² of each.

    Parameters
    ----------
    model, X, positive, classes
        As for `explain_shap`.
    reference : frame, shape (n_reference, n_features)
        Rows that perturbations are drawn from.
    rows : int or sequence of int
        How many of the first rows, or their positions.
    samples : int, default 5000
        Perturbations a row.
    seed : int, default 0
        Of the perturbations.

    Returns
    -------
    Explanation
        Weights of shape (n_rows, n_features, n_outputs); `Explanation.fidelity` is the local R².
    """
    from explainkit.explain.lime.surrogate import explain_lime as explain

    door = _door(model, X, classes=classes, positive=positive)
    positions = list(range(rows)) if isinstance(rows, int) else list(rows)
    frame = door.rows(X)
    beyond = [p for p in positions if not 0 <= p < len(frame)]
    if beyond and not isinstance(rows, int):
        raise DataError("no such row", where="rows", found=str(beyond[0]), allowed=f"0 to {len(frame) - 1}")
    return explain(
        door.model,
        frame.iloc[[p for p in positions if p < len(frame)]],
        door.rows(reference, role="reference"),
        task=door.task,
        classes=door.classes,
        positive=door.positive,
        samples=samples,
        seed=seed,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Door:
    """A model in memory with what explaining it needs to know."""

    model: Adapter
    task: Task
    classes: tuple[str, ...]
    positive: int | None

    def rows(self, data: Any, *, role: Literal["evaluation", "reference"] = "evaluation") -> pd.DataFrame:
        """The model's inputs, in its order."""
        from explainkit.load.tables import read_frame

        frame = read_frame(data, role=role)[0].frame
        features = self.model.features or tuple(frame.columns)
        if len(features) == frame.shape[1] and not _is_named(data):
            return frame.set_axis(list(features), axis=1)  # a model trained on an array has made up names of its own
        missing = [f for f in features if f not in frame.columns]
        if missing:
            # LightGBM puts an underscore in place of a space.
            frame = frame.rename(columns={c: c.replace(" ", "_") for c in frame.columns if c not in features})
            missing = [f for f in features if f not in frame.columns]
        if missing:
            raise DataError(
                "the data lacks inputs of the model",
                where=f"{'' if role == 'evaluation' else 'reference data, '}column {missing[0]}",
                remedy=nearest(missing[0], map(str, frame.columns)),
            )
        return frame[list(features)]


def _is_named(data: Any) -> bool:
    return hasattr(data, "columns") or hasattr(data, "column_names")


def _door(model: Any, X: Any, *, classes: Sequence[Any] | None, positive: Any) -> _Door:
    from explainkit.load.open_model import adapt_any

    task: Task = "regression" if classes is None else "binary" if len(classes) == 2 else "multiclass"
    adapter = adapt_any(model, task=task, classes=classes, features=_inputs(X))
    known = adapter.task or task
    if known == "regression" or adapter.classes is None:
        return _Door(model=adapter, task="regression", classes=("prediction",), positive=None)
    names = tuple(label_name(c) for c in adapter.classes)
    if positive is not None and label_name(positive) not in names:
        raise PlanError("no such class", where="positive", found=repr(positive), allowed=", ".join(map(repr, names)))
    index = names.index(label_name(positive)) if positive is not None and known == "binary" else None
    return _Door(model=adapter, task=known, classes=names, positive=index)


def _inputs(X: Any) -> tuple[str, ...]:
    """A function is given the columns of `X`, not those added for the audit."""
    columns = getattr(X, "columns", None)
    if columns is None:
        columns = getattr(X, "column_names", None) or [f"x{i}" for i in range(X.shape[1])]
    return tuple(str(c) for c in columns)


def _add(frame: pd.DataFrame, values: Any, default: str) -> str:
    """Put a column beside the others, under its own name if that is free."""
    import numpy as np
    import pandas as pd

    name = str(getattr(values, "name", None) or default)
    if name in frame.columns:
        name = f"{name} ({default})"
    if hasattr(values, "to_pandas"):
        values = values.to_pandas()
    column = values.reset_index(drop=True) if isinstance(values, pd.Series) else pd.Series(np.asarray(values).ravel())
    if len(column) != len(frame):
        raise DataError(
            "not as many values as rows", where=default, found=f"{len(column)} values", allowed=f"{len(frame)}"
        )
    frame[name] = column
    return name


def _add_sensitive(frame: pd.DataFrame, sensitive: Any) -> tuple[str, ...] | None:
    """Names of the sensitive columns, which are added where they are not columns already."""
    import pandas as pd

    if sensitive is None:
        return None
    if isinstance(sensitive, str):
        return (sensitive,)
    if hasattr(sensitive, "to_pandas"):
        sensitive = sensitive.to_pandas()
    if isinstance(sensitive, pd.Series):
        sensitive = sensitive.to_frame(name=sensitive.name or "group")
    if not isinstance(sensitive, pd.DataFrame):
        return tuple(str(name) for name in sensitive)
    names = []
    for name in map(str, sensitive.columns):
        column = sensitive[name].reset_index(drop=True)
        same = name in frame.columns and column.equals(frame[name])
        names.append(name if same else _add(frame, column, name))
    return tuple(names)


def _merged(plan: Plan | Mapping[str, Any] | str | Path | None, given: Mapping[str, Mapping[str, Any]]) -> Plan:
    """The plan with the keyword arguments put over it."""
    if isinstance(plan, str | Path):
        plan = read_plan(Path(plan))
    if isinstance(plan, Plan):
        document = plan.model_dump(exclude_unset=True)
    elif plan is None or isinstance(plan, Mapping):
        document = {k: dict(v) if isinstance(v, Mapping) else v for k, v in (plan or {}).items()}
    else:
        raise PlanError("not a plan", where="plan", found=type(plan).__name__, allowed="a mapping, a path, a Plan")
    for table, values in given.items():
        stated = {k: v for k, v in values.items() if v is not None}
        if stated:
            document[table] = {**document.get(table, {}), **stated}
    return plan_from(document, where="plan")
