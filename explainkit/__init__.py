"""explainkit: from a trained tabular model and its data to a signed model card."""

__version__ = "0.1.0"
