import pytest

from models.causes import Cause
from streams.history.mapping import parse, text_of
from streams.history.sight import unseen
from tests.streams.history.exports import CALLS


def blind(text: str) -> set[Cause]:
    return set(unseen(parse(text, "my.toml")))


EVERYTHING = """
name = "all"
source = "all"
[row]
subject = "{s}"
time = "t"
[[event]]
name = "contact"
type = "ressenti.contact"
[event.fields]
contact = "{c}"
phase = "ended"
waits_s = [{ integer = "w" }]
outcome = { column = "o", map = { a = "abandoned", b = "transfer_failed" } }
steps_repeated = { integer = "x" }
context_lost = true
channel_unfit = { truth = "x" }
menu_loops = 1
paid_line = { column = "x", map = { a = false }, otherwise = true }
cold_transfers = { integer = "x" }
wrong_answers = { integer = "x" }
incident_not_told = { truth = "x" }
[[event]]
name = "promise"
type = "promise"
fields = { promise = "{p}", due = { time = "d" }, broken = { truth = "b" } }
[[event]]
name = "incident"
type = "incident"
fields = { incident = "{i}", severity = "{v}" }
"""


def test_a_mapping_that_tells_everything_is_blind_to_nothing() -> None:
    assert blind(EVERYTHING) == set()


@pytest.mark.parametrize(
    ("old", "new", "cause"),
    [
        ('waits_s = [{ integer = "w" }]', "", Cause.WAIT),
        ('a = "abandoned"', 'a = "resolved"', Cause.ABANDONED),
        ('b = "transfer_failed"', 'b = "resolved"', Cause.TRANSFER_FAILED),
        ('steps_repeated = { integer = "x" }', "", Cause.REPEATED_STEP),
        ("context_lost = true", "context_lost = false", Cause.CONTEXT_LOST),
        ('channel_unfit = { truth = "x" }', "", Cause.CHANNEL_UNFIT),
        ("menu_loops = 1", "menu_loops = 0", Cause.MENU_LOOP),
        ("otherwise = true", "otherwise = false", Cause.PAID_LINE),
        ('broken = { truth = "b" }', "broken = false", Cause.PROMISE_BROKEN),
        ('due = { time = "d" }', 'due = { time = "t" }', Cause.LATE),
        ('type = "incident"', 'type = "complaint"', Cause.INCIDENT),
    ],
)
def test_each_cause_goes_blind_by_itself(old: str, new: str, cause: Cause) -> None:
    assert old in EVERYTHING
    assert blind(EVERYTHING.replace(old, new)) == {cause}


def test_a_queue_can_be_seen_by_its_phase() -> None:
    assert Cause.WAIT not in blind(CALLS)
    assert Cause.WAIT in blind(CALLS.replace('waiting = "queued"', 'waiting = "progress"'))


def test_what_the_shipped_mappings_see() -> None:
    sees = {name: set(Cause) - blind(text_of(name)) for name in ("incidents", "orders", "posts")}
    assert sees == {
        "incidents": {Cause.WAIT, Cause.COLD_TRANSFER, Cause.WRONG_ANSWER, Cause.PROMISE_BROKEN},
        "orders": {Cause.PROMISE_BROKEN, Cause.LATE},
        "posts": set(),
    }
