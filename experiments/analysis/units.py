"""One row a unit: its arm, its value of each metric, and what else is known of it.

Columns: ``unit``, ``arm``, one column a metric; if there are any: ``experiment``; ``day`` (when it was exposed: looks
are taken as days pass), ``outcome_day`` (when its outcome was taken), ``cluster`` (what it was randomised with) and
``<metric>_pre`` (the same metric before exposure, for CUPED). Which figure of a column is meant is in ``figures``, how
the arms are compared in ``unit_looks``.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from experiments.analysis.figures import Figure
from experiments.analysis.flags import Flags
from experiments.analysis.rows import Row, Rows, moment, number, require
from models.errors import InvalidInput

UNIT, ARM = "unit", "arm"
EXPERIMENT, DAY, OUTCOME_DAY, CLUSTER = "experiment", "day", "outcome_day", "cluster"
KNOWN = frozenset({UNIT, ARM, EXPERIMENT, DAY, OUTCOME_DAY, CLUSTER})
BEFORE = "_pre"
CONTROLS = {"control": "", "c": "t", "a": "b", "0": "1"}
"""What an arm may be called to be taken for the control without being named, and which other arm must then be there."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit as far as it can be used; ``values`` and ``before`` by column, ``None`` where nothing was given."""

    line: int
    name: str
    arm: str
    day: float
    cluster: str
    values: dict[str, float | None]
    before: dict[str, float | None]


@dataclass(slots=True)
class Sheet:
    """The units of one experiment: those to compare, how many met each arm, and what was wrong with which lines."""

    units: dict[str, Unit] = field(default_factory=dict)
    enrolled: dict[tuple[str, float], int] = field(default_factory=lambda: defaultdict(int))
    """Units by arm and day of exposure, those of two arms in each of them."""
    met: set[tuple[str, str]] = field(default_factory=set)
    """Each unit with each arm it met: counted once, however many rows say so."""
    crossed: set[str] = field(default_factory=set)
    flags: Flags = field(default_factory=Flags)


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns are there: the figures to judge, the columns with a period before, and the optional ones."""

    figures: tuple[Figure, ...]
    before: tuple[str, ...]
    optional: frozenset[str]


def columns_of(columns: Sequence[str], name: str, wanted: Sequence[str] = ()) -> Columns:
    """Return what the columns mean; raises ``InvalidInput`` when unit, arm or any metric is missing.

    Only the ``wanted`` metrics are taken, where any are named; a quantile is judged where it is wanted (``wait@p90``).

    >>> [figure.name for figure in columns_of(("unit", "arm", "spend", "spend_pre"), "x.csv").figures]
    ['spend']
    """
    asked = [Figure.read(metric, columns) for metric in wanted]
    require(columns, (UNIT, ARM, *(figure.column for figure in asked)), name)
    others = [column for column in columns if column not in KNOWN]
    before = tuple(column for column in others if column.endswith(BEFORE) and column.removesuffix(BEFORE) in others)
    figures = tuple(asked) or tuple(Figure(column, column) for column in others if column not in before)
    if not figures:
        raise InvalidInput(f"{name}: it has no metric: beside unit and arm give one column a metric")
    judged = {figure.column for figure in figures}
    if OUTCOME_DAY in columns and DAY not in columns:
        raise InvalidInput(f"{name}: {OUTCOME_DAY} cannot be held against the exposure; give its {DAY} too, or neither")
    known = tuple(metric for column in before if (metric := column.removesuffix(BEFORE)) in judged)
    return Columns(figures, known, KNOWN & set(columns))


def sheets(rows: Rows, columns: Columns, name: str) -> dict[str, Sheet]:
    """Return the units by experiment; raises ``InvalidInput`` when there is no row."""
    found: dict[str, Sheet] = {}
    for row in rows.rows:
        sheet = found.setdefault(row.fields.get(EXPERIMENT, "") or name, Sheet())
        _add(sheet, row, columns)
    if not found:
        raise InvalidInput(f"{name}: it has no rows; give one row a unit")
    return found


def _add(sheet: Sheet, row: Row, columns: Columns) -> None:
    """Add the row's unit to the sheet, or flag what keeps it out."""
    unit, arm = row.fields[UNIT], row.fields[ARM]
    if not unit or not arm:
        sheet.flags.add(f"no {ARM if unit else UNIT} is given: left out", row.line)
        return
    day = _day(sheet, row, columns)
    if day is None:
        return
    earlier = sheet.units.get(unit)
    if (unit, arm) not in sheet.met:
        sheet.met.add((unit, arm))
        sheet.enrolled[arm, day] += 1
    if earlier is None:
        sheet.units[unit] = _unit(sheet, row, columns, day)
    elif earlier.arm != arm:
        sheet.crossed.add(unit)
        sheet.flags.add("the unit is in two arms: left out of the comparison", row.line)
    else:
        sheet.flags.add("the unit has been there before: its first row counts", row.line)


def _day(sheet: Sheet, row: Row, columns: Columns) -> float | None:
    """Return the day of exposure (0 where none is kept), or ``None`` when the row's times cannot be right."""
    if DAY not in columns.optional:
        return 0.0
    exposed = moment(row.fields[DAY])
    if not isinstance(exposed, float):
        sheet.flags.add(f"{DAY}: {exposed or 'nothing is given'}: left out", row.line)
        return None
    if OUTCOME_DAY in columns.optional:
        taken = moment(row.fields[OUTCOME_DAY])
        if not isinstance(taken, float):
            sheet.flags.add(f"{OUTCOME_DAY}: {taken or 'nothing is given'}: left out", row.line)
            return None
        if taken < exposed:
            sheet.flags.add("the outcome was taken before the exposure: left out", row.line)
            return None
    return float(int(exposed // 1))


def _unit(sheet: Sheet, row: Row, columns: Columns, day: float) -> Unit:
    judged = dict.fromkeys(figure.column for figure in columns.figures)
    values = {column: _value(sheet, row, column) for column in judged}
    before = {metric: _value(sheet, row, f"{metric}{BEFORE}", "counted as 0") for metric in columns.before}
    cluster = row.fields.get(CLUSTER, "")
    if CLUSTER in columns.optional and not cluster:
        sheet.flags.add("no cluster is given: left out", row.line)
        values = dict.fromkeys(values)
    return Unit(row.line, row.fields[UNIT], row.fields[ARM], day, cluster, values, before)


def _value(sheet: Sheet, row: Row, column: str, instead: str = "left out") -> float | None:
    value = number(row.fields[column])
    if isinstance(value, float):
        return value
    sheet.flags.add(f"{column}: {value or 'nothing is given (write 0 for a silent unit)'}: {instead}", row.line)
    return None


def control_of(arms: Sequence[str], named: str | None, where: str) -> str:
    """Return the control among the arms; raises ``InvalidInput`` when it cannot be told, or has no unit.

    >>> control_of(["B", "Control"], None, "x.csv")
    'Control'
    """
    if named is not None:
        if named not in arms:
            raise InvalidInput(f"{where}: the control {named!r} has no unit; its arms are {', '.join(sorted(arms))}")
        return named
    plain = {arm.casefold(): arm for arm in arms}
    for candidate, beside in CONTROLS.items():
        if candidate in plain and (not beside or beside in plain):
            return plain[candidate]
    raise InvalidInput(
        f"{where}: which arm is the control? its arms are {', '.join(sorted(arms))}; name it with --control"
    )


def arms_of(sheet: Sheet) -> Iterator[str]:
    """Yield the arms that any unit met, in order of name."""
    yield from sorted({arm for arm, _ in sheet.enrolled})
