"""The whole story with a real server: train, register, audit, attach, look at the page, promote; tamper, be refused."""

from __future__ import annotations

import os
import shutil
import tomllib
import warnings
from pathlib import Path
from typing import Any

import pytest
from sklearn.linear_model import LogisticRegression

import explainkit as ek
from explainkit.artifact import sha256_file
from explainkit.cli.main import main
from explainkit.errors import VerificationError
from explainkit.pipeline import audit_plan
from explainkit.plan import plan_from
from explainkit.registered import with_local_model
from explainkit.sign.keys import TrialKeys
from tests.cli.made_up import PLAN, rows
from tests.registries.oci_model import push_model
from tests.registries.servers import Server

pytestmark = pytest.mark.slow
WITH_EXPIRY = PLAN + 'expiry = "2099-12-31"\n'


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with rows.csv."""
    rows().to_csv(tmp_path / "rows.csv", index=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def audited(reference: str, folder: Path, keys: TrialKeys) -> Path:
    """Audit the model that a registry has, by a plan that names it, and sign."""
    document = tomllib.loads(WITH_EXPIRY)
    document["model"]["path"] = reference
    with with_local_model(plan_from(document, where="test")) as plan:
        made = audit_plan(plan, base=folder)
    return made.save(folder / "release", signer=keys.signer)


def trained() -> LogisticRegression:
    """A model of the made-up lender."""
    data = rows()
    return LogisticRegression().fit(data[["income", "debt"]], data["bad"])


def test_mlflow(mlflow: Any, running_mlflow: Server, case: Path, keys: TrialKeys) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own
        with mlflow.start_run() as run:
            logged = mlflow.sklearn.log_model(trained(), name="model", registered_model_name="story")
    reference = f"models:/story/{logged.registered_model_version}"
    data = rows()
    made = ek.audit(
        reference,
        data.drop(columns="bad"),
        data["bad"],
        positive=1,
        threshold=">=0.5",
        sensitive=["region"],
        reference=data,
        plan={table: keys for table, keys in tomllib.loads(WITH_EXPIRY).items() if table not in ("model", "data")},
    )
    assert (made.evidence.name, made.evidence.version) == ("story", str(logged.registered_model_version))
    release = made.save(case / "release", signer=keys.signer)
    done = ek.attach(release, reference, trust=keys.ca)
    assert done.model == "the folder is the model that was audited"
    client = mlflow.MlflowClient()
    version = client.get_model_version("story", logged.registered_model_version)
    assert version.tags["explainkit.card_sha256"] == sha256_file(release / "card.json")
    metrics = client.get_run(run.info.run_id).data.metrics
    evidence = ek.Evidence.from_json((release / "card.json").read_bytes())
    assert metrics["performance.roc_auc"] == evidence.figure_set["performance.roc_auc"].value
    look(f"{running_mlflow.address}/#/models/story/versions/{version.version}", case)
    assert main.main(["promote", reference, "--alias", "champion", "--trust", str(keys.ca)], standalone_mode=False) == 0
    assert client.get_model_version_by_alias("story", "champion").version == version.version
    client.delete_registered_model_alias("story", "champion")
    card = (release / "card.json").read_bytes()
    (case / "card.json").write_bytes(card.replace(b'"outcome":"failed"', b'"outcome":"passed"') + b" ")
    folder = f"explainkit/cards/{done.revision.removeprefix('sha256:')}"
    client.log_artifact(run.info.run_id, str(case / "card.json"), folder)
    with pytest.raises(VerificationError, match="card.json: the stored card was changed"):
        ek.promote(reference, alias="champion", trust=keys.ca)
    assert client.get_registered_model("story").aliases == {}


def look(page: str, folder: Path) -> None:
    """The page of the version shows the card's facts, and its link opens the card; a picture is kept where wanted."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 1400, "height": 1300})
        tab.goto(page)
        tab.get_by_role("cell", name="passed: 1 of 1 hold").wait_for(timeout=60_000)
        assert "explainkit: begin" not in tab.inner_text("body")
        tab.screenshot(path=folder / "entry.png")
        with tab.context.expect_page() as opened:
            tab.get_by_role("link", name="Open the card").click()
        card = opened.value.frame_locator("iframe").get_by_role("heading", name="What the evidence says")
        card.wait_for(timeout=60_000)
        opened.value.screenshot(path=folder / "card.png")
        browser.close()
    if kept := os.environ.get("EXPLAINKIT_PICTURES"):
        for picture in ("entry.png", "card.png"):
            shutil.copy(folder / picture, kept)


def test_a_container_registry(running_registry: Server, case: Path, keys: TrialKeys) -> None:
    import skops.io

    skops.io.dump(trained(), case / "model.skops")
    reference = push_model(running_registry.address, "story/credit", "1", case / "model.skops")
    (case / "model.skops").unlink()
    release = audited(reference, case, keys)
    ek.attach(release, reference, trust=keys.ca)
    assert main.main(["promote", reference, "--alias", "champion", "--trust", str(keys.ca)], standalone_mode=False) == 0
    back = ek.fetch(reference, case / "back")
    assert ek.verify_release(back, trust=keys.ca).state == "valid"
    digest = sha256_file(release / "card.json")
    blob = running_registry.folder / f"data/docker/registry/v2/blobs/sha256/{digest[:2]}/{digest}/data"
    blob.write_bytes(blob.read_bytes()[:-1] + b" ")
    with pytest.raises(VerificationError, match="the stored card was changed"):
        ek.promote(reference, alias="next", trust=keys.ca)
