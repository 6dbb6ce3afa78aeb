"""What the data are: each split by itself, the evaluation data against the reference data, rows that repeat."""
