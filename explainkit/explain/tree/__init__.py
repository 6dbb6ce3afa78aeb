"""Exact Shapley values of tree ensembles, in our own compiled code."""
