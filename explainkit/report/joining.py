"""Two halves of a document, each a tagged PDF, joined into one: pages, tags, bookmarks, and where links lead."""

from __future__ import annotations

from itertools import chain

import pikepdf


def join(first: pikepdf.Pdf, second: pikepdf.Pdf) -> None:
    """Append the second half to the first, which keeps what is said of the document as a whole.

    Parameters
    ----------
    first, second : pikepdf.Pdf
        As WeasyPrint writes them: one structure tree with a flat parent tree, bookmarks, sorted names. Ids of elements
        differ. The second is used up.
    """
    _renumber(second, shift=1 + max(_keys(first.Root.StructTreeRoot.ParentTree)))
    for page in second.pages:  # before all else, which refers to the copies of pages
        first.pages.append(page)
    _join_tags(first.Root.StructTreeRoot, first.copy_foreign(second.Root.StructTreeRoot))
    if "/Outlines" in second.Root:
        _join_bookmarks(first.Root.Outlines, first.copy_foreign(second.Root.Outlines))
    if "/Dests" in second.Root.get("/Names", {}):
        names = first.Root.Names.Dests.Names
        others = first.copy_foreign(second.make_indirect(second.Root.Names.Dests)).Names
        pairs = [(bytes(array[at]), array[at : at + 2]) for array in (names, others) for at in range(0, len(array), 2)]
        pairs.sort(key=lambda pair: pair[0])
        first.Root.Names.Dests.Names = pikepdf.Array(chain.from_iterable(pair for _, pair in pairs))


def _keys(tree: pikepdf.Object) -> list[int]:
    numbers = tree.Nums
    return [int(numbers[at]) for at in range(0, len(numbers), 2)]


def _renumber(pdf: pikepdf.Pdf, *, shift: int) -> None:
    """Keys of the parent tree, and those who are found by them, start later."""
    numbers = pdf.Root.StructTreeRoot.ParentTree.Nums
    for at in range(0, len(numbers), 2):
        numbers[at] = int(numbers[at]) + shift
    for page in pdf.pages:
        page.obj.StructParents = int(page.obj.StructParents) + shift
        for annotation in page.obj.get("/Annots", ()):
            annotation.StructParent = int(annotation.StructParent) + shift


def _join_tags(tree: pikepdf.Object, other: pikepdf.Object) -> None:
    """What stands in the second document element goes on in the first; keys of the parent tree go on, too."""
    whole, part = tree.K[0], other.K[0]
    for element in part.K:
        element.P = whole
        whole.K.append(element)
    tree.ParentTree.Nums.extend(other.ParentTree.Nums)


def _join_bookmarks(outlines: pikepdf.Object, others: pikepdf.Object) -> None:
    last, following = outlines.Last, others.First
    last.Next, following.Prev = following, last
    outlines.Last = others.Last
    outlines.Count = int(outlines.Count) + int(others.Count)
    following.Parent = outlines
    while "/Next" in following:
        following = following.Next
        following.Parent = outlines
