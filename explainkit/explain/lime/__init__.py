"""LIME: a weighted linear model around one row, with the lime library's method and defaults, without the library.

- `perturbable` turns a reference set and rows into numbers and back; `sampling` draws perturbed rows from it, as lime
  draws them from the same random state; `fit` solves the weighted ridge regression.
- `surrogate` is the way in: it calls the model and makes the Explanation. `stability` compares the fits of several
  seeds.
"""
