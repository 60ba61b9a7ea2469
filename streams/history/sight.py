"""What a mapping can never see: the causes for which it sends nothing, or nothing that could lose a point.

Read off the mapping alone, without a file. A cause that *can* fire may still not fire on a given export.
"""

from collections.abc import Callable, Mapping

from models.causes import Cause
from streams.history.mapping import EventSection
from streams.history.mapping import Mapping as HistoryMapping
from streams.history.rules import PREFIX

Said = Mapping[str, object]

COUNTED = {
    Cause.REPEATED_STEP: "steps_repeated",
    Cause.CONTEXT_LOST: "context_lost",
    Cause.CHANNEL_UNFIT: "channel_unfit",
    Cause.MENU_LOOP: "menu_loops",
    Cause.PAID_LINE: "paid_line",
    Cause.COLD_TRANSFER: "cold_transfers",
    Cause.WRONG_ANSWER: "wrong_answers",
    Cause.INCIDENT_NOT_TOLD: "incident_not_told",
}
"""Causes that fire from one field of a contact, and which."""


def unseen(mapping: HistoryMapping) -> dict[Cause, str]:
    """Return the causes that can never fire from ``mapping``, each with what it would take."""
    contacts = [event.fields for event in mapping.event if _is(event, "contact")]
    found = {
        cause: f"no contact sends `{field}`" for cause, field in COUNTED.items() if not _any(contacts, field, _harms)
    }
    if not any("waits_s" in said for said in contacts) and not _any(
        contacts, "phase", _one_of("queued", "transferred")
    ):
        found[Cause.WAIT] = "no contact sends `waits_s`, or the phase queued or transferred"
    if not _any(contacts, "outcome", _one_of("abandoned")):
        found[Cause.ABANDONED] = "no contact ends with the outcome abandoned"
    if not _any(contacts, "outcome", _one_of("transfer_failed")) and not _any(contacts, "transfers_failed", _harms):
        found[Cause.TRANSFER_FAILED] = "no contact sends `transfers_failed`, or the outcome transfer_failed"
    promises = [event for event in mapping.event if _is(event, "promise")]
    if not _any([event.fields for event in promises], "broken", _harms):
        found[Cause.PROMISE_BROKEN] = "no promise is ever told as broken"
    if all(event.fields.get("due") == _time(event, mapping) for event in promises):
        found[Cause.LATE] = "no promise has a date of its own that could pass"
    if not any(_is(event, "incident") for event in mapping.event):
        found[Cause.INCIDENT] = "no incident is told"
    return {cause: found[cause] for cause in Cause if cause in found}


def _is(event: EventSection, kind: str) -> bool:
    return event.type.removeprefix(PREFIX) == kind


def _any(sections: list[dict[str, object]], field: str, could: Callable[[object], bool]) -> bool:
    return any(could(value) for said in sections if field in said for value in _possible(said[field]))


def _possible(said: object) -> list[object]:
    """Return the values that ``said`` can give; ``None`` stands for whatever the export holds."""
    if isinstance(said, str):
        return [None] if "{" in said else [said]
    if isinstance(said, dict):
        table = said.get("map")
        return [*table.values(), said.get("otherwise", "")] if isinstance(table, dict) else [None]
    return [said]


def _one_of(*wanted: str) -> Callable[[object], bool]:
    return lambda value: value is None or value in wanted


def _harms(value: object) -> bool:
    return value is None or (value not in (False, 0, ""))


def _time(event: EventSection, mapping: HistoryMapping) -> dict[str, object]:
    said = mapping.row.time if event.time is None else event.time
    return {"time": said} if isinstance(said, str) else said
