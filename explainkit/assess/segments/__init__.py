"""The segments of the rows where errors are largest."""
