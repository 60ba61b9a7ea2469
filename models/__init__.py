"""What things are: interactions, policy, scores, cells, targets, gaps, experiments, and their pure arithmetic.

No I/O, no clock, no SQL. Imports nothing of ours.
"""
