"""What people decide: cases, gaps, targets, experiments, keys, walk-throughs; each kept, guarded and audited."""

from dataclasses import replace
from datetime import date

import msgspec
import pytest

from experiments.ledger import Experiment
from experiments.plan import Origin
from experiments.states import AuditEntry, Role
from experiments.states import State as ExperimentState
from models.errors import Fenced, Forbidden, NotFound
from models.gaps.gap import Gap, Judgement, State, Step
from models.identifiers import Millis
from models.targets import Course, Target
from store.audit import Act
from store.cases import Case
from store.database import Store
from store.keys import ApiKeys
from store.walkthroughs import Walkthrough
from tests.store import samples

NOW, LATER = Millis(1), Millis(2)
WHO = samples.subject(1)
CASE = Case("case-1", WHO, "j", "rescue", "waited 20 minutes", "call on the phone", NOW, "Ada")
TARGET = Target("t", "c", "journey_score", "all", 70, 80, date(2026, 1, 1), date(2026, 6, 30), "Ada")
COURSE = Course("c", "They took me in charge at once.", "Ada", (TARGET,))
JUDGED = Judgement(date(2026, 1, 1), date(2026, 1, 28), 70.0, 80.0, 10.0, 5.0, 15.0, 400, 28, 32, 0, False, "10 short")
GAP = Gap(
    "g",
    "target",
    "journey_score",
    "all",
    State.SEEN,
    "p@1",
    date(2026, 1, 1),
    date(2026, 1, 1),
    JUDGED,
    JUDGED,
    steps=(Step(date(2026, 1, 1), None, State.SEEN, "10 short"),),
)


def experiment() -> Experiment:
    opened = AuditEntry(NOW, "Ada", Role.AUTHOR, "open", ExperimentState.DRAFT, ExperimentState.DRAFT)
    return Experiment(
        id="x",
        title="Call back",
        salt="x/1",
        origin=Origin("gap", "g"),
        author="Ada",
        owner="Bob",
        opened_at=NOW,
        audit=(opened,),
    )


def acts(store: Store, noun: str) -> list[tuple[str, str]]:
    return [(act.actor, act.action) for act in reversed(store.audit.recent(noun))]


def test_a_case_is_opened_taken_acted_on_and_closed(store: Store) -> None:
    store.cases.add(CASE)
    assert store.cases.list_open() == store.cases.of(WHO) == [CASE]
    store.cases.take("case-1", "Bob", LATER)
    store.cases.act("case-1", "Bob", LATER, "called, said sorry")
    closed = store.cases.close("case-1", "Bob", LATER, "happy again")
    assert closed == replace(
        CASE, owner="Bob", act="called, said sorry", acted_at=LATER, closed_at=LATER, note="happy again"
    )
    assert store.cases.list_open() == []
    assert store.cases.judge("case-1", came_back=True) == store.cases.get("case-1")
    assert acts(store, "case") == [("Ada", "opened"), ("Bob", "taken"), ("Bob", "acted"), ("Bob", "closed")]
    with pytest.raises(Forbidden, match="open a new case"):
        store.cases.act("case-1", "Bob", LATER, "again")
    with pytest.raises(NotFound):
        store.cases.get("case-2")


def test_cases_never_put_the_customer_into_the_audit_log(store: Store) -> None:
    store.cases.add(CASE)
    assert WHO not in repr(store.audit.recent())


def test_a_gap_and_its_states_are_kept(store: Store) -> None:
    kept = store.gaps.save(GAP, based_on=None, by="ressenti", now=NOW)
    assert (kept.gap, kept.version, store.gaps.get("g")) == (GAP, 1, kept)
    step = Step(date(2026, 2, 1), State.SEEN, State.CONFIRMED, "sure")
    confirmed = replace(GAP, state=State.CONFIRMED, steps=(*GAP.steps, step))
    store.gaps.save(confirmed, based_on=1, by="ressenti", now=LATER)
    assert [(s.state, s.at, s.reason) for s in store.gaps.history("g")] == [
        (State.SEEN, NOW, "10 short"),
        (State.CONFIRMED, LATER, "sure"),
    ]
    assert [k.gap for k in store.gaps.list_open()] == [k.gap for k in store.gaps.all([State.CONFIRMED])] == [confirmed]
    assert store.gaps.all([State.SEEN]) == []
    with pytest.raises(NotFound):
        store.gaps.get("h")


def test_two_people_cannot_change_one_gap_over_each_other(store: Store) -> None:
    store.gaps.save(GAP, based_on=None, by="ressenti", now=NOW)
    store.gaps.save(replace(GAP, owner="Ada"), based_on=1, by="Ada", now=LATER)
    with pytest.raises(Fenced, match="read it again"):
        store.gaps.save(replace(GAP, owner="Bob"), based_on=1, by="Bob", now=LATER)
    other = replace(GAP, id="h")
    with pytest.raises(Fenced):
        store.gaps.save_all([(other, None), (GAP, 1)], by="ressenti", now=LATER)
    assert [kept.gap.owner for kept in store.gaps.all()] == ["Ada"]


def test_every_version_of_a_target_is_kept_and_the_latest_is_in_force(store: Store) -> None:
    assert store.courses.replace([COURSE], "Ada", NOW) == 2
    assert store.courses.replace([COURSE], "Ada", LATER) == 0
    assert (store.courses.all(), store.courses.targets()) == ((COURSE,), (TARGET,))
    higher = replace(TARGET, end_value=85)
    store.courses.put_target(higher, "Bob", LATER)
    assert store.courses.targets() == (higher,)
    store.courses.withdraw_target("t", "Bob", LATER)
    assert store.courses.targets() == ()
    store.courses.put_target(TARGET, "Ada", LATER)
    assert [(v.version, v.author, v.withdrawn) for v in store.courses.history("t")] == [
        (1, "Ada", False),
        (2, "Bob", False),
        (3, "Bob", True),
        (4, "Ada", False),
    ]
    assert store.courses.targets() == (TARGET,)
    assert [a for _, a in acts(store, "target")] == ["written", "written", "withdrawn", "written"]


def test_what_a_new_file_leaves_out_is_withdrawn(store: Store) -> None:
    other = Course("d", "It just works.", "Bob", (replace(TARGET, id="u", course="d"),))
    store.courses.replace([COURSE], "Ada", NOW)
    store.courses.put_course(other, "Bob", NOW)
    assert [course.id for course in store.courses.all()] == ["c", "d"]
    store.courses.replace([other], "Ada", LATER)
    assert store.courses.all() == (other,)
    store.courses.withdraw_course("d", "Ada", LATER)
    assert (store.courses.all(), store.courses.targets()) == ((), ())
    for withdraw in (store.courses.withdraw_course, store.courses.withdraw_target):
        with pytest.raises(NotFound, match="none in force"):
            withdraw("d", "Ada", LATER)
    with pytest.raises(NotFound, match="write the course first"):
        store.courses.put_target(TARGET, "Ada", LATER)


def test_an_experiment_is_saved_on_what_was_read_and_its_trail_is_audited(store: Store) -> None:
    kept = store.experiments.add(experiment(), NOW)
    assert store.experiments.get("x") == kept
    step = AuditEntry(LATER, "Ada", Role.AUTHOR, "explain", ExperimentState.DRAFT, ExperimentState.EXPLAINED)
    explained = msgspec.structs.replace(
        kept.experiment, state=ExperimentState.EXPLAINED, audit=(*kept.experiment.audit, step)
    )
    assert store.experiments.save(explained, kept.version, LATER).version == 2
    assert store.experiments.get("x").experiment == explained
    with pytest.raises(Fenced, match="read it again"):
        store.experiments.save(experiment(), 1, LATER)
    assert acts(store, "experiment") == [("Ada", "open"), ("Ada", "explain")]
    assert [k.experiment.id for k in store.experiments.all([ExperimentState.EXPLAINED])] == ["x"]
    assert store.experiments.all([ExperimentState.DRAFT]) == []
    store.experiments.add(msgspec.structs.replace(experiment(), id="y", parent="x"), LATER)
    assert [k.experiment.id for k in store.experiments.children("x")] == ["y"]
    with pytest.raises(NotFound):
        store.experiments.get("z")


def test_a_key_is_shown_once_and_speaks_for_its_source_until_revoked(store: Store) -> None:
    key, secret = store.keys.create("shop", "Ada", NOW)
    assert store.keys.source_of(secret) == "shop"
    assert store.keys.source_of(secret + "x") is None
    assert store.keys.source_of("\ud800") is None
    assert store.keys.all() == [key]
    store.keys.revoke(key.id, "Ada", LATER)
    assert store.keys.source_of(secret) is None
    with pytest.raises(NotFound, match="no such key in use"):
        store.keys.revoke(key.id, "Ada", LATER)
    assert acts(store, "api_key") == [("Ada", "created"), ("Ada", "revoked")]


def test_only_the_hash_of_a_key_is_kept(sqlite_store: Store) -> None:
    drawn = ApiKeys(sqlite_store._database, draw=lambda: "a-secret-drawn-for-this-test")
    _, secret = drawn.create("shop", "Ada", NOW)
    sqlite_store.close()
    kept = b"".join(path.read_bytes() for path in sqlite_store.folder.iterdir())
    assert b"a-secret-drawn" not in kept
    assert secret.endswith("a-secret-drawn-for-this-test")


def test_walkthroughs_are_kept(store: Store) -> None:
    one = Walkthrough("w1", NOW, "Ada", "help", "phone", 2_500, "Four menus.")
    two = Walkthrough("w2", LATER, "Bob", "shop", "web", None, "Quick.")
    store.walkthroughs.add(one)
    store.walkthroughs.add(two)
    assert store.walkthroughs.recent() == [two, one]
    assert store.walkthroughs.get("w1") == one
    with pytest.raises(NotFound):
        store.walkthroughs.get("w3")


def test_acts_are_listed_the_latest_first_and_by_what_they_touched(store: Store) -> None:
    for number in range(3):
        store.audit.add(Act(Millis(number), "Ada", "looked", ("gap", str(number)), {"n": number, "why": None}))
    assert [act.noun[1] for act in store.audit.recent("gap", limit=2)] == ["2", "1"]
    assert [act.detail for act in store.audit.recent("gap", "1")] == [{"n": 1, "why": None}]
