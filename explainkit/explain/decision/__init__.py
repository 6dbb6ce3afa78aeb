"""One decision: its principal reasons, whether they are faithful, and what would change it.

The reasons follow the two methods of the official commentary on Regulation B (12 CFR 1002, Supplement I, comment
9(b)(2)-5): the inputs by which an applicant falls furthest behind the mean of those just above the cut-off, or of all.
"""
