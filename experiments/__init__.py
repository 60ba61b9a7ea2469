"""How we improve: life cycle, design and power, assignment, estimators, sequential statistics, verdict, learnings.

Pure: no I/O, no clock, no SQL, no randomness of its own. Imports ``models`` and nothing else of ours.
"""
