"""A release is signed: what is added, what stays, and what is refused."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from explainkit.artifact import sha256_of
from explainkit.errors import ExplainkitError, InputError, OutputError, VerificationError
from explainkit.records import canonical
from explainkit.sign import child
from explainkit.sign.child import look_ahead, serve_job, sign_in_child, signing_soon
from explainkit.sign.keys import Signer, TrialKeys
from explainkit.sign.release import TOLD, sign_release
from explainkit.sign.verification import verify_release
from tests.sign.builders import WORD, make_evidence, make_files, make_pdf, read, write

FOLDER = "signatures/01-provider/"


def test_signing_adds_the_providers_folder_and_one_revision_of_the_pdf(
    signed_once: Path, unsigned_files: dict[str, bytes]
) -> None:
    files = read(signed_once)
    added = {FOLDER + name for name in ("card.json.p7s", "card.html.p7s", "statement.dsse.json", "chain.pem")}
    assert set(files) == set(unsigned_files) | added
    assert {name for name in unsigned_files if files[name] != unsigned_files[name]} == {
        "card.pdf",
        "public/summary.html",
        "card.html",  # the keys of the tests are TEST keys: pages say so
    }
    assert files["card.pdf"].startswith(unsigned_files["card.pdf"])


def test_the_statement_lists_every_other_file_with_length_and_digest(signed_once: Path) -> None:
    files = read(signed_once)
    envelope = json.loads(files.pop(FOLDER + "statement.dsse.json"))
    statement = json.loads(base64.b64decode(envelope["payload"]))
    found = {s["name"]: (s["annotations"]["length"], s["digest"]["sha256"]) for s in statement["subject"]}
    assert found == {name: (len(data), sha256_of(data)) for name, data in files.items()}
    evidence = make_evidence()
    predicate = statement["predicate"]
    assert predicate["role"] == "provider"
    assert predicate["previous"] is None
    assert "sha256:" + predicate["model"]["sha256"] == evidence.model.digest
    assert [("sha256:" + d["digest"]["sha256"], d["role"]) for d in predicate["datasets"]] == [
        (d.digest, d.role) for d in evidence.datasets
    ]
    assert "sha256:" + predicate["plan"]["sha256"] == evidence.plan_digest


def test_metadata_and_version_of_the_pdf_stay_as_they_were(signed_once: Path, unsigned_files: dict[str, bytes]) -> None:
    with (
        pikepdf.open(io.BytesIO(unsigned_files["card.pdf"])) as before,
        pikepdf.open(signed_once / "card.pdf") as after,
    ):
        assert bytes(before.Root.Metadata.read_raw_bytes()) == bytes(after.Root.Metadata.read_raw_bytes())
        assert dict(before.docinfo) == dict(after.docinfo)
        assert before.pdf_version == after.pdf_version == "1.7"
        assert "/Version" not in after.Root
        assert len(after.pages) == len(before.pages)


def test_the_pdf_has_a_hidden_field_for_each_role_and_is_certified(signed_once: Path) -> None:
    with pikepdf.open(signed_once / "card.pdf") as pdf:
        fields = list(pdf.Root.AcroForm.Fields)
        assert [str(f.T) for f in fields] == ["Provider", "Validator", "Approver"]
        assert ["/V" in f for f in fields] == [True, False, False]
        for field in fields:
            left, bottom, right, top = (float(x) for x in field.Rect)
            assert left == right < 0
            assert bottom == top < 0
            assert str(field.TU) == f"{field.T} signature"
        certified = pdf.Root.Perms.DocMDP
        assert certified.objgen == fields[0].V.objgen
        assert certified.SubFilter == "/ETSI.CAdES.detached"
        (reference,) = certified.Reference
        assert reference.TransformMethod == "/DocMDP"
        assert int(reference.TransformParams.P) == 2


def test_signing_in_a_child_gives_a_valid_release(
    tmp_path: Path, keys: TrialKeys, unsigned_files: dict[str, bytes]
) -> None:
    folder = write(tmp_path / "r", unsigned_files)
    sign_in_child(folder, keys.signer)
    assert verify_release(folder, trust=[keys.ca]).state == "valid"


def test_the_time_zone_of_the_place_of_signing_is_not_told(
    tmp_path: Path, keys: TrialKeys, unsigned_files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    folder = write(tmp_path / "r", unsigned_files)
    sign_in_child(folder, keys.signer)
    with pikepdf.open(folder / "card.pdf") as pdf:
        assert str(pdf.Root.Perms.DocMDP.M).endswith("Z")


def test_the_child_is_told_the_passphrase_through_a_pipe_only(
    tmp_path: Path, keys: TrialKeys, unsigned_files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = {}

    class Spy(subprocess.Popen[bytes]):
        def __init__(self, command: list[str], **options: Any) -> None:
            seen.update(options, command=command)
            super().__init__(command, **options)

        def communicate(self, input: bytes | None = None, timeout: float | None = None) -> tuple[bytes, bytes]:
            seen["input"] = input
            return super().communicate(input, timeout)

    monkeypatch.setattr(subprocess, "Popen", Spy)
    sign_in_child(write(tmp_path / "r", unsigned_files), keys.signer)
    assert WORD in seen["input"].decode()
    assert WORD not in " ".join(seen["command"])
    assert WORD not in " ".join(seen["env"].values())
    assert WORD not in repr(keys.signer)


def test_a_module_in_the_working_folder_does_not_become_part_of_the_signer(
    tmp_path: Path, keys: TrialKeys, unsigned_files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('hijacked')")
    monkeypatch.chdir(tmp_path)
    sign_in_child(write(tmp_path / "r", unsigned_files), keys.signer)


def test_a_process_started_ahead_signs_and_is_gone(
    tmp_path: Path, keys: TrialKeys, unsigned_files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    with signing_soon() as start:
        start()
        (waiting,) = child._waiting
        assert waiting.poll() is None
        monkeypatch.setattr(sys, "executable", "/nowhere/python")  # no other can be started
        folder = write(tmp_path / "r", unsigned_files)
        sign_in_child(folder, keys.signer)
    assert verify_release(folder, trust=[keys.ca]).state == "valid"
    assert waiting.returncode == 0


def test_files_shown_ahead_are_not_read_again(
    tmp_path: Path, keys: TrialKeys, unsigned_files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = json.dumps(
        {"folder": str(write(tmp_path / "r", unsigned_files)), "signer": keys.signer.to_job(), "act": "provider"}
    )
    told = {name: unsigned_files[name] for name in TOLD if name in unsigned_files}
    head = json.dumps({name: len(data) for name, data in told.items()}).encode() + b"\n"
    rest, agreed = look_ahead(io.BytesIO(b"".join((head, *told.values(), job.encode()))))
    assert rest == job.encode()
    monkeypatch.setattr("explainkit.sign.release.agree", None)
    assert json.loads(serve_job(rest, agreed)) == {"error": None}
    assert verify_release(tmp_path / "r", trust=[keys.ca]).state == "valid"
    assert look_ahead(io.BytesIO(job.encode())) == (job.encode(), None)


@pytest.mark.parametrize("changed", [False, True])
def test_what_is_signed_has_to_agree_whatever_was_shown_ahead(
    tmp_path: Path, keys: TrialKeys, unsigned_files: dict[str, bytes], changed: bool
) -> None:
    name = "card.html"
    other = re.sub(rb"<data value='[^']*'", b"<data value='7'", unsigned_files[name], count=1)
    assert other != unsigned_files[name]
    shown, there = ({name: other}, {}) if not changed else ({}, {name: other})
    folder = write(tmp_path / "r", {**unsigned_files, **there})
    with signing_soon() as start:
        start()
        start({**unsigned_files, **shown})
        if changed:
            with pytest.raises(InputError, match="the page cannot be signed"):
                sign_in_child(folder, keys.signer)
        else:
            sign_in_child(folder, keys.signer)
            assert verify_release(folder, trust=[keys.ca]).state == "valid"


def test_a_process_started_ahead_is_gone_when_there_is_nothing_to_sign() -> None:
    started = []

    def interrupted() -> None:
        with signing_soon() as start:
            start()
            started.extend(child._waiting)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert started[0].returncode is not None
    assert child._waiting == []


def error_of(work: Callable[[], None]) -> ExplainkitError:
    with pytest.raises(ExplainkitError) as caught:
        work()
    return caught.value


@pytest.mark.parametrize("case", ["wrong passphrase", "signed already", "not a card", "no pdf"])
def test_errors_of_the_child_are_those_of_the_parent(
    tmp_path: Path, keys: TrialKeys, unsigned_files: dict[str, bytes], signed_once: Path, case: str
) -> None:
    signer, files = keys.signer, dict(unsigned_files)
    if case == "wrong passphrase":
        signer = Signer(kind="pkcs12", key=keys.signer.key, passphrase="wrong")
    elif case == "signed already":
        files = read(signed_once)
    elif case == "not a card":
        files["card.json"] = b"{}"
    else:
        del files["card.pdf"]
    folder = write(tmp_path / "r", files)
    here, there = error_of(lambda: sign_release(folder, signer)), error_of(lambda: sign_in_child(folder, signer))
    assert type(here) is type(there)
    assert str(here) == str(there)
    assert here.exit_code == (3 if case == "not a card" else 2)
    assert read(folder) == files


def test_a_child_that_dies_is_an_internal_error(
    tmp_path: Path, keys: TrialKeys, unsigned_files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    error = error_of(lambda: sign_in_child(write(tmp_path / "r", unsigned_files), keys.signer))
    assert type(error) is ExplainkitError
    assert "exit code 1" in str(error)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "absent"))
    assert "cannot be started" in str(error_of(lambda: sign_in_child(tmp_path / "r", keys.signer)))


def test_a_signed_release_is_not_signed_again(release: Path, keys: TrialKeys) -> None:
    before = read(release)
    with pytest.raises(InputError, match="signed already"):
        sign_release(release, keys.signer)
    assert read(release) == before


def test_what_cannot_be_part_of_a_release_is_not_signed(
    tmp_path: Path, keys: TrialKeys, unsigned_files: dict[str, bytes]
) -> None:
    def put(name: str) -> Callable[[Path], None]:
        return lambda folder: (folder / name).write_bytes(b"x") and None

    oddities: dict[str, Callable[[Path], object]] = {
        "a name that no file": put(".hidden"),
        "a name that": put("sp ace"),
        "a link": lambda folder: (folder / "link").symlink_to("card.pdf"),
        "does not belong": lambda folder: (folder / "more").mkdir(),
        "an empty folder": lambda folder: shutil.rmtree(folder / "public") or (folder / "public").mkdir(),
        "neither a file": lambda folder: os.mkfifo(folder / "pipe"),
        "in case only": put("CARD.json"),
    }
    for number, (message, spoil) in enumerate(oddities.items()):
        folder = write(tmp_path / str(number), unsigned_files)
        spoil(folder)
        with pytest.raises(InputError, match=message):
            sign_release(folder, keys.signer)
        assert not (folder / "signatures").exists()


def spoilt_pdfs(unsigned_files: dict[str, bytes], signed_pdf: bytes) -> dict[str, bytes]:
    html, card, good = (unsigned_files[name] for name in ("card.html", "card.json", "card.pdf"))

    def saved(change: Callable[[pikepdf.Pdf], object], **options: object) -> bytes:
        with pikepdf.open(io.BytesIO(good)) as pdf:
            change(pdf)
            out = io.BytesIO()
            pdf.save(out, **options)  # type: ignore[arg-type]
            return out.getvalue()

    def script(pdf: pikepdf.Pdf) -> None:
        pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")

    return {
        "not a PDF": b"<html>",
        "signed": signed_pdf,
        "script": saved(script),
        "layers": saved(lambda pdf: setattr(pdf.Root, "OCProperties", pikepdf.Dictionary())),
        "encrypted": saved(lambda pdf: None, encryption=pikepdf.Encryption(owner="o", user="")),
        "nothing embedded": saved(lambda pdf: delattr(pdf.Root, "Names")),
        "twice associated": saved(lambda pdf: pdf.Root.AF.append(pdf.Root.AF[0])),
        "form": saved(lambda pdf: setattr(pdf.Root, "AcroForm", pikepdf.Dictionary(Fields=pikepdf.Array()))),
        "other relationship": make_pdf(html, card).replace(b"/AFRelationship /Data", b"/AFRelationship /Dato"),
    }


def test_a_pdf_that_is_not_the_cards_is_not_signed(
    tmp_path: Path, keys: TrialKeys, unsigned_files: dict[str, bytes], signed_once: Path
) -> None:
    pdfs = spoilt_pdfs(unsigned_files, (signed_once / "card.pdf").read_bytes())
    for name, pdf in pdfs.items():
        assert pdf != unsigned_files["card.pdf"], name
        folder = write(tmp_path / name, {**unsigned_files, "card.pdf": pdf})
        with pytest.raises(InputError, match="card.pdf: the PDF cannot be signed"):
            sign_release(folder, keys.signer)
        assert not (folder / "signatures").exists()


def test_another_card_than_the_one_embedded_is_not_signed(
    tmp_path: Path, keys: TrialKeys, unsigned_files: dict[str, bytes]
) -> None:
    other = make_evidence(name="another").to_json()
    with pytest.raises(InputError, match="card.json"):
        sign_release(write(tmp_path / "r", {**unsigned_files, "card.json": other}), keys.signer)


def test_numbers_of_the_page_that_are_not_the_cards_are_not_signed(
    tmp_path: Path, keys: TrialKeys, unsigned_files: dict[str, bytes]
) -> None:
    html = unsigned_files["card.html"].replace(b"0.7312", b"0.7313")
    assert html != unsigned_files["card.html"]
    with pytest.raises(InputError, match="performance.roc_auc, value: 0.7313 where card.json has 0.7312"):
        sign_release(write(tmp_path / "r", {**unsigned_files, "card.html": html}), keys.signer)


def test_a_disk_that_is_full_is_an_error_about_the_output(
    tmp_path: Path, keys: TrialKeys, unsigned_files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    folder = write(tmp_path / "r", unsigned_files)
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match="No space left"):
        sign_release(folder, keys.signer)


def test_a_card_of_an_unknown_version_is_not_signed(
    tmp_path: Path, keys: TrialKeys, unsigned_files: dict[str, bytes]
) -> None:
    card = unsigned_files["card.json"].replace(b'"schema_version":"1.0"', b'"schema_version":"2.0"')
    with pytest.raises(VerificationError, match="unknown schema version"):
        sign_release(write(tmp_path / "r", {**unsigned_files, "card.json": card}), keys.signer)


def test_a_level_that_cannot_be_reached_is_not_signed_lower(tmp_path: Path, keys: TrialKeys) -> None:
    folder = write(tmp_path / "r", make_files(make_evidence(level="B-LTA")))
    with pytest.raises(InputError, match="the intended level cannot be reached; found B-LTA; allowed: B-B"):
        sign_release(folder, keys.signer)
    assert not (folder / "signatures").exists()


def test_a_card_with_the_same_figure_twice_is_not_signed(
    tmp_path: Path, keys: TrialKeys, unsigned_files: dict[str, bytes]
) -> None:
    card = json.loads(unsigned_files["card.json"])
    card["figures"].append(card["figures"][0])
    with pytest.raises(VerificationError, match="not a card; found two figures share the id"):
        sign_release(write(tmp_path / "r", {**unsigned_files, "card.json": canonical(card)}), keys.signer)
