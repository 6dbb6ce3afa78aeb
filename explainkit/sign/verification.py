"""A release is verified: every file, every signature, and that they belong together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from itertools import chain, combinations
from pathlib import Path

from explainkit.artifact import sha256_of
from explainkit.errors import InputError, VerificationError
from explainkit.evidence import Evidence
from explainkit.sign.acts import ARCHIVE, acts_among, disorder
from explainkit.sign.archive_folder import Archived, read_archive, settle
from explainkit.sign.case import Case, judge, judge_stamp, same_signer, unjudged
from explainkit.sign.comparison import check_comparison, is_comparison
from explainkit.sign.content import read_card, unlike_card, unlike_summary
from explainkit.sign.folder import LARGEST_FILE, SIGNATURES, FileOnDisk, read_release
from explainkit.sign.hanko import HOSTILE, quiet
from explainkit.sign.manifest import CARD_FILES, CHAIN, ROLES, ListedFile, Statement, subjects
from explainkit.sign.policy import LEVELS, Policy, older, read_policy
from explainkit.sign.revisions import CheckedPdf, CheckedRevision, check_pdf
from explainkit.sign.signer_folder import SignedAct, judge_detached, judge_statement, read_act, read_words
from explainkit.sign.trust import read_trust
from explainkit.sign.verdict import FileVerdict, Verification

_NOT_A_CARD: tuple[type[Exception], ...] = (InputError, *HOSTILE)


def verify_release(
    path: Path | str,
    *,
    trust: Path | str | Sequence[Path | str] = (),
    release: bool = False,
    policy: Policy | Path | str | None = None,
    gates: Path | str | None = None,
    at: dt.datetime | None = None,
) -> Verification:
    """Verify a release folder, a card.pdf alone, or the folder of a comparison.

    Parameters
    ----------
    path : path
        The folder or the PDF.
    trust : path or sequence of paths
        Files with the certificates that the verifier trusts, got by another way than the release; revocation lists
        may lie among them. Without any the signer is unknown, and the release indeterminate.
    release : bool, default False
        Hold it to the rules for a real release: no TEST certificate, no blank required statement, the intended
        signature level reached.
    policy : Policy or path, optional
        What the verifier asks for besides: roles, certificates, level, age. Without one, the provider's signature.
    gates : path, optional
        Gates that were signed beforehand (``NAME.p7s`` beside): the card has to be evaluated by them, and signed later.
    at : datetime.datetime, optional
        The moment for which certificates are judged, with its time zone; now when left out.

    Returns
    -------
    Verification
        ``exit_code`` 0 if valid, 3 if invalid or indeterminate.

    Raises
    ------
    InputError
        If there is nothing to verify, or a file cannot be read.
    """
    path = Path(path)
    if at is not None and at.tzinfo is None:
        raise InputError("a moment needs its time zone", where="at", found=at.isoformat())
    asked = read_policy(Path(policy)) if isinstance(policy, str | Path) else policy
    named = [Path(p) for p in ([trust] if isinstance(trust, str | Path) else trust)]
    case = Case(
        trust=read_trust([*named, *(asked.roots if asked else ())]),
        at=at or dt.datetime.now(dt.UTC),
        release=release or (asked is not None and asked.release),
    )
    with quiet():
        if path.is_dir():
            _folder(case, path)
        elif path.is_file():
            _lone_pdf(case, path, asked)
        elif path.exists():
            raise InputError(
                "neither a release nor a PDF", where=str(path), found="something else (a pipe or a device)"
            )
        else:
            raise InputError("no such release", where=str(path), allowed="a release folder, or its card.pdf")
        if asked is not None:
            _held_to(case, asked)
        if gates is not None:  # after the policy, which is about the card: gates are older, and of any level
            _gates(case, path, Path(gates))
    return case.verification(path)


def _gates(case: Case, path: Path, gates: Path) -> None:
    from explainkit.sign.gates import check_gates

    if not path.is_dir() or not (path / "card.json").exists():
        found = "a PDF alone" if path.is_file() else "no card.json"
        raise InputError("gates are compared with a release", where=str(path), found=found)
    if case.evidence is not None:  # else what is wrong with it is noted already
        check_gates(case, gates, case.evidence)


def _held_to(case: Case, policy: Policy) -> None:
    """Hold what was found to the verifier's policy."""
    for role in policy.required_roles:
        if not any(s.role == role and s.valid for s in case.signatures):
            case.wrong(SIGNATURES, f"the policy asks for the {role}'s signature, which is not there")
    for role, wanted in policy.opinions.items():
        said = next((o for o, _ in case.opinions if o.role == role), None)
        if said is None or said.opinion not in wanted:
            given = "which is not there" if said is None else f"who says {said.opinion}"
            case.wrong(SIGNATURES, f"the policy asks for {' or '.join(wanted)} of the {role}, {given}")
        elif said.lapsed(case.at):
            case.wrong(SIGNATURES, f"the {role}'s opinion has lapsed on {said.valid_until}")
    for role, allowed in policy.certificates.items():
        for certificate in sorted({c for r, c in case.certificates if r == role} - {*allowed}):
            case.wrong(SIGNATURES, f"the {role} signed with a certificate that the policy does not name: {certificate}")
    for signature in case.signatures:
        place = f"{signature.role}'s signature over {signature.covers}"
        if signature.level is not None and LEVELS.index(signature.level) < LEVELS.index(policy.minimum_level):
            case.wrong(place, f"level {signature.level}, where the policy asks for {policy.minimum_level}")
        days = policy.maximum_age_days
        moment = signature.stamped_at or signature.signed_at
        if days is not None and older(moment, case.at, days):
            case.wrong(place, f"of {moment}, more than {days} days ago")


def _folder(case: Case, folder: Path) -> None:
    contents = read_release(folder)
    files = {f.name: f for f in contents.files}
    if is_comparison(files):
        check_comparison(case, contents)
        return
    if not any(name in files for name in CARD_FILES) and not any(n.startswith(SIGNATURES + "/") for n in files):
        raise InputError(
            "nothing to verify here", where=str(folder), found="no card and no signature", allowed="a release"
        )
    for odd in contents.oddities:
        case.wrong(odd.name, f"{odd.what}; a release has only its own files")
    acts = acts_among(files)
    problem = disorder(acts)
    if not acts:
        case.wrong(SIGNATURES, f"not signed by the {ROLES[0]}", "sign it, or get the release whole")
    elif problem is not None:
        case.wrong(SIGNATURES, problem)
    signed: list[SignedAct] = []
    archives: list[Archived] = []
    for act in acts:
        if act.kind == ARCHIVE:
            archive = read_archive(case, files, act, acts)
            archives += [] if archive is None else [archive]
            continue
        one = read_act(case, files, act, signed[-1] if signed else None)
        if one is None:
            break  # what follows cannot be known to follow
        signed.append(one)
    good = _compare_files(case, files, signed, archives)
    if signed:
        settle(case, acts, archives)
        _judge(case, good, signed, archives)


def _judge(case: Case, good: dict[str, bytes], signed: Sequence[SignedAct], archives: Sequence[Archived]) -> None:
    """Judge every signature, and what the files say."""
    for one, other in combinations([s for s in signed if s.act.signs_pdf], 2):
        if one.chain[0].public_key() == other.chain[0].public_key():
            case.wrong(other.act.folder + CHAIN, f"the {other.act.kind} signed with the key of the {one.act.kind}")
    pdf = _pdf(case, good.get("card.pdf"))
    for one in signed:
        judge_statement(case, one)
        judge_detached(case, one, good)
        if one.act.signs_pdf:
            _pades(case, one, pdf)
        read_words(case, one, good)
    if pdf is not None:
        for revision in pdf.revisions:
            if revision.stamp is not None:
                judge_stamp(case, "card.pdf", revision.stamp, covers="card.pdf")
        _pdf_order(case, signed, archives, pdf)
    _content(case, good, pdf, signed[0].statement)


def _compare_files(
    case: Case, files: Mapping[str, FileOnDisk], signed: Sequence[SignedAct], archives: Sequence[Archived]
) -> dict[str, bytes]:
    """Every file is listed, every listed file is there as it was; the bytes of those that are."""
    if not signed:
        case.files += [FileVerdict(name=name, listed=False, intact=None) for name in files]
        return {}
    intact: dict[str, bool] = {}
    lists = [*(one.statement.files for one in signed), *(one.manifest.files for one in archives)]
    for listed in chain.from_iterable(lists):
        there = files.get(listed.name)
        intact[listed.name] = intact.get(listed.name, True) and there is not None and _unchanged(there, listed)
        if there is None:
            case.wrong(listed.name, "missing")
        elif not _unchanged(there, listed):
            case.wrong(listed.name, "changed since it was signed")
    # The envelope of a statement cannot list itself; its bytes are determined by what is inside.
    own = {*chain.from_iterable(one.own for one in signed), *chain.from_iterable(one.own for one in archives)}
    for name in sorted(files.keys() - intact.keys() - own):
        case.wrong(name, "not listed by any statement: it was added after signing")
    for name in sorted(files.keys() | intact.keys()):
        known = name in intact or name in own
        case.files.append(FileVerdict(name=name, listed=known, intact=intact.get(name, True) if known else None))
    return {name: files[name].data for name, good in intact.items() if good}


def _unchanged(there: FileOnDisk, listed: ListedFile) -> bool:
    """Whether a file is as it was listed; ``card.pdf`` may have grown by the signatures of others."""
    if listed.name == "card.pdf" and there.length > listed.length:
        return sha256_of(there.data[: listed.length]) == listed.sha256
    return there.length == listed.length and there.sha256 == listed.sha256


def _pdf(case: Case, data: bytes | None) -> CheckedPdf | None:
    if data is None:
        return None
    try:
        pdf = check_pdf(data, case.trust, case.at)
    except VerificationError as error:
        case.refused("card.pdf", error)
        return None
    case.trust = case.trust.keeping(pdf.crls)
    return pdf


def _pades(case: Case, one: SignedAct, pdf: CheckedPdf | None) -> None:
    """The signature of one signer inside card.pdf, which has to end where the signer's statement says."""
    role = one.act.kind
    revision = None if pdf is None else next((r for r in pdf.revisions if r.role == role), None)
    if revision is None:
        if pdf is not None:
            case.wrong("card.pdf", f"not signed as {role}")
        unjudged(case, role, "pades", "card.pdf")
        return
    length = next((f.length for f in one.statement.files if f.name == "card.pdf"), None)
    if revision.length != length:
        case.wrong("card.pdf", f"the {role}'s signature ends at {revision.length} bytes, not at {length} as stated")
    assert revision.signature is not None
    same_signer(case, "card.pdf", revision.signature, one.chain)
    _judge_revision(case, "card.pdf", revision)


def _judge_revision(case: Case, place: str, revision: CheckedRevision) -> None:
    if revision.stamp is not None:
        judge_stamp(case, place, revision.stamp, covers=place)
    if revision.signature is not None:
        judge(
            case,
            place,
            revision.signature,
            role=revision.role,
            kind="pades",
            covers=place,
            archived=revision.archived,
        )


def _pdf_order(case: Case, signed: Sequence[SignedAct], archives: Sequence[Archived], pdf: CheckedPdf) -> None:
    """The revisions of card.pdf are those of the acts, in the same order; those of archives end where they say."""
    inside = [r.role for r in pdf.revisions]
    acts = [*(one.act for one in signed if one.act.signs_pdf), *(one.act for one in archives)]
    beside = [act.kind for act in sorted(acts, key=lambda act: act.number)]
    for role in dict.fromkeys(r for r in inside if inside.count(r) > beside.count(r)):
        what = "has no folder" if role == ARCHIVE else "has no statement"
        case.wrong("card.pdf", f"signed as {role}, of whom the release {what}")
    if sorted(inside) == sorted(beside) and inside != beside:
        case.wrong("card.pdf", f"signed in another order ({', '.join(inside)}) than the statements")
    lengths = [r.length for r in pdf.revisions if r.role == ARCHIVE]
    for archive, length in zip(archives, lengths, strict=False):
        stated = next((f.length for f in archive.manifest.files if f.name == "card.pdf"), None)
        if stated != length:
            case.wrong("card.pdf", f"an archive ends at {length} bytes, not at {stated} as it says")
    if len(lengths) < len(archives):
        case.wrong("card.pdf", f"{len(lengths)} document time stamps where {len(archives)} are due")


def _content(case: Case, good: dict[str, bytes], pdf: CheckedPdf | None, statement: Statement) -> None:
    """The files agree with one another, and with the statement about model, data and plan."""
    if "card.json" not in good:
        return
    if pdf is not None and pdf.card_json != good["card.json"]:
        case.wrong("card.pdf", "the card.json embedded in it is not the one beside it")
    evidence = _evidence(case, good["card.json"])
    if evidence is None:
        return
    try:
        if subjects(evidence) != statement.subjects:
            case.wrong("card.json", "names another model, other data or another plan than the statement")
        for problem in unlike_card(good["card.html"], evidence) if "card.html" in good else ():
            case.wrong("card.html", problem)
        for name, problem in unlike_summary(good):
            case.wrong(name, problem)
        _fit_for_release(case, evidence)
    except _NOT_A_CARD as error:
        # The reader of card.json checks its members, not the type of each value.
        case.wrong("card.json", f"not a card: {str(error)[:200]}")


def _evidence(case: Case, data: bytes) -> Evidence | None:
    try:
        case.evidence = read_card(data)
    except VerificationError as error:
        case.refused("card.json", error)
    return case.evidence


def _fit_for_release(case: Case, evidence: Evidence) -> None:
    if not case.release:
        return
    blank = [s.id for s in evidence.statements if s.required and not s.answer]
    if blank:
        case.wrong("card.json", f"required statements are blank: {', '.join(blank)}", "state them in the plan")
    reached = [s.level for s in case.signatures if s.level is not None]
    if evidence.level not in LEVELS or any(LEVELS.index(r) < LEVELS.index(evidence.level) for r in reached):
        case.wrong("card.pdf", f"level {evidence.level} was intended, {', '.join(sorted(set(reached)))} is reached")


def _lone_pdf(case: Case, path: Path, policy: Policy | None) -> None:
    try:
        if path.stat().st_size > LARGEST_FILE:
            case.wrong(path.name, f"larger than {LARGEST_FILE // 2**20} MB")
            return
        data = path.read_bytes()
    except OSError as error:
        raise InputError("the file cannot be read", where=str(path), found=error.strerror or str(error)) from None
    if not data.startswith(b"%PDF-") and path.suffix.lower() != ".pdf":
        raise InputError("neither a release nor a PDF", where=str(path), allowed="a release folder, or its card.pdf")
    if policy is None:
        case.add(
            "indeterminate",
            path.name,
            "a PDF alone does not say which signatures and files have to be there",
            "verify the release folder that it belongs to, or say who has to have signed: --policy",
        )
    pdf = _pdf(case, data)
    if pdf is None:
        return
    for revision in pdf.revisions:
        _judge_revision(case, path.name, revision)
    evidence = _evidence(case, pdf.card_json)
    if evidence is not None:
        try:
            _fit_for_release(case, evidence)
        except HOSTILE as error:
            case.wrong(path.name, f"the card inside is not a card: {str(error)[:200]}")
