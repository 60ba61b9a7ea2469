"""Somebody else's experiment, judged by the same engine: from rows of a file to verdicts at every look.

Pure: rows come as text lines, whoever reads the file opens it. Two shapes are known: one row a unit (``units``), and
counts, means and variances cumulated over time (``summaries``). Nothing here touches this house's own experiments.
"""
