"""The desk on a real store: origins and owners, proposals from what was measured, rechecks, what the system voids."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace as with_fields

from experiments import life_cycle as life
from experiments.designs import Rollout
from experiments.ledger import Experiment
from experiments.plan import Expected, Guardrail, Origin, Plan
from experiments.recheck import PATIENCE
from experiments.states import Role, State
from experiments.steward import advance
from models.cells import CellKey, Counts
from models.definitions import DeclaredScopes
from models.effects import Effects, Verbatim
from models.errors import Forbidden, InvalidInput, NotFound
from models.gaps.gap import State as GapState
from models.identifiers import DAY, Millis, Partition, Subject
from store.walkthroughs import Walkthrough
from streams.bootstrap import House, opened
from streams.experiment_acts import NAMES, Given, act_named
from streams.experiment_causes import Weighing
from streams.settings import read
from tests.experiments.group_loops import started as group_started
from tests.experiments.loops import AUTHOR, LEARNING, OWNER, Truth, day, faithful, running, seen_at
from tests.web.experiments import plan_in, planned_in, started_in
from tests.web.houses import Clock, find_gap

NOW = day(200)


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def house(tmp_path: Path, clock: Clock) -> Iterator[House]:
    with opened(read({}, data=tmp_path / "data", partitions=1), clock) as made, made.leading():
        yield made


def begin(house: House, reference: str = "lived", origin: str = "opportunity", owner: str = "Olga") -> Experiment:
    made = Origin(origin, reference)  # type: ignore[arg-type]
    return house.experiment_desk.begin("Show the chat", "Ana", owner, made, house.now())


def test_every_draft_gets_an_id_and_a_salt_of_its_own(house: House) -> None:
    made = [begin(house, f"lived {i}") for i in range(5)]
    assert len({each.id for each in made}) == len({each.salt for each in made}) == 5


def test_a_gaps_owner_decides(house: House) -> None:
    gap = find_gap(house)
    with pytest.raises(Forbidden, match="the gap’s owner, Ada, will decide, not Olga"):
        begin(house, gap.id, "gap")
    assert begin(house, gap.id, "gap", "").owner == "Ada"
    nobodys = find_gap(house, id="20260301-0123456789", owner=None)
    with pytest.raises(Forbidden, match="owner is missing"):
        begin(house, nobodys.id, "gap", "")
    assert begin(house, nobodys.id, "gap", "Olga").owner == "Olga"
    with pytest.raises(NotFound):
        begin(house, "nowhere", "gap")


def test_an_opportunity_brings_what_was_lived(house: House) -> None:
    house.store.walkthroughs.add(Walkthrough("walk-1", NOW, "Ana", "help", "chat", 2_000, "Asked twice to restart."))
    opened_ = begin(house, "walk-1")
    assert opened_.origin.sentence == "Asked twice to restart."
    [offered] = house.experiment_desk.proposals(opened_.id)
    assert (offered.proposal.kind, offered.proposal.statement) == ("observation", "“Asked twice to restart.”")
    assert begin(house, "a sentence of one's own").origin.sentence == ""


def test_acts_have_one_name_each_with_or_without_hyphens() -> None:
    for name in NAMES:
        assert act_named(name) == act_named(name.replace(" ", "-")) == name
    with pytest.raises(NotFound, match="use one of start, iterate, retry"):
        act_named("conclude")


def measured(house: House, comments: int = 60) -> Experiment:
    """Return a draft on a gap whose scope has slices, comments and a voice from inside."""
    house.store.definitions.declare(
        DeclaredScopes(touchpoints=frozenset({"help"}), channels=frozenset({"chat", "phone"})), "test", NOW
    )
    gap = find_gap(house, scope="touchpoint:help", target="help")
    first = Millis(house.now() - 20 * DAY)
    gap = replace(gap, id="20260302-abcdef0123", since=_date(first), now=replace(gap.now, last=_date(house.now())))
    house.store.gaps.save(gap, based_on=None, by="test", now=house.now())
    position = house.store.partitions.position(Partition(0))
    effects = Effects(position.partition, position.next_offset, position.next_offset, position.epoch, first)
    random = np.random.default_rng(3)
    for group in range(32):
        for scope, mean, n in (
            ("touchpoint:help", 65, 30),
            ("touchpoint:help|channel:chat", 50, 10),
            ("touchpoint:help|channel:phone", 72.5, 20),
        ):
            counts: Counts = {"contact.n": n, "contact.f": round(100 * mean * n + random.normal(0, 10))}
            effects.cells[CellKey(gap.policy, scope, "day", Millis(first + DAY - first % DAY), group)] = counts
    texts = [("Il a fallu tout répéter", 500), ("Conseiller très aimable", 9_000), ("Rapide et clair", 9_500)]
    effects.verbatims = [
        Verbatim(Subject(f"p1_{i:026d}"), "survey", f"a{i}", Millis(first + i), "answer", "help", "chat", v, "fr", text)
        for i in range(comments)
        for text, v in [texts[i % 3]]
    ]
    inside = ("team", "s1", first, "staff_voice", "help", "chat", None, "fr", "On ne voit rien.")
    effects.verbatims.append(Verbatim(Subject(f"p1_{999:026d}"), *inside))
    house.store.checkpoint(effects)
    return begin(house, gap.id, "gap", "")


def _date(at: int) -> date:
    return datetime.fromtimestamp(at / 1_000, UTC).date()


def test_proposals_come_from_ledger_slices_comments_and_the_team(house: House) -> None:
    draft = measured(house)
    offered = {each.proposal.id: each.proposal for each in house.experiment_desk.proposals(draft.id)}
    assert [name for name in offered if name.startswith("ledger:")] == ["ledger:wait", "ledger:repeated_step"]
    chat = offered["slice:touchpoint:help|channel:chat"]
    # 320 of 960 contacts, 30 points short of 80 each: 10 of the 15 points.
    assert chat.points == pytest.approx(10.0, abs=0.1)
    assert chat.adds_up
    phone = offered["slice:touchpoint:help|channel:phone"]
    assert phone.points == pytest.approx(5.0, abs=0.1)
    themes = [each for each in offered.values() if each.kind == "verbatim"]
    assert any("répéter" in each.id for each in themes)
    assert not any(each.adds_up for each in themes)
    [voice] = [each for each in offered.values() if each.kind == "staff"]
    assert voice.statement == "“On ne voit rien.”"


def test_what_is_taken_up_is_evidence_of_its_kind_and_the_gate_counts_it(house: House) -> None:
    draft, desk, now = measured(house), house.experiment_desk, house.now()
    cause = "nobody sees the chat"
    with pytest.raises(Forbidden, match="only its author, Ana, may"):
        desk.weigh(draft.id, Weighing("ledger:repeated_step", True, cause), "Eve", now)
    for name in ("ledger:repeated_step", "slice:touchpoint:help|channel:chat"):
        desk.weigh(draft.id, Weighing(name, True, cause), "Ana", now)
    desk.weigh(draft.id, Weighing("ledger:wait", False, cause, "waits are alike on both channels"), "Ana", now)
    explained = desk.perform(draft.id, "explain", Given("Ana", Role.AUTHOR), now)
    assert explained.state is State.EXPLAINED
    [stated] = explained.plan.causes
    assert [(e.kind, e.reference) for e in stated.evidence] == [
        ("ledger", "ledger:repeated_step"),
        ("slice", "slice:touchpoint:help|channel:chat"),
    ]
    assert stated.rivals[0].reference == "ledger:wait"
    standing = {each.proposal.id: each.standing for each in desk.proposals(draft.id)}
    assert standing["ledger:wait"] == "rejected"
    assert standing["ledger:repeated_step"] == "accepted"
    assert standing["slice:touchpoint:help|channel:phone"] == ""


def adopted_on_c(house: House, gap_id: str) -> Experiment:
    """Keep an experiment of that gap, adopted on grade C evidence on day 40."""
    experiment = faithful(running())
    for at in (day(29), day(37)):
        experiment, _ = advance(experiment, seen_at(experiment, Truth(), at), at)
    assert experiment.verdict is not None
    weak = with_fields(
        experiment,
        origin=Origin("gap", gap_id),
        plan=with_fields(experiment.plan, expected=Expected("contact_score", "up", 5.0, day(42), "all")),
        plan_hash=None,
        verdict=with_fields(experiment.verdict, grade="C"),
    )
    decided = life.decide(weak, OWNER, day(40), "adopt", LEARNING)
    house.store.experiments.add(decided, day(40))
    return decided


def cells(house: House, start: Millis, mean: float) -> None:
    position = house.store.partitions.position(Partition(0))
    effects = Effects(position.partition, position.next_offset, position.next_offset, position.epoch, start)
    policy = house.definitions().active.version
    for group in range(32):
        total = round(20 * 100 * (mean + group % 4 - 1.5))
        counts: Counts = {"contact.n": 20, "contact.shown": total, "contact.f": total}
        effects.cells[CellKey(policy, "all", "day", start, group)] = counts
    house.store.checkpoint(effects)


def test_a_provisional_adoption_is_measured_again_after_60_days(house: House) -> None:
    experiment = adopted_on_c(house, "gone")
    cells(house, day(-5), 60.0)
    cells(house, day(95), 64.0)
    evaluator = house.experiment_evaluator
    assert evaluator.tick(day(99)) == 0
    assert evaluator.tick(day(100.5)) == 1
    seen = house.store.experiments.get(experiment.id).experiment
    assert seen.recheck is not None
    assert seen.recheck.measured is not None
    assert seen.recheck.measured.gain == pytest.approx(4.0)
    assert 0 < seen.recheck.measured.low < 4 < seen.recheck.measured.high
    assert "64.0 in the last 28 days against 60.0 before the action" in seen.recheck.words
    assert evaluator.tick(day(101)) == 0
    assert evaluator.tick(Millis(day(101) + PATIENCE)) == 1
    lapsed = house.store.experiments.get(experiment.id).experiment
    assert lapsed.recheck is not None
    assert (lapsed.recheck.outcome, lapsed.adopted) == ("lapsed", False)


def test_an_adoption_that_does_not_hold_gives_the_gap_back(house: House) -> None:
    gap = find_gap(house, state=GapState.IN_EXPERIMENT, experiment="e1")
    experiment = adopted_on_c(house, gap.id)
    desk = house.experiment_desk
    desk.act(experiment.id, lambda e: life.correct_label(e, AUTHOR, day(41), "x"), day(41))
    assert house.store.gaps.get(gap.id).gap.adopted is not None
    house.experiment_evaluator.tick(day(101))
    seen = house.store.experiments.get(experiment.id).experiment
    assert seen.recheck is not None
    assert seen.recheck.measured is None
    assert "too few customers" in seen.recheck.words
    why = "calls are long again"
    desk.act(experiment.id, lambda e: life.recheck(e, OWNER, day(102), "does not hold", why), day(102))
    given_back = house.store.gaps.get(gap.id).gap
    assert (given_back.state, given_back.adopted, given_back.experiment) == (GapState.CONFIRMED, None, None)


def test_what_can_be_measured_no_longer_is_void(house: House) -> None:
    house.store.definitions.declare(DeclaredScopes(channels=frozenset({"chat"})), "test", NOW)
    chat = started_in(house, _on(plan_in(house), "channel:chat"))
    assert house.experiment_evaluator.tick(house.now()) == 0
    house.store.definitions.declare(DeclaredScopes(), "test", house.now())
    assert house.experiment_evaluator.tick(house.now()) == 1
    voided = house.store.experiments.get(chat.id).experiment
    assert voided.state is State.VOID
    assert "its scope “channel:chat” is observed no longer" in voided.audit[-1].note


def test_a_scope_that_is_not_there_cannot_be_started_on(house: House) -> None:
    with pytest.raises(Forbidden, match="nothing is known of the scope “channel:fax”"):
        started_in(house, _on(plan_in(house), "channel:fax"))


def _on(plan: Plan, scope: str) -> Plan:
    assert plan.expected is not None
    return with_fields(plan, expected=with_fields(plan.expected, scope=scope))


def test_an_experiment_that_cannot_be_evaluated_holds_up_no_other(house: House) -> None:
    house.store.definitions.declare(DeclaredScopes(channels=frozenset({"chat"})), "test", NOW)
    sound = started_in(house, plan_in(house))
    lost = group_started("rollout")
    house.store.experiments.add(with_fields(lost, id="e0", started_at=NOW, salt="of its own", plan_hash=None), NOW)
    design = sound.plan.design
    assert design is not None
    policy = house.definitions().active.version
    known = house.store.experiments.get("e0")
    pinned = with_fields(lost.plan, design=with_fields(lost.plan.design, policy=policy))  # type: ignore[type-var]
    house.store.experiments.save(with_fields(known.experiment, plan=pinned), known.version, Millis(NOW + 10**9))
    over = Millis(design.end)
    with pytest.raises(InvalidInput, match="no scope is called so"):
        house.experiment_evaluator.tick(over)
    assert house.store.experiments.get(sound.id).experiment.state is State.MEASURING


def rollout_plan(house: House, names: tuple[str, ...]) -> Plan:
    """Return a complete plan of a roll-out over clusters of these names."""
    plan = plan_in(house)
    assert plan.design is not None
    layout = Rollout(names, waves=4)
    design = with_fields(
        plan.design, kind="rollout", layout=layout, stopping="fixed", end=Millis(house.now() + 60 * DAY)
    )
    watched = (Guardrail("journey_score", "up", 10.0),)
    due = Expected("contact_score", "up", 5.0, Millis(design.end + 9 * DAY), "all")
    return with_fields(plan, design=design, guardrails=watched, expected=due)


def test_a_rollout_over_sites_that_nothing_is_measured_of_does_not_start(house: House) -> None:
    sites = tuple(f"site{i:02}" for i in range(20))
    name = planned_in(house, rollout_plan(house, sites))
    reviewer = Given("Rui", Role.REVIEWER)
    with pytest.raises(Forbidden, match=r"cannot start .*cluster 'site00': no scope is called so.* and 17 more"):
        house.experiment_desk.perform(name, "start", reviewer, house.now())
    segments = frozenset(("site", site) for site in sites)
    house.store.definitions.declare(DeclaredScopes(segments=segments), "test", house.now())
    assert house.experiment_desk.perform(name, "start", reviewer, house.now()).state is State.RUNNING
    house.experiment_evaluator.tick(house.now())
