"""Robustness: what becomes of answers when inputs are not as they should be; and how fast the model gives them.

It stands above explaining and assessing, as it asks the model about made-up rows and judges the answers as figures are.
"""
