"""Exact SHAP values of trees, against shap, woodelf-explainer and the model's own predictions, in µs a row.

Every figure counts the whole call: reading the model, preparing, explaining. Peers that are slow explain fewer rows.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.in_process import clock, timed
from benchmarks.measure import Row, Timing

if TYPE_CHECKING:
    import pandas as pd

MICRO = "µs a row"
PEERS = Path(__file__).parent.parent / ".venv-woodelf"
CASES = {
    "xgboost": "XGBoost 100 trees × depth 6, 30 features",
    "lightgbm": "LightGBM 200 trees × 31 leaves, 20 features",
    "forest": "random forest of 200 unpruned trees, 3 classes, 20 features",
}
BACKGROUND = 100_000


def rows(runs: int) -> Iterator[Row]:
    """Path-dependent and interventional values, a deep forest, and how the work grows."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run(
            [sys.executable, "-m", "benchmarks.trees", "make", str(folder)], check=True, stdin=subprocess.DEVNULL
        )
        python, missing = woodelf()

        def time(what: str, case: str, count: int, *more: int, by: Path | None = None) -> Timing:
            return timed("benchmarks.trees", what, case, folder, count, runs, *more, python=by)

        for case, goal in (("xgboost", ("≥ 100", "≥ 8")), ("lightgbm", ("≥ 50", ""))):
            ours = time("ours", case, 200_000)
            work = f"TreeSHAP, {CASES[case].split(',')[0]}"
            note = f"{CASES[case]}; 200,000 rows"
            yield Row(
                work=work, ours=ours, peer="shap", peers=time("shap", case, 2_000), goal=goal[0], unit=MICRO, note=note
            )
            other = None if python is None else time("woodelf", case, 200_000, by=python)
            yield Row(work=work, ours=ours, peer="woodelf", peers=other, goal=goal[1], unit=MICRO, note=missing)
            yield Row(work=work, ours=ours, peer="its predict", peers=time("predict", case, 200_000), unit=MICRO)
        ours = time("ours", "xgboost", 200_000, BACKGROUND)
        work = "interventional, XGBoost"
        note = f"{CASES['xgboost']}; 200,000 rows, background {BACKGROUND:,} rows; shap with 100"
        yield Row(
            work=work,
            ours=ours,
            peer="shap",
            peers=time("shap", "xgboost", 500, 100),
            goal="≥ 300",
            unit=MICRO,
            note=note,
        )
        other = None if python is None else time("woodelf", "xgboost", 200_000, BACKGROUND, by=python)
        yield Row(work=work, ours=ours, peer="woodelf", peers=other, goal="≥ 8", unit=MICRO, note=missing)
        ours = time("ours", "forest", 300)
        yield Row(
            work="TreeSHAP, random forest",
            ours=ours,
            peer="shap",
            peers=time("shap", "forest", 20),
            goal="≥ 3",
            unit=MICRO,
            note=CASES["forest"],
        )
        few, many = time("ours", "xgboost", 100_000), time("ours", "xgboost", 400_000)
        yield Row(work="growth in rows", ours=few, peer="four times the rows", peers=many, goal="≤ 1", unit=MICRO)
        few, many = (time("ours", "xgboost", 100_000, count) for count in (10_000, BACKGROUND))
        yield Row(
            work="growth in the background",
            ours=few,
            peer="ten times the background",
            peers=many,
            goal="flat",
            unit=MICRO,
        )


def woodelf() -> tuple[Path | None, str]:
    """An environment that holds woodelf-explainer, or why there is none."""
    python = PEERS / "bin" / "python"
    try:
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", PEERS], check=True, capture_output=True)
        wanted = ["woodelf-explainer", "shap", "xgboost", "lightgbm", "scikit-learn", "pyarrow", "joblib"]
        subprocess.run(
            [python, "-m", "pip", "install", "-qq", *wanted], check=True, capture_output=True, stdin=subprocess.DEVNULL
        )
    except subprocess.CalledProcessError as error:
        return (
            None,
            f"woodelf-explainer was not run: {(error.stderr or b'no output').decode(errors='replace').strip()[-120:]}",
        )
    return python, ""


def make(folder: Path) -> None:
    """Train the models; the same numbers every time."""
    import joblib
    import lightgbm
    import numpy as np
    import xgboost
    from sklearn.ensemble import RandomForestClassifier

    for case, columns in (("xgboost", 30), ("lightgbm", 20), ("forest", 20)):
        frame = table(20_000 if case == "forest" else 100_000, columns)
        x = frame.to_numpy()
        margin = x[:, 0] * x[:, 1] + x[:, 2] - x[:, 3] + np.random.default_rng(1).normal(size=len(x))
        if case == "xgboost":
            model = xgboost.XGBClassifier(n_estimators=100, max_depth=6, random_state=0).fit(frame, margin > 0)
        elif case == "lightgbm":
            model = lightgbm.LGBMClassifier(n_estimators=200, num_leaves=31, random_state=0, verbose=-1)
            model.fit(frame, margin > 0)
        else:
            forest = RandomForestClassifier(200, n_jobs=2, random_state=0)
            model = forest.fit(frame, np.digitize(margin, [-0.7, 0.7]))
        joblib.dump(model, folder / f"{case}.joblib")


def table(count: int, columns: int, seed: int = 0) -> pd.DataFrame:
    """Rows of independent normal numbers."""
    import numpy as np
    import pandas as pd

    numbers = np.random.default_rng(seed).normal(size=(count, columns)).astype(np.float32)
    return pd.DataFrame(numbers, columns=[f"x{j:02d}" for j in range(columns)])


def _work(what: str, case: str, folder: Path, count: int, background: int) -> Callable[[], Any]:
    import joblib

    model = joblib.load(folder / f"{case}.joblib")
    columns = 30 if case == "xgboost" else 20
    some = table(count, columns, seed=2)
    behind = table(background, columns, seed=3) if background else None
    if what == "predict":
        return lambda: model.predict_proba(some)
    if what == "ours":
        import explainkit

        return lambda: explainkit.explain_shap(model, some, behind)
    if what == "shap":
        import shap

        given = {} if behind is None else {"data": behind, "feature_perturbation": "interventional"}
        return lambda: shap.TreeExplainer(model, **given).shap_values(some, check_additivity=False)
    from woodelf import WoodelfExplainer

    return lambda: WoodelfExplainer(model, behind).shap_values(some)


def _main(what: str, *arguments: str) -> None:
    if what == "make":
        make(Path(arguments[0]))
        return
    case, folder, count, runs, *background = arguments
    work = _work(what, case, Path(folder), int(count), int(background[0]) if background else 0)
    clock(work, int(runs), scale=1e6 / int(count))


if __name__ == "__main__":
    _main(*sys.argv[1:])
