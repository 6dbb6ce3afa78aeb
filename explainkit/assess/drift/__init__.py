"""Drift: in what the evaluation data differs from the reference data, and what that may mean for the model."""
