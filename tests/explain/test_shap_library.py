"""The explainer of shap that is loaded alone: the same as that of the whole library."""

from __future__ import annotations

import subprocess
import sys

import pytest

START = """
import sys
import warnings
import numpy as np
from explainkit.beside import own
from explainkit.explain import shap_library

if sys.argv[1] == "own":
    own()

warnings.simplefilter("ignore")  # matplotlib has renamed what shap's colour maps call
rng = np.random.default_rng(0)
rows, behind = rng.integers(0, 5, (2, 12)).astype(float), rng.integers(0, 5, (4, 12)).astype(float)

def values():
    return shap_library.values(lambda x: x[:, :2] * x[:, 2:3] + np.sin(x[:, 5:7]), rows, behind, seed=3)
"""
SAME = """
found, name = values(), shap_library.version()
loaded = {name.partition(".")[0] for name in sys.modules}
assert not loaded & {"shap", "matplotlib"}, loaded

import shap
assert shap.TreeExplainer.__module__ == "shap.explainers._tree" and shap.plots.bar and shap.maskers.Independent
shap_library._kernel_explainer.cache_clear()
assert shap_library._kernel_explainer()[0] is shap.KernelExplainer
assert name == shap_library.version() == f"shap {shap.__version__}"
for one, other in zip(found, values(), strict=True):
    assert one.tobytes() == other.tobytes()
"""
OTHERWISE = """
shap_library._GATHERING = ("shap", "shap.explainers", "shap.utils")  # whose functions the explainer imports
found, error = values()
assert found.shape == (2, 12, 2)
assert shap_library._kernel_explainer()[0] is sys.modules["shap"].KernelExplainer
"""


USERS = """
values()
assert shap_library._kernel_explainer()[0] is sys.modules["shap"].KernelExplainer
"""


@pytest.mark.parametrize(
    ("code", "whose"),
    [(SAME, "own"), (OTHERWISE, "own"), (USERS, "user")],
    ids=["alone", "laid out otherwise", "of the user"],
)
def test_shaps_explainer_is_loaded_alone_where_it_can_be_and_whoever_imports_shap_gets_it_as_a_whole(
    code: str, whose: str
) -> None:
    done = subprocess.run([sys.executable, "-c", START + code, whose], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
