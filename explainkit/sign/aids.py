"""What lies in every release for those who check it without this software: VERIFY.md, verify.py and policy.json."""

from __future__ import annotations

import json
from importlib.resources import files

from explainkit.artifact import Artifact
from explainkit.evidence import Evidence

_STATIC = (("VERIFY.md", "text/markdown"), ("verify.py", "text/x-python"))


def verifying_aids(evidence: Evidence) -> tuple[Artifact, ...]:
    """Files for the verifier, put into a release before it is signed.

    VERIFY.md and verify.py are the same in every release of one version of explainkit, so that their digests can be
    published; nothing of the card is written into them. policy.json proposes what a verifier may want to require.

    Parameters
    ----------
    evidence : Evidence
        Its intended signature level goes into policy.json.
    """
    folder = files("explainkit.sign") / "for_verifiers"
    static = [Artifact(name=name, data=(folder / name).read_bytes(), media_type=kind) for name, kind in _STATIC]
    policy = {
        "version": 1,
        "note": "A proposal by the provider. Whoever verifies decides, and gets the certificates to trust elsewhere.",
        "required_roles": ["provider"],
        "minimum_level": evidence.level,
    }
    text = json.dumps(policy, ensure_ascii=False, indent=2) + "\n"
    return (*static, Artifact(name="policy.json", data=text.encode(), media_type="application/json"))
