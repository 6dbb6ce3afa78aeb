"""Simple models that learn from the reference data, and how this model does against them on the evaluation rows."""
