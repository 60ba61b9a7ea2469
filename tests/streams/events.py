"""Events for tests of the streams: CloudEvents as bytes, records, and a small random company for hypothesis."""

import json
from collections.abc import Mapping, Sequence
from random import Random

from hypothesis import strategies as st

from models import instants
from models.chunks import Record
from models.definitions import DeclaredScopes, Definitions, LiveExperiment, Timeline
from models.identifiers import DAY, HOUR, MINUTE, Millis, Offset, PolicyVersion
from models.interactions.internals import due_event
from models.partitions import partition_of
from models.policy import Policy, default, load

T0 = 1_700_000_000_000
SUBJECTS = [f"p1_{'abcdefghijklmnopqrstuvwxyz'}{n:03d}" for n in range(12)]
SCOPES = DeclaredScopes(
    touchpoints=frozenset({"help", "billing"}),
    channels=frozenset({"chat", "phone"}),
    sources=frozenset({"pbx", "crm"}),
    segments=frozenset({("plan", "gold")}),
)
Pair = tuple[bytes, bytes]


def event(subject: str, kind: str, at: int, data: Mapping[str, object], **attributes: object) -> Pair:
    """Return one event as the log takes it."""
    body = {
        "specversion": "1.0",
        "id": attributes.pop("id", f"{kind}-{at}"),
        "source": attributes.pop("source", "crm"),
        "type": f"ressenti.{kind}",
        "time": instants.render(at),
        "subject": subject,
        "data": data,
        **attributes,
    }
    return subject.encode(), json.dumps(body).encode()


def contact(subject: str, at: int, contact_id: str, phase: str, **more: object) -> Pair:
    """Return one message of a contact by chat about help, its id made of what it says."""
    data = {"contact": contact_id, "phase": phase, "touchpoint": "help", "channel": "chat", **more}
    return event(subject, "contact", at, data, id=f"{contact_id}-{phase}-{at}")


def strict() -> Policy:
    """Return a policy like the default, with dearer waits: a candidate to score beside it."""
    return load(default().text.replace('name = "default"', 'name = "strict"').replace("points = 15", "points = 20"))


def narrow() -> Policy:
    """Return a policy whose journeys end sooner than the default's, so that it groups facts in another way."""
    text = default().text.replace('name = "default"', 'name = "narrow"')
    return load(text.replace("window_days = 7", "window_days = 1"))


def definitions(*policies: Policy, version: int = 1, experiments: tuple[LiveExperiment, ...] = ()) -> Definitions:
    """Return definitions with the test scopes; the default policy when none is given."""
    return Definitions(version, policies or (default(),), SCOPES, experiments)


def always(defined: Definitions | None = None) -> Timeline:
    """Return the timeline on which ``defined`` was always in force."""
    return Timeline(((Offset(0), defined or definitions()),))


def experiment(policy: str, window: int = 14 * DAY) -> LiveExperiment:
    """Return a live experiment of two arms."""
    return LiveExperiment(
        id="x1",
        arms=("a", "b"),
        metric="contact_score",
        window=Millis(window),
        pre_window=Millis(20 * DAY),
        policy=PolicyVersion(policy),
        mechanism="loss.wait",
        guardrails=("contacts", "complaints"),
    )


def records(pairs: Sequence[Pair], log_times: Sequence[int] | int, start: int = 0) -> list[Record]:
    """Return ``pairs`` as consecutive records of one partition."""
    times = [log_times] * len(pairs) if isinstance(log_times, int) else log_times
    return [
        Record(Offset(start + n), Millis(at), key, value)
        for n, ((key, value), at) in enumerate(zip(pairs, times, strict=True))
    ]


def in_partition(subjects: Sequence[str], partition: int, partitions: int) -> list[str]:
    """Return those ``subjects`` that belong to ``partition``."""
    return [subject for subject in subjects if partition_of(subject.encode(), partitions) == partition]


@st.composite
def happenings(draw: st.DrawFn, days: int = 20) -> Pair:
    """Draw one event of some customer within ``days``; few ids, so that events meet, repeat and contradict."""
    subject = draw(st.sampled_from(SUBJECTS[:3]))
    at = T0 + draw(st.integers(0, days)) * DAY + draw(st.integers(0, 40)) * 13 * MINUTE
    kind = draw(
        st.sampled_from(["contact"] * 6 + ["promise", "incident", "answer", "asked", "small", "due", "exposure"])
    )
    if kind == "due":
        return due_event(subject, at)  # type: ignore[arg-type]
    data = draw(_data(kind, at))
    noun = str(data.pop("kind", kind))
    more: dict[str, object] = {} if draw(st.integers(0, 3)) else {"history": True}
    number = draw(st.integers(0, 400))
    return event(subject, noun, at, data, id=f"{number}", source=draw(st.sampled_from(["pbx", "crm", "fax"])), **more)


@st.composite
def _data(draw: st.DrawFn, kind: str, at: int) -> dict[str, object]:
    journey = draw(st.sampled_from([None, None, "j1", "j2"]))
    place: dict[str, object] = {
        "journey": journey,
        "touchpoint": draw(st.sampled_from(["help", "billing", "moon"])),
        "channel": draw(st.sampled_from(["chat", "phone"])),
        "segment": draw(st.sampled_from([None, {"plan": "gold"}, {"plan": "tin"}])),
    }
    number = draw(st.integers(1, 3))
    match kind:
        case "contact":
            phase = draw(st.sampled_from(["queued", "answered", "progress", "transferred", "ended"]))
            outcome = draw(st.sampled_from(["resolved", "abandoned", "transfer_failed"])) if phase == "ended" else None
            own = {
                "contact": f"c{number}",
                "phase": phase,
                "outcome": outcome,
                "steps_repeated": draw(st.sampled_from([None, 0, 2])),
                "context_lost": draw(st.sampled_from([None, True])),
                "waits_s": draw(st.sampled_from([None, None, [600, 1500]])),
            }
        case "promise":
            due = at + draw(st.integers(-5, 20)) * DAY
            done = draw(st.sampled_from([None, None, due + 2 * DAY]))
            own = {"promise": f"p{number}", "due": instants.render(due), "done": done and instants.render(done)}
        case "incident":
            own = {
                "incident": f"i{number}",
                "severity": draw(st.sampled_from(["minor", "outage"])),
                "restored": draw(st.sampled_from([None, instants.render(at + 3 * HOUR)])),
            }
        case "answer":
            own = draw(
                st.sampled_from(
                    [
                        {"instrument": "csat", "value": 2, "contact": f"c{number}"},
                        {"instrument": "csat", "value": 5, "survey": f"s{number}"},
                        {"instrument": "nps", "value": 3, "verbatim": "bof"},
                    ]
                )
            )
        case "asked":
            own = {"survey": f"s{number}", "contact": f"c{draw(st.integers(1, 3))}", "instrument": "csat"}
        case "exposure":
            own = {"experiment": "x1", "arm": draw(st.sampled_from(["a", "b"]))}
        case _:
            own = draw(
                st.sampled_from(
                    [
                        {"kind": "complaint", "complaint": f"k{number}"},
                        {"kind": "recovery", "recovery": f"r{number}", "act": "refund", "completed": True},
                        {"kind": "purchase", "amount": 12.5, "currency": "EUR"},
                        {"kind": "voice", "post": f"v{number}", "rating": 0.25},
                    ]
                )
            )
    return {name: value for name, value in {**place, **own}.items() if value is not None}


def company(seed: int, customers: int, days: int = 3) -> list[Pair]:
    """Return a seeded stream of events of many customers, in time order: contacts as they go on, and the rest."""
    random = Random(seed)
    told: list[tuple[int, Pair]] = []
    for n in range(customers):
        subject = f"p1_{'kill'}{seed:03d}{n:04d}abcdefghijklmnop"
        at = T0 + random.randrange(days * DAY)
        for c in range(random.randint(1, 3)):
            told += _lived(random, subject, at, f"c{n}-{c}")
            at += random.randrange(2 * DAY)
        if random.random() < 0.3:
            due = at + random.randrange(-2, 3) * DAY
            told.append((at, event(subject, "promise", at, {"promise": "p", "due": instants.render(due)}, id=f"p{n}")))
        if random.random() < 0.2:
            told.append(
                (at, event(subject, "answer", at, {"instrument": "csat", "value": 2, "verbatim": "non"}, id=f"a{n}"))
            )
        if random.random() < 0.1:
            told.append((at, (subject.encode(), b'{"specversion": "1.0", "id": "broken')))
        if random.random() < 0.2:
            told.append((at + DAY, due_event(subject, at + DAY)))  # type: ignore[arg-type]
    return [pair for _, pair in sorted(told, key=lambda each: each[0])]


def _lived(random: Random, subject: str, at: int, contact_id: str) -> list[tuple[int, Pair]]:
    told = []
    for phase in ["queued", "answered", "progress", "ended"][: random.randint(1, 4)]:
        more: dict[str, object] = {"outcome": random.choice(["resolved", "abandoned"])} if phase == "ended" else {}
        if phase == "progress":
            more = {"steps_repeated": random.randrange(4)}
        told.append((at, contact(subject, at, contact_id, phase, **more)))
        at += random.randrange(20 * MINUTE)
    return told
