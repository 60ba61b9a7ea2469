"""Which figure of a column is judged: its mean over units, or, asked for as ``wait@p90``, one of its quantiles."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_QUANTILE = re.compile(r"(?P<column>.+)@p(?P<percent>\d{1,2}(?:\.\d{1,3})?)")


@dataclass(frozen=True, slots=True)
class Figure:
    """A metric by the name it was asked for, the column it is taken from, and the quantile (``None``: the mean)."""

    name: str
    column: str
    share: float | None = None

    @classmethod
    def read(cls, name: str, columns: Sequence[str]) -> "Figure":
        """Return what ``name`` asks for; a column that is itself called so is meant before anything else.

        >>> Figure.read("wait@p90", ("unit", "arm", "wait"))
        Figure(name='wait@p90', column='wait', share=0.9)
        >>> Figure.read("wait", ("unit", "arm", "wait")).share is None
        True
        """
        asked = _QUANTILE.fullmatch(name)
        if name in columns or asked is None or not float(asked["percent"]) > 0.0:
            return cls(name, name)
        return cls(name, asked["column"], float(asked["percent"]) / 100.0)
