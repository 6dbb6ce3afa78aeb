"""Explain: a Subject becomes Explanations, and these become figures.

- `strategy` chooses how a model is explained: `inside` opens it, `lineage` traces engineered columns to raw ones,
  `margins` checks that its score is that of the answers audited, `players` says what is known or unknown as one.
- `shapley` computes SHAP values: `opened` those of a model that was opened (`tree` exactly, `linear` in closed form,
  `boosters` by the model's own library), `opaque` those of a function (`coalitions`). `lime` fits LIME.
- `codes` turns rows of any kind of values into numbers and back.
- `effects` shuffles, follows and pairs inputs; `reliability` asks how far values can be trusted, with
  `shap_library` as the independent computation; `decision` finds reasons, and what would change a decision.
- `cases` chooses single rows; `global_figures` and `case_figures` write figures; `summary` is the way in.
"""
