"""A release is verified: every file, every signature, and that they belong together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509

from explainkit.errors import InputError, VerificationError
from explainkit.evidence import Evidence
from explainkit.sign.cades import check_detached
from explainkit.sign.case import Case, judge, same_signer, unjudged
from explainkit.sign.certificates import fingerprint, pem_chain, unfitness
from explainkit.sign.cms import CheckedSignature
from explainkit.sign.content import read_card, unlike_card, unlike_summary
from explainkit.sign.dsse import Envelope
from explainkit.sign.folder import LARGEST_FILE, SIGNATURES, Contents, FileOnDisk, read_release
from explainkit.sign.hanko import HOSTILE, quiet
from explainkit.sign.manifest import CARD_FILES, CHAIN, DETACHED, ROLE_FOLDERS, STATEMENT, Statement, subjects
from explainkit.sign.pades import CheckedPdf, check_pdf
from explainkit.sign.policy import LEVELS, Policy, older, read_policy
from explainkit.sign.trust import Standing, read_trust, standing
from explainkit.sign.verdict import FileVerdict, Verification

_NOT_A_CARD: tuple[type[Exception], ...] = (InputError, *HOSTILE)


def verify_release(
    path: Path | str,
    *,
    trust: Path | str | Sequence[Path | str] = (),
    release: bool = False,
    policy: Policy | Path | str | None = None,
    at: dt.datetime | None = None,
) -> Verification:
    """Verify a release folder, or a card.pdf alone.

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
    return case.verification(path)


def _held_to(case: Case, policy: Policy) -> None:
    """Hold what was found to the verifier's policy."""
    for role in policy.required_roles:
        if not any(s.role == role and s.valid for s in case.signatures):
            case.wrong(SIGNATURES, f"the policy asks for the {role}'s signature, which is not there")
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
    if not any(name in files for name in CARD_FILES) and not any(n.startswith(SIGNATURES + "/") for n in files):
        raise InputError(
            "nothing to verify here", where=str(folder), found="no card and no signature", allowed="a release"
        )
    for odd in contents.oddities:
        case.wrong(odd.name, f"{odd.what}; a release has only its own files")
    statement, chain = _statement(case, files, "provider")
    _compare_files(case, contents, statement)
    if statement is None or not chain:
        return
    good = {f.name: files[f.name].data for f in statement.files if _unchanged(files.get(f.name), f.length, f.sha256)}
    where = standing(chain[0], chain[1:], case.trust, case.at)
    _dsse(case, "provider", chain, where)
    for name in DETACHED:
        _cades(case, "provider", name, good, chain, where)
    pdf = _pades(case, "provider", good.get("card.pdf"), chain, where)
    _content(case, good, pdf, statement)


def _statement(
    case: Case, files: dict[str, FileOnDisk], role: str
) -> tuple[Statement | None, tuple[x509.Certificate, ...]]:
    """The statement of a role, if its signature is good, and the certificates beside it."""
    prefix = f"{SIGNATURES}/{ROLE_FOLDERS[role]}/"
    if not any(name.startswith(prefix) for name in files):
        case.wrong(SIGNATURES, f"not signed by the {role}", "sign it, or get the release whole")
        return None, ()
    for name in (STATEMENT, CHAIN):
        if prefix + name not in files:
            case.wrong(prefix + name, "missing")
            return None, ()
    try:
        chain = tuple(x509.load_pem_x509_certificates(files[prefix + CHAIN].data))
        unfit = unfitness(chain[0])
        if pem_chain(chain) != files[prefix + CHAIN].data:
            raise ValueError("more than certificates in PEM")
    except HOSTILE as error:
        case.wrong(prefix + CHAIN, f"not a chain of certificates ({str(error)[:200]})")
        return None, ()
    try:
        envelope = Envelope.from_json(files[prefix + STATEMENT].data)
        if not envelope.signed_by(chain[0]):
            raise VerificationError("the signature is not that of the certificate in chain.pem over this statement")
        statement = Statement.from_payload(envelope.payload)
    except VerificationError as error:
        case.refused(prefix + STATEMENT, error)
        return None, ()
    if unfit is not None:
        case.wrong(prefix + CHAIN, f"the certificate must not sign a release: {unfit}")
    if statement.certificate != fingerprint(chain[0]):
        case.wrong(prefix + STATEMENT, "names another certificate than the one in chain.pem")
    if statement.role != role or statement.previous is not None:
        case.wrong(prefix + STATEMENT, f"made for another place: role {statement.role!r:.40}")
    due = {*CARD_FILES, prefix + CHAIN, *(f"{prefix}{name}.p7s" for name in DETACHED)}
    unlisted = sorted(due - {f.name for f in statement.files})
    if unlisted:
        case.wrong(prefix + STATEMENT, f"does not list {', '.join(unlisted)}")
    return statement, chain


def _unchanged(file: FileOnDisk | None, length: int, sha256: str) -> bool:
    return file is not None and file.length == length and file.sha256 == sha256


def _compare_files(case: Case, contents: Contents, statement: Statement | None) -> None:
    """Every file is listed, every listed file is there as it was."""
    own = f"{SIGNATURES}/{ROLE_FOLDERS['provider']}/{STATEMENT}"
    there = {f.name: f for f in contents.files}
    if statement is None:
        case.files += [FileVerdict(name=name, listed=False, intact=None) for name in there]
        return
    listed = {f.name: f for f in statement.files}
    for name, expected in listed.items():
        intact = _unchanged(there.get(name), expected.length, expected.sha256)
        case.files.append(FileVerdict(name=name, listed=True, intact=intact))
        if name not in there:
            case.wrong(name, "missing")
        elif not intact:
            case.wrong(name, "changed since it was signed")
    for name in sorted(there.keys() - listed.keys()):
        # The envelope of the statement cannot list itself; its bytes are determined by what is inside.
        case.files.append(FileVerdict(name=name, listed=name == own, intact=True if name == own else None))
        if name != own:
            case.wrong(name, "not listed by any statement: it was added after signing")


def _dsse(case: Case, role: str, chain: Sequence[x509.Certificate], where: Standing) -> None:
    place = f"{SIGNATURES}/{ROLE_FOLDERS[role]}/{STATEMENT}"
    signature = CheckedSignature(
        intact=True,
        valid=True,
        trusted=where.trusted,
        certificate=chain[0],
        others=tuple(chain[1:]),
        signed_at=None,
    )
    judge(case, place, signature, where, role=role, kind="dsse", covers="the release")


def _cades(
    case: Case, role: str, name: str, good: dict[str, bytes], chain: Sequence[x509.Certificate], where: Standing
) -> None:
    place = f"{SIGNATURES}/{ROLE_FOLDERS[role]}/{name}.p7s"
    if name not in good or place not in good:
        unjudged(case, role, "cades", name)
        return
    try:
        signature = check_detached(good[name], good[place], case.trust, case.at)
    except VerificationError as error:
        case.refused(place, error)
        unjudged(case, role, "cades", name)
        return
    same_signer(case, place, signature, chain)
    judge(case, place, signature, where, role=role, kind="cades", covers=name)


def _pades(
    case: Case, role: str, data: bytes | None, chain: Sequence[x509.Certificate], where: Standing
) -> CheckedPdf | None:
    if data is None:
        unjudged(case, role, "pades", "card.pdf")
        return None
    try:
        pdf = check_pdf(data, case.trust, case.at)
    except VerificationError as error:
        case.refused("card.pdf", error)
        unjudged(case, role, "pades", "card.pdf")
        return None
    if pdf.role != role:
        case.wrong("card.pdf", f"signed as {pdf.role}, not as {role}")
    same_signer(case, "card.pdf", pdf.signature, chain)
    judge(case, "card.pdf", pdf.signature, where, role=role, kind="pades", covers="card.pdf")
    return pdf


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
        return read_card(data)
    except VerificationError as error:
        case.refused("card.json", error)
        return None


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
    try:
        pdf = check_pdf(data, case.trust, case.at)
    except VerificationError as error:
        case.refused(path.name, error)
        return
    signature = pdf.signature
    where = standing(signature.certificate, signature.others, case.trust, case.at)
    judge(case, path.name, signature, where, role=pdf.role, kind="pades", covers=path.name)
    evidence = _evidence(case, pdf.card_json)
    if evidence is not None:
        try:
            _fit_for_release(case, evidence)
        except HOSTILE as error:
            case.wrong(path.name, f"the card inside is not a card: {str(error)[:200]}")
