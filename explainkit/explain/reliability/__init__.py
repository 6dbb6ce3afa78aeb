"""How far to trust the explanations: consistency checks, each a few figures.

- `setting` holds what is checked, and the model's score as a function of raw rows.
- `agreement`: an independent implementation; path-dependent against interventional; SHAP against LIME.
- `stability`: ranks over backgrounds and over parts of the rows.
- `curves`: what happens to the score when inputs are replaced, those of large contributions first.
- `support`: columns that share credit, and explained points that lie off the data.
- `panel` is the way in.

Agreement shows that numbers are consistent, not that they are valid: two methods may share an assumption that is wrong.
"""
