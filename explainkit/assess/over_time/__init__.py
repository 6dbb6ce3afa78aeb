"""The same figures over parts of the rows: by period, by segment, and in sample against out of sample and of time."""
