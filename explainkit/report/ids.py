"""Ids of several figures in one line, in the braces of a shell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from explainkit.figures import figure_id, parse_figure_id


def joined_ids(ids: Iterable[str]) -> str:
    """Write ids that differ in one place once, with braces around what differs.

    Parameters
    ----------
    ids : iterable of str
        Ids of figures.

    Examples
    --------
    >>> joined_ids(["fairness.count[age=old]", "fairness.selection_rate[age=old]"])
    'fairness.{count,selection_rate}[age=old]'
    >>> joined_ids(["a.confusion[actual=x,decided=x]", "a.confusion[actual=x,decided=y]"])
    'a.confusion[actual=x,decided={x,y}]'
    """
    brackets: dict[str, list[str]] = {}
    for text in dict.fromkeys(ids):
        name, bracket, keys = text.partition("[")
        brackets.setdefault(bracket + keys, []).append(name)
    if len(brackets) > 1:
        varied = _varied([name + keys for keys, names in brackets.items() for name in names])
        if varied is not None:
            return varied
    return " ".join(_names(names) + keys for keys, names in brackets.items())


def _names(names: Sequence[str]) -> str:
    """Names with their common beginning once."""
    if len(names) == 1:
        return names[0]
    parts = [name.split(".") for name in names]
    common = 0
    while all(len(p) > common + 1 for p in parts) and len({p[common] for p in parts}) == 1:
        common += 1
    head = ".".join(parts[0][:common])
    return (head + "." if head else "") + "{" + ",".join(".".join(p[common:]) for p in parts) + "}"


def _varied(ids: Sequence[str]) -> str | None:
    """One name whose keys differ in one value only; None where that is not so."""
    parsed = [parse_figure_id(text) for text in ids]
    name, first = parsed[0]
    if any(n != name or list(k) != list(first) for n, k in parsed):
        return None
    differing = [key for key in first if len({keys[key] for _, keys in parsed}) > 1]
    if len(differing) != 1:
        return None
    varying = differing[0]
    values = ",".join(figure_id("x", v=keys[varying])[4:-1] for _, keys in parsed)
    pairs = [
        figure_id("x", {key: "v"})[2:-2] + "{" + values + "}" if key == varying else figure_id("x", {key: value})[2:-1]
        for key, value in first.items()
    ]
    return f"{name}[{','.join(pairs)}]"
