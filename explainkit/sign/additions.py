"""What one revision may add to a certified card.pdf: a signature in its field, or an archive; exactly that."""

from __future__ import annotations

from typing import Any

from explainkit.errors import VerificationError

# Of a signature that is not the first: no /Reference, by which it could lock or permit something.
_MEMBERS = {"/Type", "/Filter", "/SubFilter", "/Contents", "/ByteRange", "/M"}
_FIELD = {"/FT", "/T", "/Type", "/Subtype", "/F", "/Rect", "/P", "/TU", "/V"}
_HIDDEN = 132
"""Flags of an annotation: locked, printed."""
_LISTS = ("/Certs", "/CRLs")


def check_signature_added(reader: Any, revision: int, embedded: Any) -> None:
    """A signature after the first fills its field, and its revision holds nothing besides.

    Raises
    ------
    VerificationError
        If it does more.
    """
    before, after, written = _around(reader, revision)
    field = embedded.sig_field.container_ref
    if written != {field, embedded.sig_object.container_ref}:
        raise VerificationError("a revision changes more than a signature adds", found=f"{len(written)} objects")
    old, new = dict(before.get_object(field)), dict(after.get_object(field))
    filled = new.pop("/V", None)
    if old != new or "/V" in old or filled is None:
        raise VerificationError("a revision changes the field that it signs")
    _plain(embedded)


def check_archive_added(reader: Any, revision: int, embedded: Any) -> None:
    """An archive adds a document time stamp in a new field out of sight, certificates and revocation lists; no more.

    Raises
    ------
    VerificationError
        If it does more.
    """
    before, after, written = _around(reader, revision)
    field, root = embedded.sig_field.container_ref, _ref(before.root_ref)
    form, page = _ref(before.root.raw_get("/AcroForm")), _ref(embedded.sig_field.raw_get("/P"))
    left = written - {field, embedded.sig_object.container_ref, root, form, page}
    _grown(before.get_object(form), after.get_object(form), "/Fields", field)
    _grown(before.get_object(page), after.get_object(page), "/Annots", field)
    if set(embedded.sig_field) != _FIELD or int(embedded.sig_field["/F"]) != _HIDDEN or _visible(embedded.sig_field):
        raise VerificationError("the field of a time stamp is not out of sight")
    old, new = dict(before.get_object(root)), dict(after.get_object(root))
    place, earlier = new.pop("/DSS", None), old.pop("/DSS", None)
    if old != new:
        raise VerificationError("an archive changes the document")
    if place is not None:
        left -= _stored(before, after, earlier, place, left)
    if left:
        raise VerificationError("a revision changes more than an archive adds", found=f"{len(left)} objects")
    _plain(embedded)


def _stored(before: Any, after: Any, earlier: Any, place: Any, written: set[Any]) -> set[Any]:
    """Objects of a document security store that grew by streams; what was there stays."""
    store = after.get_object(_ref(place))
    old = {} if earlier is None else before.get_object(_ref(earlier))
    if set(store) - {"/Type", *_LISTS} or (earlier is not None and _ref(earlier) != _ref(place)):
        raise VerificationError("a document security store of another kind")
    added: set[Any] = {_ref(place)}
    for name in _LISTS:
        was, now = list(old.get(name, ())), list(store.get(name, ()))
        references = [_ref(n) for n in now]
        if [_ref(n) for n in was] != references[: len(was)]:
            raise VerificationError("a document security store loses what it held")
        new = references[len(was) :]
        if any(set(after.get_object(r)) - {"/Length", "/Filter"} or r not in written for r in new):
            raise VerificationError("a document security store holds something else")
        added |= set(new)
    return added & written


def _around(reader: Any, revision: int) -> tuple[Any, Any, set[Any]]:
    """The document before and after a revision, and what it wrote; it begins where it began, nothing is taken away."""
    before, after = reader.get_historical_resolver(revision - 1), reader.get_historical_resolver(revision)
    if reader.xrefs.refs_freed_in_revision(revision):
        raise VerificationError("a revision takes something away")
    if any(before.trailer_view.raw_get(n) != after.trailer_view.raw_get(n) for n in ("/Root", "/Info")):
        raise VerificationError("a revision begins the document elsewhere")
    # Where the base has cross-reference streams, each revision has one of its own: an object that was not there before.
    tables = {r for r in reader.xrefs.xref_stream_refs if reader.xrefs.get_introducing_revision(r) == revision}
    return before, after, set(reader.xrefs.explicit_refs_in_revision(revision)) - tables


def _grown(old: Any, new: Any, name: str, field: Any) -> None:
    """A dictionary differs in one list alone, which got one member more."""
    was, now = dict(old), dict(new)
    one, other = list(was.pop(name)), list(now.pop(name))
    if was != now or [_ref(r) for r in other] != [*(_ref(r) for r in one), field]:
        raise VerificationError("a revision changes more than an archive adds", found=name)


def _ref(pointer: Any) -> Any:
    """The reference in an indirect object, or the reference itself."""
    return getattr(pointer, "reference", pointer)


def _visible(field: Any) -> bool:
    return list(field["/Rect"]) != [-9999] * 4


def _plain(embedded: Any) -> None:
    strange = set(embedded.sig_object) - _MEMBERS
    if strange:
        raise VerificationError("a later signature says more than that it was made", found=", ".join(sorted(strange)))
