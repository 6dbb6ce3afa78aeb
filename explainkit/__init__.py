"""explainkit: from a trained tabular model and its data to a signed model card that a regulator can check.

The story of the data is also the layout of the package::

    load → explain | assess → report → sign → registries

- `load` puts a model, data and a plan together into a Subject.
- `explain` attributes its predictions to features (SHAP, LIME); `assess` measures performance and fairness, and
  evaluates gates. Both return figures.
- Figures, explanations and the ledger of what was not tested make up the Evidence: card.json.
- `report` turns evidence into a card, as HTML and as PDF.
- `sign` signs the release and verifies it; `registries` put it where it belongs.

`pipeline` is the whole job, `cli` the command line.

Examples
--------
>>> import explainkit as ek
>>> release = ek.audit(model, X_test, y_test, favourable=0, threshold=">=0.5",
...                    sensitive=X_test[["age"]], reference=X_train)      # doctest: +SKIP
>>> release.save("release", signer=ek.Signer.from_pkcs12("seal.p12", passphrase=secret))   # doctest: +SKIP
>>> ek.verify_release("release", trust=["ca.pem"]).state                         # doctest: +SKIP
'valid'
>>> ek.attach("release", "models:/credit/3")                                     # doctest: +SKIP
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from explainkit.api import audit, explain_lime, explain_shap
    from explainkit.comparing import ComparedRelease, compare
    from explainkit.comparison import Comparison
    from explainkit.errors import ExplainkitError, InputError, VerificationError
    from explainkit.evidence import Evidence
    from explainkit.explanation import Explanation
    from explainkit.exported import export
    from explainkit.figures import Figure
    from explainkit.plan import Plan, read_plan
    from explainkit.recomputation import Recomputation, recompute
    from explainkit.registered import attach, fetch, promote
    from explainkit.release import Release
    from explainkit.saved import countersign, withdraw
    from explainkit.sign.keys import Signer
    from explainkit.sign.verdict import Verification
    from explainkit.sign.verification import verify_release

__version__ = "0.1.0"

# Names and the modules they live in; loaded when first used, so that importing explainkit stays light.
_HOMES = {
    "ComparedRelease": "explainkit.comparing",
    "Comparison": "explainkit.comparison",
    "Evidence": "explainkit.evidence",
    "ExplainkitError": "explainkit.errors",
    "Explanation": "explainkit.explanation",
    "Figure": "explainkit.figures",
    "InputError": "explainkit.errors",
    "Monitored": "explainkit.monitoring.monitoring",
    "Plan": "explainkit.plan",
    "Recomputation": "explainkit.recomputation",
    "Release": "explainkit.release",
    "Signer": "explainkit.sign.keys",
    "Verification": "explainkit.sign.verdict",
    "VerificationError": "explainkit.errors",
    "attach": "explainkit.registered",
    "audit": "explainkit.api",
    "compare": "explainkit.comparing",
    "countersign": "explainkit.saved",
    "explain_lime": "explainkit.api",
    "explain_shap": "explainkit.api",
    "export": "explainkit.exported",
    "fetch": "explainkit.registered",
    "monitor": "explainkit.monitoring.monitoring",
    "promote": "explainkit.registered",
    "read_plan": "explainkit.plan",
    "recompute": "explainkit.recomputation",
    "verify_release": "explainkit.sign.verification",
    "withdraw": "explainkit.saved",
}

__all__ = [
    "ComparedRelease",
    "Comparison",
    "Evidence",
    "ExplainkitError",
    "Explanation",
    "Figure",
    "InputError",
    "Monitored",
    "Plan",
    "Recomputation",
    "Release",
    "Signer",
    "Verification",
    "VerificationError",
    "attach",
    "audit",
    "compare",
    "countersign",
    "explain_lime",
    "explain_shap",
    "export",
    "fetch",
    "monitor",
    "promote",
    "read_plan",
    "recompute",
    "verify_release",
    "withdraw",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'explainkit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
