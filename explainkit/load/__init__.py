"""Load: a model and data become a Subject."""
