"""The shipped mappings: on made-up rows with the traps of their sources, and on real files where they are at hand."""

import gzip
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from models.facts import AnswerFact, AskedFact, ContactFact, LoyaltyFact, PromiseFact, VoiceFact
from models.instants import parse, render
from models.policy import default
from models.scoring.membership import journeys_of
from streams.history.importing import Imported, import_files
from tests.streams.history.exports import SHARED, FakeLog, written

INCIDENTS = (
    "number,ident_state,reassignment_count,reopen_count,sys_mod_count,made_sla,caller_id,opened_at,"
    "sys_created_at,sys_updated_at,contact_type,assignment_group,assigned_to,priority,resolved_at,closed_at"
)
ORDERS = (
    "order_id,customer_id,order_status,order_purchase_timestamp,order_approved_at,order_delivered_carrier_date,"
    "order_delivered_customer_date,order_estimated_delivery_date,source,review_score,review_comment_title,"
    "review_comment_message,review_creation_date,review_answer_timestamp"
)
POSTS = "tweet_id,airline,tweet_created,text,airline_sentiment,negativereason"


def update(case: str, state: str, at: str, **other: object) -> str:
    """Return a row of incidents, with everything that is known only later left missing."""
    said = {"n": 0, "sla": "true", "caller": "c1", "moved": 0} | other
    moved, n, sla, caller = said["moved"], said["n"], said["sla"], said["caller"]
    return f"{case},{state},{moved},0,{n},{sla},{caller},1/3/2016 09:00,?,{at},Phone,7,?,3,?,?"


def brought(folder: Path, mapping: str, header: str, *rows: str) -> tuple[Imported, FakeLog]:
    log = FakeLog()
    return import_files([written(folder, "\n".join((header, *rows)))], mapping, log.target), log


def said(log: FakeLog, kind: type[Any]) -> list[Any]:
    return [made.fact for made in log.facts() if isinstance(made.fact, kind)]


# -- incidents ---------------------------------------------------------------------------------------------------------


def test_a_case_is_a_contact_that_waits_moves_and_ends(tmp_path: Path) -> None:
    _, log = brought(
        tmp_path,
        "incidents",
        INCIDENTS,
        update("INC1", "New", "1/3/2016 09:05"),
        update("INC1", "Active", "1/3/2016 10:00", n=1, moved=2),
        update("INC1", "Resolved", "1/3/2016 12:00", n=2, moved=2),
        update("INC1", "Closed", "6/3/2016 12:00", n=3, moved=2, sla="false"),
    )
    contacts = said(log, ContactFact)
    assert [(fact.phase, render(fact.time)[5:16], fact.outcome, fact.cold_transfers) for fact in contacts] == [
        ("queued", "03-01T09:00", None, None),
        ("queued", "03-01T09:05", None, 0),
        ("progress", "03-01T10:00", None, 2),
        ("ended", "03-01T12:00", "resolved", 2),
        ("ended", "03-06T12:00", "resolved", 2),
    ]
    [promise] = said(log, PromiseFact)
    assert (promise.broken, promise.time, promise.contact) == (True, contacts[-1].time, "INC1")
    [journey] = journeys_of([made.fact for made in log.facts()], default())
    [contact] = journey.contacts.values()
    assert contact.derived == [3_600_000], "the wait runs from the call to the first work on it"


def test_a_missed_agreement_is_an_outcome_and_never_an_input(tmp_path: Path) -> None:
    _, log = brought(
        tmp_path,
        "incidents",
        INCIDENTS,
        update("INC1", "Active", "1/3/2016 10:00", sla="false"),
        update("INC1", "Resolved", "1/3/2016 12:00", n=1, sla="false"),
        update("INC2", "Closed", "1/3/2016 12:00", n=1, sla="true"),
    )
    assert [(fact.promise, fact.broken, fact.done is not None) for fact in said(log, PromiseFact)] == [
        ("INC2", False, True)
    ]


def test_a_promise_told_long_after_stays_in_the_journey_of_its_case(tmp_path: Path) -> None:
    for case in range(8):  # ids decide the order within a moment: one of them might be lucky
        _, log = brought(
            tmp_path,
            "incidents",
            INCIDENTS,
            update(f"INC{case}", "Awaiting Vendor", "1/3/2016 10:00"),
            update(f"INC{case}", "Closed", "1/6/2016 12:00", n=1, sla="false"),
        )
        facts = sorted((made.fact for made in log.facts()), key=lambda fact: fact.order)
        assert len(journeys_of(facts, default())) == 1


def test_a_case_taken_up_in_the_minute_it_was_opened_did_not_wait(tmp_path: Path) -> None:
    _, log = brought(
        tmp_path,
        "incidents",
        INCIDENTS,
        update("INC1", "Active", "1/3/2016 09:00"),
        update("INC1", "Resolved", "1/3/2016 12:00", n=1),
    )
    facts = sorted((made.fact for made in log.facts()), key=lambda fact: fact.order)
    [journey] = journeys_of(facts, default())
    assert [contact.derived for contact in journey.contacts.values()] == [[0]]


def test_odd_states_missing_columns_and_rows_out_of_order_are_all_told(tmp_path: Path) -> None:
    result, log = brought(
        tmp_path,
        "incidents",
        INCIDENTS,
        update("INC1", "New", "1/3/2016 11:10"),
        update("INC1", "New", "1/3/2016 09:52"),
        update("INC1", "-100", "1/3/2016 12:00", n=2),
        update("INC1", "-100", "1/3/2016 13:00", n=2),
        update("INC1", "Closed", "2/3/2016 13:00", n=2),
    )
    assert (result.tally.told, result.tally.rejected.total()) == (5, 0)
    assert [fact.phase for fact in said(log, ContactFact)] == ["queued"] * 3 + ["progress"] * 2 + ["ended"]
    assert len({fact.identity for fact in (made.fact for made in log.facts())}) == len(log.records) == 7


def test_an_unknown_caller_is_a_reject(tmp_path: Path) -> None:
    result, log = brought(tmp_path, "incidents", INCIDENTS, update("INC1", "New", "1/3/2016 09:05", caller="?"))
    assert (log.facts(), result.tally.rejected) == ([], {"missing_subject": 1})


# -- orders ------------------------------------------------------------------------------------------------------------


def order(name: str, status: str, delivered: str = "", due: str = "2017-08-10", asked: str = "2017-08-12") -> str:
    return (
        f"{name},cust-{name},{status},2017-08-01 10:00:00,,,{delivered},{due},youleissy,2,Ruim,não chegou,"
        f"{asked} 00:00:00,{asked} 18:00:00"
    )


def test_an_order_is_told_at_its_own_times(tmp_path: Path) -> None:
    _, log = brought(tmp_path, "orders", ORDERS, order("o1", "delivered", "2017-08-15 10:00:00"))
    told = [(type(made.fact).__name__, render(made.fact.time)) for made in log.facts()]
    assert told == [
        ("LoyaltyFact", "2017-08-01T13:00:00Z"),
        ("PromiseFact", "2017-08-01T13:00:00Z"),
        ("AskedFact", "2017-08-12T03:00:00Z"),
        ("AnswerFact", "2017-08-12T21:00:00Z"),
        ("PromiseFact", "2017-08-15T13:00:00Z"),
    ]
    promised, delivered = said(log, PromiseFact)
    assert (promised.done, render(promised.due)) == (None, "2017-08-11T02:59:59.999Z")
    assert delivered.done == delivered.time
    [answer] = said(log, AnswerFact)
    assert (answer.instrument, answer.value, answer.journey, answer.survey) == ("csat", 2, "o1", "o1")
    assert [made.verbatim.text for made in log.facts() if made.verbatim] == ["Ruim. não chegou"]
    assert {made.fact.segment for made in log.facts()} == {(("source", "youleissy"),)}
    assert [fact.kind for fact in said(log, LoyaltyFact)] == ["purchase"]


def test_what_was_known_at_the_survey_does_not_depend_on_what_came_later(tmp_path: Path) -> None:
    """The leak test: whatever the columns filled in later say, the facts up to the survey are the same."""
    seen = []
    for status, delivered in (
        ("delivered", "2017-08-15 10:00:00"),
        ("shipped", ""),
        ("delivered", "2017-09-30 10:00:00"),
    ):
        _, log = brought(tmp_path, "orders", ORDERS, order("o1", status, delivered, asked="2017-08-12"))
        asked = said(log, AskedFact)[0].time
        seen.append([made.fact for made in log.facts() if made.fact.time <= asked])
    assert seen[0] == seen[1] == seen[2]


@pytest.mark.parametrize("status", ["canceled", "unavailable"])
def test_a_cancelled_order_is_a_promise_broken_on_the_promised_day(tmp_path: Path, status: str) -> None:
    _, log = brought(tmp_path, "orders", ORDERS, order("o1", status), order("o2", status, "2017-08-09 10:00:00"))
    broken = [fact for fact in said(log, PromiseFact) if fact.broken]
    assert [(fact.promise, fact.time == fact.due) for fact in broken] == [("o1", True)]


# -- posts -------------------------------------------------------------------------------------------------------------


def test_each_post_is_a_voice_and_its_own_subject(tmp_path: Path) -> None:
    _, log = brought(
        tmp_path,
        "posts",
        POSTS,
        '1,US Airways,2015-02-16T23:36:05-08:00,"late, again",negative,Late Flight',
        "2,United,2015-02-16T23:37:05-08:00,thanks,positive,",
    )
    first, second = log.facts()
    assert isinstance(first.fact, VoiceFact)
    assert first.subject != second.subject
    assert render(first.fact.time) == "2015-02-17T07:36:05Z"
    assert (first.fact.sentiment, first.fact.segment) == (
        "negative",
        (("airline", "us-airways"), ("reason", "late-flight")),
    )
    assert second.fact.segment == (("airline", "united"),)
    assert first.verbatim is not None
    assert first.verbatim.text == "late, again"


# -- real files --------------------------------------------------------------------------------------------------------


def real(name: str) -> Path:
    path = SHARED / f"{name}.csv.gz"
    if not path.exists():
        pytest.skip(f"{path.name} is not at hand: ../shared/data is absent")
    return path


@lru_cache
def really_brought(name: str) -> tuple[Imported, FakeLog]:
    log = FakeLog()
    return import_files([real(name)], name, log.target), log


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "rows", "rejected"),
    [("incidents", 81_519, {"missing_subject": 29}), ("orders", 7_850, {}), ("posts", 5_632, {})],
)
def test_every_row_of_the_real_files_is_accounted_for(name: str, rows: int, rejected: dict[str, int]) -> None:
    result, log = really_brought(name)
    tally = result.tally
    assert (tally.rows, tally.silent, dict(tally.rejected)) == (rows, 0, rejected)
    assert tally.told == rows - sum(rejected.values())
    assert len(log.records) == tally.received
    facts = [made.fact for made in log.facts()]
    assert len({fact.identity for fact in facts}) == len(facts) == tally.events


@pytest.mark.slow
def test_missed_agreements_of_the_real_incidents_fall_from_march_to_april() -> None:
    _, log = really_brought("incidents")
    opened = {fact.contact: fact.time for fact in reversed(said(log, ContactFact))}
    last = {fact.promise: fact.broken for fact in said(log, PromiseFact)}
    share: Counter[tuple[str, bool]] = Counter()
    for case, broken in last.items():
        for week, start, end in (("march", "2016-03-07", "2016-03-14"), ("april", "2016-04-11", "2016-04-18")):
            if parse(f"{start}T00:00:00Z") <= opened[case] < parse(f"{end}T00:00:00Z"):
                share[week, broken] += 1
    assert share["march", True] / (share["march", True] + share["march", False]) > 0.9
    assert share["april", True] / (share["april", True] + share["april", False]) < 0.3


@pytest.mark.slow
def test_cutting_a_real_file_short_is_noticed(tmp_path: Path) -> None:
    whole = real("posts").read_bytes()
    path = tmp_path / "posts.csv.gz"
    path.write_bytes(whole[:-1_000])
    with pytest.raises((EOFError, gzip.BadGzipFile)):
        gzip.decompress(path.read_bytes())
    log = FakeLog()
    with pytest.raises(Exception, match="ends early"):
        import_files([path], "posts", log.target)
    assert log.records == []
