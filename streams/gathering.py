"""One customer's fold added to a chunk's effects; where a row that is gone comes back, the later word counts."""

from models.effects import Effects
from streams.cells import CellDifferences
from streams.customers import CustomerFold
from streams.joining import tally


def gather(effects: Effects, cells: CellDifferences, fold: CustomerFold) -> None:
    """Add everything ``fold`` wants written to ``effects``, and its differences to ``cells``."""
    subject = fold.subject
    tally(effects.counters, fold.counters)
    effects.dead_letters += fold.dead_letters
    if fold.row is None:
        return
    effects.customers[subject] = fold.row
    cells.gather(fold.cells, fold.group)
    for key in fold.gone:
        effects.journeys.pop((subject, key), None)
        effects.journeys_gone.add((subject, key))
    for key, row in fold.journeys.items():
        effects.journeys_gone.discard((subject, key))
        effects.journeys[subject, key] = row
    for key in fold.rescues_gone:
        effects.rescues.pop((subject, key), None)
        effects.rescues_gone.add((subject, key))
    for key, rescue in fold.rescues.items():
        effects.rescues_gone.discard((subject, key))
        effects.rescues[subject, key] = rescue
    for experiment, unit in fold.units.items():
        effects.units[experiment, subject] = unit
    effects.archived += fold.archived
    effects.verbatims += fold.verbatims
    effects.outbox += fold.outbox
