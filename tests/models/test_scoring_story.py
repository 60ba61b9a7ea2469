"""The worked story of the specification, to the hundredth, event by event and by cause."""

from models.facts import AnyFact, ContactFact, IncidentFact, Outcome, Phase
from models.identifiers import MINUTE, Millis, Subject
from models.policy import default
from models.scoring import journeys_of, ledger_by_cause, ledger_by_event, rescues_of, score_journey

POLICY = default()


def contact(minute: float, phase: Phase, name: str, **observed: object) -> ContactFact:
    fields: dict[str, object] = dict.fromkeys(ContactFact.__struct_fields__)
    fields |= {
        "time": Millis(int(minute * MINUTE)),
        "source": name,
        "id": f"{name}-{minute}",
        "content": 0,
        "history": False,
        "alone": False,
        "touchpoint": "help",
        "channel": name,
        "segment": (),
        "contact": name,
        "phase": phase,
        "direction": "inbound",
    }
    return ContactFact(**(fields | observed))  # type: ignore[arg-type]


ABANDONED: Outcome = "abandoned"
STORY: list[AnyFact] = [
    IncidentFact(Millis(0), "net", "i", 0, False, False, None, "line", "net", None, (), "out", "outage", None),
    contact(10, "queued", "chat"),
    contact(30, "answered", "chat"),
    contact(35, "progress", "chat", steps_repeated=1),
    contact(38, "progress", "chat", steps_repeated=2),
    contact(40, "progress", "chat", channel_unfit=True),
    contact(45, "ended", "chat", outcome=ABANDONED),
    contact(60, "queued", "phone"),
    contact(75, "answered", "phone"),
    contact(76, "progress", "phone", context_lost=True),
    contact(80, "progress", "phone", steps_repeated=1),
    contact(84, "progress", "phone", steps_repeated=2),
    contact(90, "transferred", "phone"),
    contact(110, "progress", "phone"),
    contact(110.1, "progress", "phone", transfers_failed=1),
    contact(111, "progress", "phone", menu_loops=1),
]


def test_the_score_falls_event_by_event_as_told() -> None:
    (journey,) = journeys_of(STORY, POLICY)
    lines = ledger_by_event(journey, POLICY, STORY[-1].time)
    fell = [line.after for line in lines if line.delta]
    told = [7000, 5500, 5000, 4500, 3900, 2700, 2500, 2340, 2240, 2140, 1840, 640, 40]
    assert fell == told


def test_each_step_names_its_cause() -> None:
    (journey,) = journeys_of(STORY, POLICY)
    because = [line.because for line in ledger_by_event(journey, POLICY, STORY[-1].time) if line.delta]
    assert because == [
        ("incident",), ("wait",), ("repeated_step",), ("repeated_step",), ("channel_unfit",), ("abandoned",), ("wait",),
        ("context_lost",), ("repeated_step",), ("repeated_step",), ("wait",), ("transfer_failed",), ("menu_loop",),
    ]  # fmt: skip


def test_what_was_lost_by_cause_is_as_told() -> None:
    (journey,) = journeys_of(STORY, POLICY)
    ledger = ledger_by_cause(journey, POLICY, STORY[-1].time)
    assert {line.cause: line.points for line in ledger.lines} == {
        "incident": 3000,
        "wait": 2800,
        "repeated_step": 1200,
        "transfer_failed": 1200,
        "context_lost": 800,
        "menu_loop": 600,
        "abandoned": 240,
        "channel_unfit": 120,
    }
    assert ledger.score == 40


def test_the_chat_lost_43_and_the_phone_61() -> None:
    (journey,) = journeys_of(STORY, POLICY)
    score = score_journey(journey, POLICY, STORY[-1].time)
    assert [contact.loss for contact in score.contacts] == [4300, 6100]


def test_the_rescue_rings_at_the_first_repeated_step_before_the_abandonment() -> None:
    (journey,) = journeys_of(STORY, POLICY)
    (rescue,) = rescues_of(Subject("p1_x"), [journey], POLICY, STORY[-1].time)
    assert rescue.raised_at == 35 * MINUTE
    assert (rescue.score, rescue.contact, rescue.waited) == (5000, "chat", 20 * 60)
    assert rescue.causes == {"incident": 3000, "wait": 1500}
    assert rescue.act == "call on the phone"
    assert (rescue.left_at, rescue.left_why) == (45 * MINUTE, "abandoned")


def test_imported_history_never_rings() -> None:
    past = [type(fact)(**{f: getattr(fact, f) for f in fact.__struct_fields__} | {"history": True}) for fact in STORY]
    assert rescues_of(Subject("p1_x"), journeys_of(past, POLICY), POLICY, STORY[-1].time) == []
