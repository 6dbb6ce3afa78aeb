"""Assess: a Subject becomes figures of performance and fairness, and figures pass gates."""
