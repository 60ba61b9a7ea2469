"""The small named types every room shares: who, where in the log, when, how much.

Times are integer milliseconds since 1970-01-01 UTC. Scores and losses are integers in hundredths of a point.
"""

from typing import NewType

Subject = NewType("Subject", str)
"""A customer, as a pseudonym (see ``models.pseudonyms``)."""

Partition = NewType("Partition", int)
Offset = NewType("Offset", int)
Epoch = NewType("Epoch", int)
"""Raised by whoever rewrites a partition's rows outside the fold; a checkpoint names the one it read."""

Millis = NewType("Millis", int)
Centi = NewType("Centi", int)
"""Hundredths of a point; a full score is 10 000."""

PolicyVersion = NewType("PolicyVersion", str)

FULL = Centi(10_000)
"""The score of an experience in which nothing was lost."""

SECOND: Millis = Millis(1_000)
MINUTE: Millis = Millis(60_000)
HOUR: Millis = Millis(3_600_000)
DAY: Millis = Millis(86_400_000)
