"""Archives are verified, from the last to the first: each says for which moment what lies before it is judged."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from explainkit.errors import VerificationError
from explainkit.sign.acts import Act
from explainkit.sign.archive import MANIFEST, REVOCATION, TOKEN, Manifest, read_revocation, same_files
from explainkit.sign.case import Case, judge_stamp
from explainkit.sign.folder import FileOnDisk
from explainkit.sign.timestamps import check_token


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """A folder with an archive, read."""

    act: Act
    manifest: Manifest
    data: bytes
    """Bytes of the manifest."""
    token: bytes
    crls: tuple[Any, ...]

    @property
    def own(self) -> tuple[str, ...]:
        """Files of the folder that its manifest cannot list."""
        return (self.act.folder + MANIFEST, self.act.folder + TOKEN)


def read_archive(case: Case, files: Mapping[str, FileOnDisk], act: Act, acts: Sequence[Act]) -> Archived | None:
    """Read the folder of an archive; what is wrong is noted."""
    for name in (MANIFEST, TOKEN, REVOCATION):
        if act.folder + name not in files:
            case.wrong(act.folder + name, "missing")
            return None
    place = MANIFEST
    try:
        manifest = Manifest.from_json(files[act.folder + MANIFEST].data)
        place = REVOCATION
        crls = read_revocation(files[act.folder + REVOCATION].data)
    except VerificationError as error:
        case.refused(act.folder + place, error)
        return None
    problem = same_files(manifest, act, files, acts)
    if problem is not None:
        case.wrong(act.folder + MANIFEST, problem)
    return Archived(
        act=act,
        manifest=manifest,
        data=files[act.folder + MANIFEST].data,
        token=files[act.folder + TOKEN].data,
        crls=crls,
    )


def settle(case: Case, acts: Sequence[Act], archives: Sequence[Archived]) -> None:
    """Find the moment for which each act is judged, and keep the revocation lists that lie in the release.

    A time stamp is judged for now, or for the moment of the trusted archive after it; what it covers was there then.
    """
    for one in archives:
        case.trust = case.trust.keeping(one.crls)
    known = {one.act.number: one for one in archives}
    moment, archived = case.at, False
    for act in reversed(acts):
        case.moments[act.number] = (moment, archived)
        at = _stamped(case, known[act.number], moment) if act.number in known else None
        if at is not None and at <= moment:
            moment, archived = at, True


def _stamped(case: Case, one: Archived, moment: dt.datetime) -> dt.datetime | None:
    place = one.act.folder + TOKEN
    try:
        stamp = check_token(one.token, one.data, case.trust, moment)
    except VerificationError as error:
        case.refused(place, error)
        return None
    judge_stamp(case, place, stamp, covers="the release")
    return stamp.at if stamp.sound and stamp.trusted else None
