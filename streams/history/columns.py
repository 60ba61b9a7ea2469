"""What compiling a mapping gathers: the columns it reads; and the two ways in which a mapping and a file disagree."""

from collections.abc import Callable
from dataclasses import dataclass

from streams.history.rows import Cells
from streams.history.times import Reading

Getter = Callable[[Cells], object]
"""Makes a value of a row's cells; ``None`` is "not there"."""


class CellFault(ValueError):
    """A cell cannot be read as the mapping asks; the text names the column and the fault."""

    def __init__(self, code: str, column: str, fault: str) -> None:
        super().__init__(f"column {column!r}: {fault}")
        self.code, self.column = code, column


class MappingFault(ValueError):
    """The mapping itself says something that cannot be; the text has the fault and the remedy."""


@dataclass(slots=True)
class Columns:
    """The columns a mapping reads, each with its place in ``Cells``; compiling fills it."""

    names: list[str]
    read_time: Reading

    def place(self, name: str) -> int:
        """Return where the cells keep column ``name``."""
        if name not in self.names:
            self.names.append(name)
        return self.names.index(name)
