"""Signed releases about a given model file: small, but real."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from explainkit.artifact import sha256_file
from explainkit.evidence import Evidence, ModelIdentity
from explainkit.sign.keys import Signer
from explainkit.sign.release import sign_release
from tests.sign.builders import make_evidence, make_files, write


def card_about(
    model: Path | None, *, value: float = 0.7312, outcome: str | None = "passed", expiry: str = "2099-12-31"
) -> Evidence:
    """A card about a model file, or about a model in memory; without an outcome it has no gates."""
    made = make_evidence(value=value)
    identity = ModelIdentity(family="callable", kind="", digest=None, digest_of="nothing: a callable")
    if model is not None:
        digest = "sha256:" + sha256_file(model)
        identity = dataclasses.replace(made.model, digest=digest, digest_of=f"the file {model.name}")
    gates = tuple(dataclasses.replace(g, outcome=outcome) for g in made.gates) if outcome else ()
    said = tuple(dataclasses.replace(s, answer=expiry) if s.id == "expiry" else s for s in made.statements)
    return dataclasses.replace(made, model=identity, gates=gates, statements=said)


def release_about(folder: Path, evidence: Evidence, signer: Signer | None) -> Path:
    """The release of a card in a new folder, signed where somebody signs."""
    write(folder, make_files(evidence, public=True))
    if signer is not None:
        sign_release(folder, signer)
    return folder
