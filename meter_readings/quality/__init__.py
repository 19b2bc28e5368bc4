"""Data-quality rules: what is doubtful in the readings that are stored.

The rules look at the current readings of a register, a meter or a meter point, and
change nothing. A run stores what they raise as quality items.
"""
