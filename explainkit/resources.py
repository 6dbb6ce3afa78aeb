"""Finds what is shipped beside the code: the templates of the card, and the sample models.

Both lie inside the package in an installed wheel, and at the top of the tree in a source checkout.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from explainkit.errors import InputError


def resource(folder: str, *parts: str) -> Path:
    """Path of a shipped file or folder.

    Parameters
    ----------
    folder : str
        ``report_templates`` or ``sample_models``.
    *parts : str
        Names below it.

    Raises
    ------
    InputError
        If nothing of that name is shipped.

    Examples
    --------
    >>> resource("report_templates", "document.html").name
    'document.html'
    """
    package = Path(str(files("explainkit")))
    # The installed copy comes first: beside site-packages there may be a folder of the same name by accident.
    for home in (package / folder, package.parent / folder):
        if home.is_dir():
            found = home.joinpath(*parts)
            if found.exists():
                return found
    raise InputError(
        "a file that explainkit ships is missing",
        where="/".join((folder, *parts)),
        remedy="reinstall explainkit",
    )
