"""How often the statistics of experiments are wrong, by simulation: seeded, so that the same table comes out again.

One file per design; ``measured`` is a row of the table, ``looking`` applies the library's rules to many looks at once,
``page`` writes docs/statistics.md. Data are drawn so that the truth is known; nothing here estimates by itself: every
estimate is the library's, or is checked against it on a sample of the looks.
"""
