"""What two folds of the same records must agree on, in a form that shows where they do not."""

from typing import Any

from models.customers import unpack, unpack_contributions, unpack_facts
from models.effects import Effects


def canonical(effects: Effects) -> dict[str, Any]:
    """Return what ``effects`` say, unpacked and in order, without the words of reasons and the marks of the gone."""
    return {
        "offsets": (effects.start, effects.end, effects.watermark),
        "customers": {subject: _customer(row) for subject, row in effects.customers.items()},
        "journeys": effects.journeys,
        "archived": sorted(
            (a.subject, a.key, a.ended, unpack_facts(a.facts), unpack_contributions(a.contributions))
            for a in effects.archived
        ),
        "cells": {key: counts for key, counts in effects.cells.items() if counts},
        "rescues": effects.rescues,
        "units": effects.units,
        "verbatims": sorted(effects.verbatims, key=repr),
        "dead_letters": sorted((letter.offset, letter.code, letter.raw) for letter in effects.dead_letters),
        "counters": effects.counters,
    }


def _customer(row: Any) -> dict[str, Any]:  # noqa: ANN401 - a row
    state = unpack(row.state)
    applied = {a.key: (a.standing, a.contributions, a.facts, a.last, a.due) for a in state.applied}
    return {
        "columns": (row.last_at, row.score, row.next_due, row.waiting),
        "clocks": (state.clock, state.asof, state.version),
        "measured": state.measured,
        "facts": state.facts,
        "applied": applied,
        "frozen": sorted(state.frozen, key=lambda journey: journey.key),
    }
