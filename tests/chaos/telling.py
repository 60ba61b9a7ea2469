"""What a campaign prints: a line for each fault as it comes, the table, the object for programs."""

import json
from collections.abc import Sequence

from tests.chaos.campaign import Outcome

_HEAD = ("fault", "what was done", "events", "lost", "doubled", "longest pause", "answer")


def row(outcome: Outcome) -> tuple[str, ...]:
    """Return one outcome as the cells of the table."""
    balance = outcome.balance
    counted = (f"{outcome.events:,}", str(balance.lost), str(balance.doubled), f"{outcome.pause:.1f} s")
    return (outcome.fault, outcome.did, *counted, "equal" if not outcome.wrong else "DIFFERS")


def table(outcomes: Sequence[Outcome]) -> str:
    """Return the table, with a last line for the whole."""
    whole = totals(outcomes)
    last = (f"{len(outcomes)} faults", "", f"{whole['events']:,}", str(whole["lost"]), str(whole["doubled"]))
    answer = "equal" if all(not outcome.wrong for outcome in outcomes) else "DIFFERS"
    rows = [_HEAD, *map(row, outcomes), (*last, f"{whole['longest_pause_s']:.1f} s", answer)]
    widths = [max(len(cells[column]) for cells in rows) for column in range(len(_HEAD))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip() for cells in rows]
    rule = "  ".join("─" * width for width in widths)
    return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])


def totals(outcomes: Sequence[Outcome]) -> dict[str, int | float]:
    """Return the whole campaign as one object; what is lost or doubled is counted from its beginning."""
    return {
        "events": sum(outcome.events for outcome in outcomes),
        "faults": len(outcomes),
        "lost": max((outcome.balance.lost for outcome in outcomes), default=0),
        "doubled": max((outcome.balance.doubled for outcome in outcomes), default=0),
        "longest_pause_s": round(max((outcome.pause for outcome in outcomes), default=0.0), 2),
    }


def as_json(outcomes: Sequence[Outcome]) -> str:
    """Return ``totals`` as JSON on one line."""
    return json.dumps(totals(outcomes))
