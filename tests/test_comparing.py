"""Two releases are compared: what is refused, what is written, that it is signed and verified, and exit codes."""

from __future__ import annotations

import dataclasses
import json
import shutil
from importlib.resources import files
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from jsonschema import Draft202012Validator
from sklearn.linear_model import LogisticRegression

import explainkit as ek
from explainkit.artifact import Artifact, sha256_file
from explainkit.cli.compare_command import command
from explainkit.comparing import ComparedRelease, compare
from explainkit.comparison import Comparison
from explainkit.errors import InputError, ModelError, OutputError, VerificationError
from explainkit.evidence import Evidence
from explainkit.load.assemble import load_subject
from explainkit.pipeline import gather
from explainkit.plan import read_plan
from explainkit.release import Release
from explainkit.report.comparison import build_comparison
from explainkit.report.html import render_html
from explainkit.report.measures import catalogue
from explainkit.sign.certificates import fingerprint
from explainkit.sign.comparison import ComparisonStatement
from explainkit.sign.dsse import Envelope, pae
from explainkit.sign.keys import TrialKeys, make_test_pki
from tests.cli.made_up import PLAN, rows
from tests.report.number_check import problems
from tests.sign.builders import make_evidence, make_files, opened, write

pytestmark = pytest.mark.usefixtures("printed_here", "warm_models")
RULE = """
[compare]
severity = "warn"
[compare.material]
"performance.roc_auc" = { decrease = 0.5 }
"compare.flips" = { max = 0.9 }
"""
QUICK = "[slices]\nenabled = false\n[explain]\nlime_seeds = 0"
REGRESSED = '"performance.roc_auc" = { min = 0.5 }\n"performance.accuracy" = { min = 0.7 }'


def plans(folder: Path) -> tuple[Path, Path]:
    return folder / "old.toml", folder / "new.toml"


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with rows, the scores of two systems among them, and the plans of both."""
    folder = tmp_path_factory.mktemp("case")
    scored().to_csv(folder / "rows.csv", index=False)
    text = PLAN.replace('path = "model.skops"\n', "").replace('reference = "rows.csv"', 'score = "old"')
    text = text.replace('"performance.roc_auc" = { min = 0.5 }', REGRESSED)
    (folder / "old.toml").write_text(text + RULE)
    (folder / "new.toml").write_text(text.replace('"old"', '"new"'))
    return folder


def scored(count: int = 400) -> pd.DataFrame:
    """Rows with the scores of a system that sees both inputs, and of one that sees one of them."""
    data = rows(count)
    data["old"] = 1 / (1 + np.exp(data["income"] - data["debt"]))
    data["new"] = 1 / (1 + np.exp(data["income"]))
    return data


@pytest.fixture
def modelled(tmp_path: Path) -> Path:
    """A folder with two models, in a format that can run code, and their plans."""
    data = rows(300)
    data["age"] = data["income"].rank() + data.index % 7
    data.to_csv(tmp_path / "rows.csv", index=False)
    for name, inputs in (("old", ["income", "debt", "age"]), ("new", ["age", "debt", "income"])):
        fitted = LogisticRegression(C=1.0 if name == "old" else 0.01, max_iter=1000).fit(data[inputs], data["bad"])
        joblib.dump(fitted, tmp_path / f"{name}.joblib")
        trust = f'trust = ["sha256:{sha256_file(tmp_path / f"{name}.joblib")}"]\npositive'
        text = PLAN.replace("model.skops", f"{name}.joblib").replace("positive", trust).replace("[explain]", QUICK)
        (tmp_path / f"{name}.toml").write_text(text)
    return tmp_path


@pytest.fixture(scope="module")
def cards(case: Path) -> dict[str, Release]:
    """Both cards without their pages, which a comparison does not look at."""
    return audited(case)


def audited(folder: Path) -> dict[str, Release]:
    """Cards without pages of both plans in a folder."""
    return {
        path.stem: _in_memory(gather(load_subject(read_plan(path), base=folder), read_plan(path)))
        for path in plans(folder)
    }


@pytest.fixture(scope="module")
def made(case: Path, cards: dict[str, Release]) -> ComparedRelease:
    return compare(cards["old"], cards["new"], plans=plans(case))


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> TrialKeys:
    return make_test_pki(tmp_path_factory.mktemp("keys"), passphrase=None)


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory, made: ComparedRelease, keys: TrialKeys) -> Path:
    return made.save(tmp_path_factory.mktemp("out") / "comparison", signer=keys.signer)


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory, keys: TrialKeys) -> dict[str, Path]:
    """Two small signed releases whose only figure fell, with a gate that fails now."""
    from explainkit.sign.release import sign_release

    folder = tmp_path_factory.mktemp("releases")
    old = make_evidence()
    gate = dataclasses.replace(old.gates[0], outcome="failed")
    auc = dataclasses.replace(old.figures[0], value=0.61, low=0.56, high=0.66)
    new = dataclasses.replace(old, version="2.0", figures=(auc, *old.figures[1:]), gates=(gate,))
    found = {}
    for name, evidence in (("old", old), ("new", new)):
        found[name] = write(folder / name, make_files(evidence))
        sign_release(found[name], keys.signer)
    return found


def test_the_comparison_is_read_back_and_meets_its_schema(made: ComparedRelease) -> None:
    data = made.file("compare.json")
    assert Comparison.from_json(data) == made.comparison
    schema = json.loads((files("explainkit") / "schemas" / "compare-1.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    assert [e.message for e in Draft202012Validator(schema).iter_errors(json.loads(data))] == []
    with pytest.raises(VerificationError, match="not canonical"):
        Comparison.from_json(data + b"\n")
    with pytest.raises(VerificationError, match="unknown schema version"):
        Comparison.from_json(data.replace(b'"schema_version":"1.0"', b'"schema_version":"2.0"'))


@pytest.mark.slow
def test_the_same_cards_give_the_same_bytes(case: Path, cards: dict[str, Release], made: ComparedRelease) -> None:
    again = compare(cards["old"], cards["new"], plans=plans(case))
    assert [a.sha256 for a in again.files] == [a.sha256 for a in made.files]


def test_what_it_says_of_two_models_on_the_same_rows(made: ComparedRelease) -> None:
    found = made.comparison
    assert (found.rows, found.before.verified, found.unverified) == ("the same", "in memory", False)
    assert found.predicted == found.after.datasets[0].digest
    judged = {c.figure: c for c in found.compared}
    assert judged["performance.roc_auc"].basis == "paired"
    assert judged["fairness.selection_rate[region=north]"].basis == "paired"
    figures = found.figure_set
    assert figures["compare.flips"].events > 0
    before = figures["compare.before[figure=performance.roc_auc]"]
    after = figures["compare.after[figure=performance.roc_auc]"]
    difference = figures["compare.difference[figure=performance.roc_auc]"]
    assert difference.value == after.value - before.value
    assert {g.change for g in found.gates} <= {"same", "newly failed"}
    assert (found.material.stated_in, found.material.outcome) == ("before", "not material")
    assert {c.what for c in found.changed if c.kind == "plan"} >= {"data.score", "compare.severity"}
    assert not {f.name for f in found.figures} - set(catalogue())


def test_every_number_on_the_page_is_one_of_compare_json(made: ComparedRelease) -> None:
    evidence = made.comparison.as_evidence()
    assert problems(made.file("compare.html"), evidence) == []


def test_german(made: ComparedRelease) -> None:
    german = dataclasses.replace(made.comparison, plan={"card": {"language": "de"}})
    page = render_html(german.as_evidence(), card=build_comparison(german)).decode()
    assert '<html lang="de">' in page
    assert "Was sich geändert hat" in page
    assert "What changed" not in page


def test_a_signed_comparison_verifies(signed: Path, keys: TrialKeys) -> None:
    found = ek.verify_release(signed, trust=keys.ca)
    assert (found.state, found.exit_code) == ("valid", 0), found.lines()
    assert [(s.kind, s.covers) for s in found.signatures] == [
        ("dsse", "the release"),
        ("cades", "compare.json"),
        ("cades", "compare.html"),
        ("pades", "compare.pdf"),
    ]
    assert ek.verify_release(signed).state == "indeterminate"
    strict = ek.verify_release(signed, trust=keys.ca, release=True)
    assert "TEST certificate" in " ".join(map(str, strict.reasons))
    assert "was not verified when it was compared" in " ".join(map(str, strict.reasons))


def test_any_change_is_found(signed: Path, keys: TrialKeys, tmp_path: Path) -> None:
    names = sorted(p.relative_to(signed).as_posix() for p in signed.rglob("*") if p.is_file())
    assert len(names) == 7
    for name in names:
        data = (signed / name).read_bytes()
        for place in (0, len(data) // 2, len(data) - 1):
            folder = tmp_path / "spoilt"
            shutil.copytree(signed, folder)
            (folder / name).write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
            assert ek.verify_release(folder, trust=keys.ca).state == "invalid", (name, place)
            (folder / name).unlink()
            assert ek.verify_release(folder, trust=keys.ca).state == "invalid", name
            shutil.rmtree(folder)


def test_what_is_added_is_found(signed: Path, keys: TrialKeys, tmp_path: Path) -> None:
    for name in ("note.txt", "card.json", "public/summary.json", "signatures/02-validator/opinion.json"):
        folder = Path(shutil.copytree(signed, tmp_path / "more"))
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"{}")
        assert ek.verify_release(folder, trust=keys.ca).state == "invalid", name
        shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cards": ("ab" * 32, "cd" * 32)}, "compares other cards than the statement names"),
        ({"role": "validator"}, "made for another place"),
        ({"certificate": "ab" * 32}, "names another certificate"),
        ({"files": ()}, "does not list exactly"),
    ],
)
def test_what_a_dishonest_signer_states_is_found(
    signed: Path, keys: TrialKeys, tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    place = "signatures/01-provider/statement.dsse.json"
    folder = Path(shutil.copytree(signed, tmp_path / "stated"))
    statement = ComparisonStatement.from_payload(Envelope.from_json((folder / place).read_bytes()).payload)
    payload = dataclasses.replace(statement, **changes).to_payload()  # type: ignore[arg-type]
    key = opened(keys.signer)
    signature = key.private.sign(pae(payload), PKCS1v15(), SHA256())
    made = Envelope(payload=payload, signature=signature, keyid=fingerprint(key.chain[0]))
    (folder / place).write_bytes(made.to_json())
    found = ek.verify_release(folder, trust=keys.ca)
    assert found.state == "invalid"
    assert message in " ".join(map(str, found.reasons))


def test_what_is_written_by_hand_is_not_signed(made: ComparedRelease, keys: TrialKeys, tmp_path: Path) -> None:
    from explainkit.sign.comparison import sign_comparison

    folder = made.save(tmp_path / "c")
    page = (folder / "compare.html").read_bytes()
    (folder / "compare.html").write_bytes(page.replace(b"<data value=", b"<data value='9' data-x=", 1))
    with pytest.raises(VerificationError, match="not what compare.json says"):
        sign_comparison(folder, keys.signer)
    (folder / "compare.html").write_bytes(page)
    (folder / "note.txt").write_text("x")
    with pytest.raises(InputError, match="not a comparison"):
        sign_comparison(folder, keys.signer)


def test_signing_later_and_replacing_by_force(made: ComparedRelease, keys: TrialKeys, tmp_path: Path) -> None:
    from explainkit import saved

    folder = made.save(tmp_path / "c")
    assert "not signed" in " ".join(map(str, ek.verify_release(folder, trust=keys.ca).reasons))
    saved.sign(folder, signer=keys.signer)
    assert ek.verify_release(folder, trust=keys.ca).state == "valid"
    with pytest.raises(InputError, match="signed already"):
        saved.sign(folder, signer=keys.signer)
    with pytest.raises(OutputError, match="stands there already"):
        made.save(folder)
    made.save(folder, force=True)
    assert not (folder / "signatures").exists()


def test_releases_that_do_not_verify_are_refused_unless_asked_for(releases: dict[str, Path], keys: TrialKeys) -> None:
    with pytest.raises(VerificationError, match="the release is indeterminate.*--unverified"):
        compare(releases["old"], releases["new"])
    found = compare(releases["old"], releases["new"], unverified=True)
    assert (found.comparison.unverified, found.comparison.before.verified) == (True, "indeterminate")
    assert b"NOT VERIFIED: indeterminate" in found.file("compare.html")
    valid = compare(releases["old"], releases["new"], trust=keys.ca)
    assert (valid.comparison.unverified, valid.comparison.after.verified) == (False, "valid")
    assert b"NOT VERIFIED" not in valid.file("compare.html")


def test_a_changed_or_unsigned_release_is_never_called_valid(
    releases: dict[str, Path], keys: TrialKeys, tmp_path: Path
) -> None:
    spoilt = Path(shutil.copytree(releases["old"], tmp_path / "spoilt"))
    (spoilt / "card.html").write_bytes((spoilt / "card.html").read_bytes() + b" ")
    with pytest.raises(VerificationError, match="the release is invalid"):
        compare(spoilt, releases["new"], trust=keys.ca)
    bare = Path(shutil.copytree(releases["old"], tmp_path / "bare"))
    shutil.rmtree(bare / "signatures")
    found = compare(bare, releases["new"], trust=keys.ca, unverified=True)
    assert found.comparison.before.verified == "not signed"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"task": "regression"}, "task.*cannot be compared.*binary and regression"),
        ({"favourable": "bad"}, "favourable.*good and bad"),
        ({"favourable": None}, "favourable.*good and not stated"),
        ({"positive": "good"}, "positive.*bad and good"),
        ({"outputs": ("good", "evil")}, "classes"),
    ],
)
def test_cards_that_mean_other_things_are_refused(fields: dict[str, object], message: str) -> None:
    old = make_evidence()
    one, two = (_in_memory(e) for e in (old, dataclasses.replace(old, **fields)))  # type: ignore[arg-type]
    with pytest.raises(InputError, match=message):
        compare(one, two)


def _in_memory(evidence: Evidence) -> Release:
    data = Artifact(name="card.json", data=evidence.to_json(), media_type="application/json")
    return Release(evidence=evidence, files=(data,))


def test_what_is_no_release_is_refused(signed: Path, tmp_path: Path, case: Path, cards: dict[str, Release]) -> None:
    with pytest.raises(InputError, match="not a release.*no card.json"):
        compare(tmp_path, cards["new"])
    with pytest.raises(InputError, match="a comparison, not a release"):
        compare(signed, cards["new"])
    with pytest.raises(InputError, match="no plans to predict by"):
        compare(cards["old"], cards["new"], data=case / "rows.csv")


def test_plans_of_other_cards_are_refused(case: Path, cards: dict[str, Release]) -> None:
    (case / "other.toml").write_text((case / "old.toml").read_text().replace("min = 0.7", "min = 0.6"))
    with pytest.raises(VerificationError, match="not the plan of the card"):
        compare(cards["old"], cards["new"], plans=(case / "other.toml", case / "new.toml"))


@pytest.mark.slow
@pytest.mark.usefixtures("unprinted")
def test_two_models_that_can_run_code(modelled: Path) -> None:
    cards, asked = audited(modelled), plans(modelled)
    with pytest.raises(ModelError, match="sha256:"):
        compare(cards["old"], cards["new"], plans=asked)
    trusted = [f"sha256:{sha256_file(modelled / f'{name}.joblib')}" for name in ("old", "new")]
    found = compare(cards["old"], cards["new"], plans=asked, trust_models=trusted).comparison
    figures = found.figure_set
    assert figures["compare.rank_correlation[kind=spearman]"].n == 3
    assert {c.basis for c in found.compared if c.figure == "performance.roc_auc"} == {"paired"}
    inputs = [c for c in found.compared if c.figure.startswith("explanation.shap.importance")]
    assert {c.basis for c in inputs} == {"bound"}
    assert not {f.name for f in found.figures} - set(catalogue())
    wrong = (asked[1], asked[1])
    with pytest.raises(VerificationError, match="not the model of the card"):
        compare(cards["old"], cards["new"], plans=wrong, trust_models=trusted)


@pytest.fixture
def unprinted(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pages, where a test looks at what they are made of."""
    monkeypatch.setattr("explainkit.report.comparison.comparison_files", lambda *_, **__: ())


@pytest.mark.usefixtures("unprinted")
def test_other_rows_for_both(case: Path, cards: dict[str, Release]) -> None:
    scored(200).to_csv(case / "others.csv", index=False)
    found = compare(cards["old"], cards["new"], plans=plans(case), data=case / "others.csv").comparison
    assert found.predicted not in (None, found.after.datasets[0].digest)
    assert found.figure_set["compare.difference[figure=performance.roc_auc]"].n == 200
    assert any("other rows than those that the cards measure" in e.reason for e in found.ledger)


def run(*args: str | Path) -> tuple[int, str]:
    """The command, in this process and without a child of its own."""
    from explainkit.cli.guard import guarded

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("explainkit.cli.compare_command.supervised", lambda job, target: job())
        runner = CliRunner()
        with runner.isolation() as streams:
            code = guarded(lambda: command.main([*map(str, args)], standalone_mode=False))
            return code, streams[0].getvalue().decode() + streams[1].getvalue().decode()


def test_exit_codes(releases: dict[str, Path], keys: TrialKeys, tmp_path: Path) -> None:
    trust = ("--trust", keys.ca, "--quiet")
    code, said = run(releases["old"], releases["new"], *trust[:2], "--out", tmp_path / "fell")
    assert code == 1, said
    assert "gate performance.roc_auc: newly failed" in said
    assert "material: NO RULE STATED" in said
    assert run(releases["new"], releases["old"], *trust, "--out", tmp_path / "rose")[0] == 0
    assert run(tmp_path, releases["old"], *trust, "--out", tmp_path / "no")[0] == 2
    assert run(releases["old"], releases["new"], "--out", tmp_path / "no")[0] == 3
    assert not (tmp_path / "no").exists()
    code, said = run(releases["old"], releases["new"], *trust[:2], "--json", "--out", tmp_path / "json")
    assert json.loads(said.splitlines()[-1])["exit_code"] == code == 1
    assert run(releases["old"], releases["new"], "--plan-a", "a.toml", "--out", tmp_path / "no")[0] == 2
