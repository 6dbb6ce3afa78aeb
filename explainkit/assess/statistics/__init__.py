"""Formulas alone: intervals, tests and resampling of counts, rates, means and areas; they know of no figure."""
