"""Measurements of what a user waits for, on the simulated company; ``python -m benchmarks`` runs them.

Nothing here is asserted anywhere: machines differ and are shared. Every figure therefore comes with its ratio to a
yardstick measured in the same run, as processor time beside wall time, and as a median of rounds.
"""
