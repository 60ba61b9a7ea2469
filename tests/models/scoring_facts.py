"""Facts for tests of scoring: a builder for each kind, and arbitrary histories."""

from typing import TypeVar

import msgspec
from hypothesis import strategies as st

from models.facts import (
    AnswerFact,
    AnyFact,
    AskedFact,
    ComplaintFact,
    ContactFact,
    ExposureFact,
    Fact,
    IncidentFact,
    InsideFact,
    LoyaltyFact,
    PromiseFact,
    RecoveryFact,
    VoiceFact,
)
from models.identifiers import DAY, HOUR, MINUTE, SECOND, Millis

F = TypeVar("F", bound=Fact)
START = 1_700_000_000_000
COMMON: dict[str, object] = {
    "source": "crm",
    "content": 0,
    "history": False,
    "alone": False,
    "touchpoint": "help",
    "channel": "phone",
    "segment": (),
}


def fact(what: type[F], at: int, name: str, **fields: object) -> F:
    """Build a fact of class ``what`` at ``at`` milliseconds, id ``name``; what is not given is not observed."""
    values = dict.fromkeys(what.__struct_fields__) | COMMON | {"time": Millis(at), "id": name} | fields
    return what(**values)  # type: ignore[arg-type]


def contact(at: int, phase: str, **observed: object) -> ContactFact:
    """Build one record of the contact ``c`` (or another ``contact``)."""
    values: dict[str, object] = {"contact": "c", "phase": phase, "direction": "inbound"} | observed
    return fact(ContactFact, at, f"{values['contact']}-{at}-{phase}", **values)


def promise(at: int, due: int, **fields: object) -> PromiseFact:
    """Build one record of the promise ``p``."""
    values: dict[str, object] = {"promise": "p", "due": Millis(due), "broken": False} | fields
    return fact(PromiseFact, at, f"{values['promise']}-{at}", **values)


def incident(at: int, severity: str = "outage", **fields: object) -> IncidentFact:
    """Build one record of the incident ``i``."""
    values: dict[str, object] = {"incident": "i", "severity": severity} | fields
    return fact(IncidentFact, at, f"{values['incident']}-{at}", **values)


def answer(at: int, value: int, **fields: object) -> AnswerFact:
    """Build a CSAT answer."""
    values: dict[str, object] = {"instrument": "csat", "value": value, "low": 1, "high": 5} | fields
    return fact(AnswerFact, at, f"answer-{at}", **values)


_ids = st.sampled_from(["a", "b", "c"])
_maybe_id = st.none() | _ids
_times = st.one_of(
    st.integers(0, 40).map(lambda n: START + n * MINUTE),
    st.integers(0, 100).map(lambda n: START + n * DAY // 2),
    st.integers(0, 30 * DAY).map(lambda n: START + n),
)
_counts = st.none() | st.integers(0, 4)
_flags = st.none() | st.booleans()
_common: dict[str, st.SearchStrategy[object]] = {
    "time": _times,
    "source": st.sampled_from(["crm", "shop"]),
    "content": st.just(0),
    "history": st.booleans(),
    "alone": st.integers(0, 15).map(lambda n: n == 0),
    "journey": st.none() | st.sampled_from(["x", "y"]),
    "touchpoint": st.sampled_from(["help", "bill", "other"]),
    "channel": st.sampled_from(["chat", "phone", "mail"]),
    "staff": st.none(),
    "segment": st.sampled_from([(), (("plan", "gold"),), (("plan", "tin"), ("age", "42"))]),
}
_own: dict[type[Fact], dict[str, st.SearchStrategy[object]]] = {
    ContactFact: {
        "contact": _ids,
        "phase": st.sampled_from(["queued", "answered", "progress", "transferred", "ended"]),
        "direction": st.sampled_from(["inbound", "inbound", "inbound", "outbound"]),
        "device": st.none(),
        "waits": st.none() | st.lists(st.integers(0, 3000), max_size=3).map(tuple),
        "handling": st.none(),
        "reply_delay": st.none(),
        "steps_repeated": _counts,
        "context_lost": _flags,
        "menu_loops": _counts,
        "channel_unfit": _flags,
        "paid_line": _flags,
        "cold_transfers": _counts,
        "transfers_failed": _counts,
        "wrong_answers": _counts,
        "incident_not_told": _flags,
        "thanked": _flags,
        "outcome": st.sampled_from(
            [None, None, "resolved", "unresolved", "abandoned", "transferred", "transfer_failed"]
        ),
    },
    PromiseFact: {
        "promise": _ids,
        "contact": _maybe_id,
        "due": _times,
        "done": st.none() | _times,
        "broken": st.booleans(),
    },
    IncidentFact: {
        "incident": _ids,
        "severity": st.sampled_from(["minor", "major", "outage"]),
        "restored": st.none() | _times,
    },
    AskedFact: {"survey": _ids, "contact": _maybe_id, "instrument": st.just("csat")},
    AnswerFact: {
        "survey": _maybe_id,
        "contact": _maybe_id,
        "instrument": st.sampled_from(["nps", "csat", "ces", "custom"]),
        "value": st.integers(0, 10),
        "low": st.integers(0, 1),
        "high": st.integers(5, 10),
    },
    VoiceFact: {
        "post": _ids,
        "platform": st.none(),
        "rating": st.none(),
        "sentiment": st.none(),
        "reach": st.none(),
        "replied": st.none(),
    },
    ComplaintFact: {"complaint": _ids, "contact": _maybe_id},
    RecoveryFact: {
        "recovery": _ids,
        "act": st.just("refund"),
        "completed": st.booleans(),
        "amount": st.none(),
        "case": st.none(),
    },
    LoyaltyFact: {
        "kind": st.sampled_from(["purchase", "renewal", "departure", "referral"]),
        "amount": st.none() | st.integers(-100, 100),
        "currency": st.none(),
    },
    ExposureFact: {"experiment": _ids, "arm": st.just("new")},
    InsideFact: {"kind": st.just("walkthrough"), "rating": st.none()},
}


def facts_of(kind: type[Fact]) -> st.SearchStrategy[AnyFact]:
    """Return arbitrary facts of one kind (ids are given by ``histories``)."""
    return st.builds(kind, id=st.just(""), **_common, **_own[kind])  # type: ignore[arg-type]


_any = st.one_of(*(facts_of(kind) for kind in [ContactFact] * 6 + list(_own)))


def numbered(facts: list[AnyFact]) -> list[AnyFact]:
    """Give each fact an id of its own, and put all in order."""
    named = [msgspec.structs.replace(one, id=f"{n:03}") for n, one in enumerate(facts)]
    return sorted(named, key=lambda one: one.order)


histories: st.SearchStrategy[list[AnyFact]] = st.lists(_any, max_size=25).map(numbered)
"""A customer's facts, of every kind, in order."""

conversations: st.SearchStrategy[list[AnyFact]] = st.lists(facts_of(ContactFact), min_size=1, max_size=12).map(numbered)

latenesses = st.sampled_from([0, SECOND, 10 * MINUTE, HOUR, 3 * DAY, 40 * DAY])
"""How long after the last fact one looks."""


def asof_of(facts: list[AnyFact], later: int = 0) -> Millis:
    """Return the moment ``later`` than the last fact."""
    return Millis((facts[-1].time if facts else START) + later)
