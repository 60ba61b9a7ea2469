"""What we cannot see is said, per source and cause."""

from models.causes import Cause
from models.cells import Counts, merged
from models.definitions import DeclaredScopes
from models.policy import default
from models.scoring import blind_spots, contributions, journeys_of, sights
from models.scoring.visibility import FIELDS
from tests.models.scoring_facts import contact, incident

POLICY = default()
DECLARED = DeclaredScopes(sources=frozenset({"pbx", "crm"}))


def counts_of(source: str) -> Counts:
    facts = [contact(0, "queued", source=source), contact(60_000, "answered", source=source, context_lost=False)]
    facts.append(contact(1, "ended", contact="d", source=source, outcome="abandoned"))
    facts.sort(key=lambda one: one.order)
    found = contributions(journeys_of(facts, POLICY), [], POLICY, DECLARED, 60_000)
    parts = [part for contributed in found.values() for part in contributed]
    return merged(part.counts for part in parts if f"source:{source}" in part.scopes)


def test_each_cause_says_whether_it_could_fire_and_did() -> None:
    seen = {sight.cause: sight for sight in sights("pbx", counts_of("pbx"))}
    assert (seen[Cause.WAIT].able, seen[Cause.WAIT].units, seen[Cause.WAIT].lost) == (1, 2, 0)
    assert seen[Cause.CONTEXT_LOST].text == "context lost: could be seen in 1 of 2, and never was"
    assert seen[Cause.ABANDONED].text == "abandoned: could be seen in 1 of 2, and was"
    assert seen[Cause.MENU_LOOP].text == "menu loop: pbx does not send menu_loops"
    assert seen[Cause.WAIT].share == 0.5


def test_blind_spots_name_source_and_field_and_ask_nobody_for_what_another_sends() -> None:
    pbx = counts_of("pbx")
    found = contributions(journeys_of([incident(0, source="crm")], POLICY), [], POLICY, DECLARED, 0)
    crm = merged(part.counts for parts in found.values() for part in parts if "source:crm" in part.scopes)
    blind = {(sight.source, sight.cause) for sight in blind_spots({"pbx": pbx, "crm": crm})}
    assert ("pbx", Cause.REPEATED_STEP) in blind
    assert ("pbx", Cause.WAIT) not in blind
    assert ("pbx", Cause.INCIDENT) not in blind  # the crm tells of incidents
    assert ("crm", Cause.REPEATED_STEP) not in blind  # the crm has no contacts at all
    assert ("pbx", Cause.LATE) in blind  # nobody tells of promises


def test_every_cause_says_what_to_send() -> None:
    assert set(FIELDS) == set(Cause)
