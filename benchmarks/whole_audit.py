"""The whole audit to a signed PDF, HTML and JSON: 25,000 rows × 20 features, LightGBM with 200 trees of 31 leaves."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Row, Timing, measure
from explainkit.sign.keys import make_test_pki

ROWS, FEATURES = 25_000, 20
CASE = f"{ROWS:,} rows × {FEATURES} features, LightGBM 200 × 31"
CERTIFICATE = Path("keys", "test-provider.pem")
PEERS = Path(__file__).parent.parent / ".venv-peers"

PLAN = """\
version = 1
[model]
path = "model.txt"
task = "binary"
positive = 1
threshold = ">=0.5"
[data]
evaluation = "test.parquet"
reference = "train.parquet"
target = "y"
sensitive = ["group"]
[fairness]
favourable = 0
basis = { group = "for a benchmark" }
[statements]
population = "all cases"
"""


def rows(runs: int) -> Iterator[Row]:
    """From the saved model and two files to the signed release, SHAP values of every row as in shapash."""
    command = Path(sys.executable).with_name("explainkit")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_case(folder)
        key = make_test_pki(folder / "keys", passphrase=None).signer.key
        peers, version = shapash(folder, runs)
        (folder / "audit.toml").write_text(PLAN, encoding="utf-8")
        audit: list[str | Path] = [command, "audit", "audit.toml", "--quiet", "--force", "--out", "release"]
        ours = measure([*audit, "--key", key, "--certificate", CERTIFICATE], runs=runs, cwd=folder)
        yield Row(
            work="audit to a signed release",
            ours=ours,
            peer=f"shapash {version}" if peers else "shapash",
            peers=peers,
            goal="10 s, 700 MB",
            note="; ".join([CASE, sizes(folder), "shapash: HTML only" if peers else version]),
        )


def make_case(folder: Path) -> None:
    """Write model and data; the same numbers every time."""
    import joblib
    import lightgbm
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(0)
    features = pd.DataFrame(
        rng.normal(size=(2 * ROWS, FEATURES)), columns=[f"x{number:02d}" for number in range(FEATURES)]
    )
    x = features.to_numpy()
    margin = x[:, 0] + x[:, 1] * x[:, 2] - np.abs(x[:, 3]) + 0.5 * x[:, 4:10].sum(axis=1)
    y = (margin + rng.logistic(size=len(x)) > 0.4).astype(int)
    frame = features.assign(y=y, group=rng.choice(["a", "b", "c"], size=len(x), p=[0.5, 0.3, 0.2]))
    model = lightgbm.LGBMClassifier(n_estimators=200, num_leaves=31, random_state=0, n_jobs=1, verbose=-1)
    model.fit(features[:ROWS], y[:ROWS])
    model.booster_.save_model(folder / "model.txt")
    joblib.dump(model, folder / "model.joblib")
    frame[:ROWS].to_parquet(folder / "train.parquet")
    frame[ROWS:].to_parquet(folder / "test.parquet")


def sizes(folder: Path) -> str:
    """Sizes of the two documents."""
    html, pdf = (folder / "release" / name for name in ("card.html", "card.pdf"))
    return f"HTML {html.stat().st_size / 1e6:.2f} MB, PDF {pdf.stat().st_size / 1e6:.2f} MB"


def shapash(folder: Path, runs: int) -> tuple[Timing | None, str]:
    """Time shapash on the same case, in an environment of its own; its version, or why it could not be run."""
    python = PEERS / "bin" / "python"
    try:
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", PEERS], check=True, capture_output=True)
        wanted = ["shapash[report]>=2.10", "lightgbm", "pyarrow", "joblib"]
        subprocess.run(
            [python, "-m", "pip", "install", "-qq", *wanted], check=True, capture_output=True, stdin=subprocess.DEVNULL
        )
        version = "import importlib.metadata as m; print(m.version('shapash'))"
        found = subprocess.run([python, "-c", version], check=True, capture_output=True, text=True).stdout.strip()
        script = Path(__file__).with_name("peer_shapash.py")
        return measure([python, script, folder], runs=runs), found
    except subprocess.CalledProcessError as error:
        output = error.stderr or error.stdout or b""
        text = output if isinstance(output, str) else output.decode(errors="replace")
        return None, f"shapash was not run: {(text.strip().splitlines() or ['no output'])[-1][:120]}"
