"""What a measurement says: lines of name, value and unit under a title; as a table for people, as JSON for programs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Line:
    """One measured value; ``said`` is how it was come by, where the name does not tell."""

    name: str
    value: float
    unit: str
    said: str = ""


@dataclass(slots=True)
class Figure:
    """One benchmark's outcome: on what, and what came out."""

    name: str
    question: str
    on: dict[str, float | str]
    """The workload and the settings it ran under, so that the values can be read."""
    lines: list[Line] = field(default_factory=list)

    def add(self, name: str, value: float, unit: str, said: str = "") -> None:
        """Add one line."""
        self.lines.append(Line(name, value, unit, said))

    def as_json(self) -> dict[str, object]:
        """Return the figure as plain values."""
        values = [{"name": line.name, "value": line.value, "unit": line.unit, "said": line.said} for line in self.lines]
        return {"question": self.question, "on": self.on, "values": values}


def quantile(values: Sequence[float], share: float) -> float:
    """Return the nearest-rank quantile of ``values``, which must not be empty; 0.5 is the median.

    >>> quantile([3.0, 1.0, 2.0], 0.5), quantile([3.0, 1.0, 2.0], 0.99)
    (2.0, 3.0)
    """
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def show(figures: Iterable[Figure]) -> None:
    """Print ``figures`` as tables."""
    console = Console()
    for figure in figures:
        table = Table(title=f"{figure.name}: {figure.question}", title_justify="left", caption=_setting(figure))
        for column in ("what", "value", "unit", "how"):
            table.add_column(column, justify="right" if column == "value" else "left")
        for line in figure.lines:
            table.add_row(line.name, _number(line.value), line.unit, line.said)
        console.print(table)


def _setting(figure: Figure) -> str:
    on = figure.on.items()
    return ", ".join(f"{name} {value if isinstance(value, str) else _number(value)}" for name, value in on)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.3g}"
