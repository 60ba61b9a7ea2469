"""What is wrong with single rows of a file: said in words, with the lines, and left out of the figures."""

from collections import defaultdict
from collections.abc import Iterable

SHOWN = 5
"""Line numbers that are listed; of more it is said how many."""


class Flags:
    """Gathers faults by what they say, and the lines they are on."""

    def __init__(self) -> None:
        self._lines: dict[str, list[int]] = defaultdict(list)

    def add(self, words: str, line: int) -> None:
        """Note that ``line`` has this fault."""
        self._lines[words].append(line)

    def sentences(self) -> tuple[str, ...]:
        """Return one sentence a fault, in the order they were met.

        >>> flags = Flags()
        >>> for line in (9, 4, 4): flags.add("the variance is missing: left out", line)
        >>> flags.sentences()
        ('the variance is missing: left out (lines 4, 9)',)
        """
        return tuple(f"{words} ({lines_of(lines)})" for words, lines in self._lines.items())

    def __len__(self) -> int:
        """Tell how many different faults there are."""
        return len(self._lines)


def lines_of(lines: Iterable[int]) -> str:
    """Return line numbers as people read them.

    >>> lines_of([3]), lines_of(range(1, 9))
    ('line 3', 'lines 1, 2, 3, 4, 5 and 3 more')
    """
    known = sorted(set(lines))
    listed = ", ".join(str(line) for line in known[:SHOWN])
    more = f" and {len(known) - SHOWN} more" if len(known) > SHOWN else ""
    return f"line{'s' if len(known) > 1 else ''} {listed}{more}"
