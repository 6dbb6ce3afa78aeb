"""Explain: a Subject becomes Explanations, and these become figures."""
