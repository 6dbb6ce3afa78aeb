"""Leakage: what the model may have been told that nobody knows when it is asked."""
