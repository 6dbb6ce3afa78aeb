"""Explain: a Subject becomes Explanations, and these become figures.

- `strategy` chooses how a model is explained: `inside` opens it, `lineage` traces engineered columns to raw ones,
  `margins` checks that its score is that of the answers audited.
- `shapley` computes SHAP values: `shap_library` (scikit-learn's trees, and any model as a function), `boosters`
  (LightGBM, XGBoost, CatBoost by their own library), `linear` (closed form). `lime` fits LIME.
- `codes` turns rows of any kind of values into numbers and back.
- `cases` chooses single rows; `global_figures` and `case_figures` write figures; `summary` is the way in.
"""
