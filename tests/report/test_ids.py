"""Several ids in one line."""

from __future__ import annotations

import pytest

from explainkit.report.ids import joined_ids


@pytest.mark.parametrize(
    ("ids", "line"),
    [
        (["performance.roc_auc"], "performance.roc_auc"),
        (["fairness.count[age=a]", "fairness.selection_rate[age=a]"], "fairness.{count,selection_rate}[age=a]"),
        (["a.c[actual=x,decided=x]", "a.c[actual=x,decided=y]"], "a.c[actual=x,decided={x,y}]"),
        (['a.c[k="x y"]', 'a.c[k="y, z"]'], 'a.c[k={"x y","y, z"}]'),
        (
            ["case.input[case=1]", "explanation.shap.base[case=1]", "explanation.lime.weight[case=1]"],
            "{case.input,explanation.shap.base,explanation.lime.weight}[case=1]",
        ),
        (["a.b", "c.d[k=v]"], "a.b c.d[k=v]"),
        (["a.b[k=1]", "a.b[k=1]"], "a.b[k=1]"),
        (["a.b[k=1,l=1]", "a.b[k=2,l=2]"], "a.b[k=1,l=1] a.b[k=2,l=2]"),
    ],
)
def test_what_differs_stands_in_braces(ids: list[str], line: str) -> None:
    assert joined_ids(ids) == line
