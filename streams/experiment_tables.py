"""An experiment's tables for whoever checks a verdict: those of ``experiments.tables``, and one row a unit.

Written as CSV so that a spreadsheet reads words as words; numbers stay exact.
"""

import csv
import io
from collections.abc import Iterable, Iterator

from experiments.evaluation import evaluate
from experiments.ledger import Experiment
from experiments.requirements import LIVE
from experiments.states import State
from experiments.tables import Behind, Cell, Sheet, sheets
from models.effects import UnitRow
from models.errors import NotFound
from models.identifiers import Millis
from store.database import Store
from streams.experiment_evaluator import ExperimentEvaluator

UNITS = "units"
UNIT_COLUMNS = (
    *("unit", "arm", "cluster", "exposed_at", "matures_at", "total", "n", "pre_total", "pre_n", "mechanism"),
    *("mechanism_n", "crossed", "guardrails"),
)
MEASURED = LIVE | {State.EVALUATED, State.DECIDED}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would run instead of show."""


def tables(evaluator: ExperimentEvaluator, experiment: Experiment, now: Millis) -> dict[str, Sheet]:
    """Return every table behind the experiment's verdict, or behind what may be said so far."""
    if experiment.state not in MEASURED or experiment.started_at is None:
        return sheets(Behind(experiment, None, None))
    found = evaluator.snapshot(experiment, now)
    return sheets(Behind(experiment, found, evaluate(experiment, found, now)))


def table(found: dict[str, Sheet], name: str) -> Sheet:
    """Return the table called ``name``; raises ``NotFound`` naming those there are."""
    try:
        return found[name]
    except KeyError:
        raise NotFound(f"table {name!r}: there is none; choose {', '.join((*found, UNITS))}") from None


def as_csv(sheet: Sheet) -> str:
    """Return a table as CSV (RFC 4180), its first line naming the columns."""
    return "".join(lines_of(sheet.columns, sheet.rows))


def lines_of(columns: Iterable[str], rows: Iterable[Iterable[Cell]]) -> Iterator[str]:
    """Yield the lines of a CSV one by one."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(columns)
    yield written.getvalue()
    for cells in rows:
        written.seek(0)
        written.truncate()
        writer.writerow([_harmless(cell) for cell in cells])
        yield written.getvalue()


def _harmless(cell: Cell) -> Cell:
    """Return the cell as it may stand in a spreadsheet: words that look like a formula get an apostrophe."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def unit_lines(store: Store, experiment: str) -> Iterator[str]:
    """Yield one line a unit, in order of pseudonyms, read page by page."""
    yield from lines_of(UNIT_COLUMNS, (_unit(row) for row in store.units.each(experiment)))


def _unit(row: UnitRow) -> tuple[Cell, ...]:
    watched = "; ".join(f"{metric}={total}/{n}" for metric, (n, total) in sorted(row.guardrails.items()))
    return (
        *(row.subject, row.arm, row.cluster, row.exposed_at, row.matures_at, row.total, row.n, row.pre_sum, row.pre_n),
        *(row.mechanism, row.mechanism_n, row.crossed, watched),
    )
