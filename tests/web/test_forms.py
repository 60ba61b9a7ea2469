"""What people do on the pages: each form works as a browser sends it, each refusal is a page saying what is missing."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from httpx import Client, Response
from msgspec.structs import replace

from demo import story
from experiments import life_cycle
from experiments.design import Arm, Baseline, DesignKind
from experiments.designs import Switchback
from experiments.ledger import Experiment
from experiments.measures import MEASURES
from experiments.plan import Guardrail, Mechanism
from experiments.spending import Stopping
from experiments.states import Actor, Role, State
from experiments.steward import advance
from models.gaps.gap import State as GapState
from models.identifiers import DAY, HOUR, Millis
from streams.bootstrap import House
from streams.experiment_baseline import with_baseline
from tests.experiments import group_loops, loops
from tests.web import houses
from tests.web.crawling import Page, read, send
from tests.web.experiments import plan_in
from tests.web.houses import Clock

GAP = "/gaps/20260301-abcdef0123"


def refused(answer: Response, status: int, says: str) -> None:
    assert answer.status_code == status, answer.text
    assert "text/html" in answer.headers["content-type"]
    page = Page(answer.text)
    assert says in page.text
    assert "Nothing was changed" in page.text


def done(answer: Response) -> str:
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def test_a_course_and_its_target_are_set_and_withdrawn(client: Client, house: House) -> None:
    house.settle()
    page = read(client, "/targets")
    assert done(send(client, page.form_to("/courses"), course_id="known", sentence="They knew me.", owner="Ada"))
    page = read(client, "/targets")
    form = page.form_to("/targets")
    assert form.fields["course"] == "known"
    path = {"start_value": 70, "end_value": 80, "start": "2026-03-01", "end": "2026-06-30", "owner": "Ada"}
    assert done(send(client, form, id="calm", **path)) == "/targets"
    page = read(client, "/targets")
    assert "They knew me." in page.text
    assert [target.id for target in house.store.courses.targets()] == ["calm"]
    assert done(send(client, page.form_to("/withdraw")))
    assert not house.store.courses.targets()


def test_a_target_that_cannot_be_is_refused_with_every_fault(client: Client, house: House) -> None:
    houses.set_course(house)
    form = read(client, "/targets").form_to("/targets")
    path = {"start_value": 70, "end_value": 180, "start": "2026-03-01", "end": "2026-01-01", "owner": "Ada"}
    answer = send(client, form, id="calm2", **{**path, "scope": "chanel:phone"})
    refused(answer, 400, "not a declared scope")
    refused(answer, 400, "outside 0 to 100")
    refused(answer, 400, "not after the start")
    refused(send(client, form, id="Not A Slug", **path), 400, "id:")
    refused(send(client, form, id="x", **{**path, "end": "someday"}), 400, "end:")
    refused(send(client, form, id="x", **{**path, "start_value": "nan", "end_value": 80}), 400, "start_value")
    assert len(house.store.courses.targets()) == 2


def test_a_gap_is_accepted_until_a_day_and_not_for_ever(client: Client, house: House) -> None:
    houses.find_gap(house)
    form = read(client, GAP).form_to("/accept")
    reason = {"owner": "Olga", "reason": "The carrier changes in May."}
    refused(send(client, form, until="2027-03-01", **reason), 409, "up to 2026-05-31")
    refused(send(client, form, until="2026-04-01", owner="Olga", reason=" "), 409, "reason")
    assert done(send(client, form, until="2026-04-01", **reason)) == GAP
    assert house.store.gaps.get(GAP.rpartition("/")[2]).gap.state is GapState.ACCEPTED
    page = read(client, GAP).text
    assert "Accepted by Olga until 2026-04-01" in page
    assert "It is still counted" in page


def test_a_call_that_is_taken_leaves_the_list_and_the_customers_page_says_who(client: Client, house: House) -> None:
    houses.tell_story(house)
    form = read(client, "/rescues").form_to("/take")
    assert done(send(client, form, by="Nadia")) == "/rescues"
    assert "I call" not in read(client, "/rescues").text
    assert "taken by Nadia" in read(client, f"/customers/{story.subject()}").text


STATED = "The technician cannot see the chat."
EVIDENCE = {"statement": STATED, "cause": "repeated_step", "kind": "staff", "says": "We cannot see what was written."}
SEEN = {"statement": STATED, "kind": "observation", "says": "We opened a chat and were asked twice."}
RIVAL = {"rival": "New staff", "because": "No difference between agents."}
PLAN = {
    "hypothesis": "Who sees the chat asks less.",
    "steps": "Show the transcript.\nName what was tried.",
    "fidelity": "Ten calls a week are listened to.",
    "end": "2026-03-30",
    "units": 200,
}


class Loop:
    """An experiment on the pages: reads its page, sends its forms."""

    def __init__(self, client: Client, house: House, address: str) -> None:
        self.client = client
        self.house = house
        self.address = address

    def stands(self) -> State:
        """Return where it stands."""
        return self.house.store.experiments.get(self.address.rpartition("/")[2]).experiment.state

    def page(self) -> Page:
        """Return its page as it is now."""
        return read(self.client, self.address)

    def send(self, act: str, **fields: object) -> Response:
        """Send the form of ``act`` from its page."""
        return send(self.client, self.page().form_to(act), **fields)

    def explain_it(self) -> None:
        """State a root cause with what it needs."""
        done(self.send("/evidence", **EVIDENCE))
        done(self.send("/evidence", **SEEN))
        done(self.send("/rivals", **RIVAL))


def test_the_whole_loop_goes_through_the_forms_and_the_gate_holds_at_each_step(
    client: Client, house: House, clock: Clock
) -> None:
    houses.find_gap(house)
    opened = send(client, read(client, GAP).form_to("/experiments"), title="Show the chat", author="Ana")
    loop = Loop(client, house, done(opened))
    refused(loop.send("/explain"), 409, "no root cause is named")
    loop.explain_it()
    refused(send(client, loop.page().form_to("/explain"), by="Eve"), 409, "only its author, Ana, may")
    done(loop.send("/explain"))
    assert loop.stands() is State.EXPLAINED
    refused(loop.send("/plan"), 409, "no hypothesis")
    done(loop.send("/plan-form", **PLAN))
    refused(loop.send("/plan"), 409, "power cannot be computed")
    refused(loop.send("/waive-power", by="Ana", note="no history"), 409, "somebody else than the author")
    done(loop.send("/waive-power", by="Rui", note="no history yet"))
    done(loop.send("/plan"))
    assert loop.stands() is State.PLANNED
    done(loop.send("/start", by="Rui"))
    assert loop.stands() is State.RUNNING
    assert "frozen" in loop.page().text
    assert house.store.gaps.get(GAP.rpartition("/")[2]).gap.state is GapState.IN_EXPERIMENT
    done(loop.send("/record-fidelity", by="Ana", done=9, of=10))
    _let_pass(house, clock)
    assert loop.stands() is State.EVALUATED
    assert "Verdict" in loop.page().text
    assert re.search(r"Show the chat.*Ada decides", read(client, "/").text, re.DOTALL)
    refused(loop.send("/decide", by="Ada", note="Fine.", choice="adopt"), 409, "cannot decide")
    learnt = "Nobody met the arms: the transcript was never shown to a customer in these weeks."
    done(loop.send("/decide", by="Ada", note=learnt, choice="adapt"))
    assert loop.stands() is State.DECIDED
    child = Loop(client, house, done(loop.send("/iterate", by="Ana", note="Show it for real")))
    assert child.address != loop.address
    assert child.stands() is State.DRAFT
    assert "Iteration 2" in child.page().text
    assert "Show it for real" in loop.page().text


def test_what_an_act_rests_on_is_read_where_it_must_be(
    client: Client, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """History is long to read and is read before the transaction; which others are live is read within the start's."""
    inside: list[bool] = []
    seen: dict[str, bool] = {}
    transaction = house.store.transaction

    @contextmanager
    def noting() -> Iterator[None]:
        with transaction():
            inside.append(True)
            try:
                yield
            finally:
                inside.pop()

    def told(name: str, found: Callable[..., Any]) -> Callable[..., Any]:
        def asked(*given: object, **named: object) -> object:
            seen.setdefault(name, bool(inside))
            return found(*given, **named)

        return asked

    address = f"/experiments/{houses.draft_on(house, houses.find_gap(house))}"
    loop = Loop(client, house, address)
    monkeypatch.setattr(house.store, "transaction", noting)
    monkeypatch.setattr("streams.experiment_desk.with_baseline", told("history", with_baseline))
    loop.explain_it()
    done(loop.send("/plan-form", **PLAN))
    done(loop.send("/explain"))
    done(loop.send("/waive-power", by="Rui", note="no history yet"))
    done(loop.send("/plan"))
    monkeypatch.setattr(house.store.experiments, "all", told("others", house.store.experiments.all))
    house.experiment_desk.start(address.rpartition("/")[2], Actor("Rui", Role.REVIEWER), house.now())
    assert loop.stands() is State.RUNNING
    assert seen == {"history": False, "others": True}


@pytest.mark.parametrize(
    ("stopping", "says"), [("fixed", "good for that one look"), ("spending", "its spending rule pays for every look")]
)
def test_a_final_verdicts_interval_is_not_said_to_be_more_than_it_is(
    client: Client, house: House, stopping: Stopping, says: str
) -> None:
    experiment = loops.faithful(loops.running(stopping))
    for at in (loops.day(14), loops.day(29), loops.day(37)):
        experiment, _ = advance(experiment, loops.seen_at(experiment, loops.Truth(gain=0.0), at), at)
    house.store.experiments.add(experiment, house.now())
    text = read(client, f"/experiments/{experiment.id}").text
    assert says in text
    assert "however often anybody looks" not in text


def _let_pass(house: House, clock: Clock) -> None:
    """Let the enrolment and the outcome window pass, looking every week, as the system does by itself."""
    with house.leading():
        for _ in range(8):
            clock.now += 7 * DAY
            house.experiment_evaluator.tick(house.now())


def test_an_act_nobody_knows_and_the_systems_own_role_are_refused(client: Client, house: House) -> None:
    address = f"/experiments/{houses.draft_on(house, houses.find_gap(house))}"
    html = {"accept": "text/html"}
    ana = {"by": "Ana", "role": "author"}
    refused(client.post(f"{address}/acts/conclude", data=ana, headers=html), 404, "is not known")
    refused(client.post(f"{address}/acts/void", data={**ana, "role": "system"}, headers=html), 400, "acts by itself")
    refused(client.post(f"{address}/acts/explain", data={"by": ""}, headers=html), 400, "by:")


def test_two_people_changing_one_gap_is_a_conflict_and_no_failure(client: Client, house: House) -> None:
    gap = houses.find_gap(house)
    form = read(client, GAP).form_to("/accept")
    accepted = {"owner": "Olga", "reason": "in May", "until": "2026-04-01"}
    done(send(client, form, **accepted))
    answer = send(client, form, **{**accepted, "owner": "Otto"})
    assert answer.status_code in {303, 400, 409}
    assert house.store.gaps.get(gap.id).gap.open


def test_a_form_from_another_site_changes_nothing(client: Client, house: House) -> None:
    data = {"course_id": "evil", "sentence": "x", "owner": "Eve"}
    for headers in (
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ):
        answer = client.post("/courses", data=data, headers=headers)
        assert answer.status_code == 403
        assert answer.json()["remedy"]
    assert not house.store.courses.all()
    assert client.post("/courses", data=data, headers={"origin": "http://127.0.0.1"}).status_code == 303
    assert client.post("/courses", data=data).status_code == 303


def test_a_proposal_is_taken_up_or_rejected_on_the_page(client: Client, house: House) -> None:
    loop = Loop(client, house, f"/experiments/{houses.draft_on(house, houses.find_gap(house))}")
    forms = [form for form in loop.page().forms if form.action.endswith("/proposals")]
    assert [form.fields["proposal"] for form in forms] == ["ledger:wait", "ledger:repeated_step"]
    refused(send(client, forms[1], verdict="accept"), 400, "which root cause this is evidence for")
    done(send(client, forms[1], verdict="accept", statement=STATED))
    refused(send(client, forms[0], verdict="reject", statement=STATED), 400, "why this explanation was rejected")
    done(send(client, forms[0], verdict="reject", statement=STATED, because="Waits are alike everywhere."))
    text = loop.page().text
    assert "because Waits are alike everywhere." in text
    assert not [form for form in loop.page().forms if form.action.endswith("/proposals")]
    done(loop.send("/evidence", **SEEN))
    done(loop.send("/explain"))
    assert loop.stands() is State.EXPLAINED
    refused(loop.send("/causes/remove"), 409, "no root cause is named")
    refused(loop.send("/evidence", **{**SEEN, "cause": "charm"}), 400, "'charm' is none of the ledger’s")


def test_a_walkthrough_becomes_an_experiment(client: Client) -> None:
    record = read(client, "/experiments/opportunities").form_to("/experiments/opportunities")
    lived = {"author": "Ana", "touchpoint": "help", "channel": "chat", "text": "Asked twice to restart the box."}
    refused(send(client, record, **lived, rating=11), 400, "outside 0 to 10")
    for name in ("author", "text"):
        refused(send(client, record, **{**lived, name: " "}), 400, f"{name}: it is empty")
    assert done(send(client, record, **lived, rating=2)) == "/experiments/opportunities"
    page = read(client, "/experiments/opportunities")
    assert "2.0 of 10" in page.text
    address = done(send(client, page.form_to("/experiments"), title="Show the chat", author="Ana", owner="Olga"))
    text = read(client, address).text
    assert "an opportunity: Asked twice to restart the box." in text
    assert "“Asked twice to restart the box.”" in text
    assert "Show the chat" in read(client, "/experiments/opportunities").text


def test_layers_ramps_and_holdouts_are_planned_on_the_page(client: Client, house: House) -> None:
    loop = Loop(client, house, f"/experiments/{houses.draft_on(house, houses.find_gap(house))}")
    shared = {"layer": "help", "first": 100, "slots": 300, "holdout": 20, "worthwhile": 3, "treated_percent": 25}
    refused(
        loop.send("/plan-form", **PLAN, **shared, ramp="tomorrow 5"), 400, "is no step; write a day and thousandths"
    )
    refused(loop.send("/plan-form", **PLAN, **{**shared, "worthwhile": "much"}), 400, "is no number")
    done(loop.send("/plan-form", **PLAN, **shared, ramp="2026-03-02 50\n2026-03-09 1000"))
    plan = house.store.experiments.get(loop.address.rpartition("/")[2]).experiment.plan
    assert (plan.allocation.layer, plan.allocation.first, plan.allocation.slots) == ("help", 100, 300)
    assert [step.permille for step in plan.allocation.ramp] == [50, 1000]
    assert plan.delta == 3.0
    assert plan.design is not None
    assert plan.design.shares == (0.75, 0.25)
    text = loop.page().text
    assert "Slots 100 to 399 of layer “help”" in text
    again = loop.page().form_to("/plan-form")
    assert (again.fields["treated_percent"], again.fields["slots"]) == ("25", "300")
    assert again.fields["ramp"].split() == ["2026-03-02", "50", "2026-03-09", "1000"]


def test_the_library_is_searched_on_its_page(client: Client, house: House) -> None:
    assert "Nothing is decided yet" in read(client, "/experiments/library").text
    experiment = loops.faithful(loops.running())
    for at in (loops.day(29), loops.day(37)):
        experiment, _ = advance(experiment, loops.seen_at(experiment, loops.Truth(), at), at)
    experiment = life_cycle.decide(experiment, loops.OWNER, loops.day(38), "adopt", loops.LEARNING)
    house.store.experiments.add(experiment, house.now())
    found = read(client, "/experiments/library?words=repeated&scope=all&cause=context_lost&action=transcript").text
    assert loops.LEARNING.text in found
    assert "1 adopted of 1 evaluated" in found
    assert "Journey score of everything:" in found
    assert "Nothing decided so far matches" in read(client, "/experiments/library?words=refund").text


def experiment_of(loop: Loop) -> Experiment:
    return loop.house.store.experiments.get(loop.address.rpartition("/")[2]).experiment


def test_a_plan_without_an_end_is_refused_and_what_was_planned_stays(client: Client, house: House) -> None:
    loop = Loop(client, house, f"/experiments/{houses.draft_on(house, houses.find_gap(house))}")
    done(loop.send("/plan-form", **PLAN))
    planned = experiment_of(loop).plan
    refused(loop.send("/plan-form", **{**PLAN, "end": ""}), 400, "say until when customers enrol")
    refused(loop.send("/plan-form", **{**PLAN, "end": "9999-12-31"}), 400, "does not lie between 1970 and 2100")
    assert experiment_of(loop).plan == planned


def test_the_form_leaves_as_it_is_what_it_cannot_enter(client: Client, house: House) -> None:
    loop = Loop(client, house, f"/experiments/{houses.draft_on(house, houses.find_gap(house))}")
    before = plan_in(house)
    assert before.design is not None
    layout = Switchback(Millis(6 * HOUR))
    design = replace(
        before.design, kind="switchback", layout=layout, window=Millis(5 * HOUR), arms=(Arm("a"), Arm("b"))
    )
    more = (*before.guardrails, Guardrail("departure", "down", 0.1))
    mechanism = Mechanism("loss.repeated_step", "down", "fewer steps are done again")
    richer = replace(before, design=design, guardrails=more, mechanism=mechanism)
    house.experiment_desk.revise(experiment_of(loop).id, richer, "Ana", house.now())
    done(loop.send("/plan-form", hypothesis="another one"))
    after = experiment_of(loop).plan
    assert after.hypothesis == "another one"
    assert after.design is not None
    assert replace(after.design, policy=design.policy, rehearsal=None) == design
    unchanged = {"hypothesis": before.hypothesis, "design": design}
    assert replace(after, **unchanged) == richer


def test_a_baseline_is_not_carried_over_to_another_metric(client: Client, house: House) -> None:
    loop = Loop(client, house, f"/experiments/{houses.draft_on(house, houses.find_gap(house))}")
    done(loop.send("/plan-form", **PLAN))
    brought = Baseline(70.0, 900.0, 100.0)
    plan = experiment_of(loop).plan
    assert plan.design is not None
    given = replace(plan, design=replace(plan.design, baseline=brought))
    house.experiment_desk.revise(experiment_of(loop).id, given, "Ana", house.now())

    def known() -> Baseline | None:
        design = experiment_of(loop).plan.design
        return None if design is None else design.baseline

    done(loop.send("/plan-form", hypothesis="another one"))
    assert known() == brought
    done(loop.send("/plan-form", metric="contact_score"))
    assert known() != brought


def finished(gain: float) -> Experiment:
    """Return an experiment evaluated after an action that gained so many points."""
    experiment, truth = loops.faithful(loops.running()), loops.Truth(gain=gain)
    for at in (loops.day(29), loops.day(37)):
        experiment, _ = advance(experiment, loops.seen_at(experiment, truth, at), at)
    return experiment


@pytest.mark.parametrize(("gain", "choices"), [(5.0, ["adopt", "adapt", "abandon"]), (0.0, ["adapt", "abandon"])])
def test_only_what_the_verdict_allows_is_offered_to_decide(
    client: Client, house: House, gain: float, choices: list[str]
) -> None:
    experiment = finished(gain)
    house.store.experiments.add(experiment, house.now())
    html = client.get(f"/experiments/{experiment.id}").text
    offered = html.partition('<select name="choice">')[2].partition("</select>")[0]
    assert re.findall('value="([a-z]+)"', offered) == choices
    assert ("It cannot be adopted: the verdict is" in html) is (gain == 0.0)


def test_a_page_names_other_experiments_by_their_titles_and_says_why_one_ended(client: Client, house: House) -> None:
    void = life_cycle.void(loops.running(), loops.REVIEWER, loops.day(5), "the tool was never switched on")
    named = life_cycle.Successor("e2", "once more", "salt-2")
    void, again = life_cycle.retry(void, loops.AUTHOR, loops.day(6), named)
    for each in (void, again):
        house.store.experiments.add(each, house.now())
    assert (
        "Void on 2027-01-20 00:00 by rui: the tool was never switched on"
        in read(client, f"/experiments/{void.id}").text
    )
    page = client.get(f"/experiments/{again.id}").text
    assert f'again after <a href="/experiments/{void.id}">{void.title}</a>' in page


def test_the_page_of_an_experiment_that_cannot_be_evaluated_opens_and_says_why(client: Client, house: House) -> None:
    experiment = group_loops.started("rollout")
    house.store.experiments.add(experiment, house.now())
    text = read(client, f"/experiments/{experiment.id}").text
    assert "It cannot be evaluated now. cluster 'site 00': no scope is called so" in text
    assert read(client, f"/experiments/{experiment.id}").form_to("/halt")
    shown = client.get(f"/v1/experiments/{experiment.id}").json()
    assert (shown["now"], shown["fault"].partition(":")[0]) == (None, "cluster 'site 00'")


def test_every_metric_of_a_plan_has_a_name_for_people(client: Client, house: House) -> None:
    page = client.get(f"/experiments/{houses.draft_on(house, houses.find_gap(house))}").text
    offered = page.partition('<select name="metric">')[2].partition("</select>")[0]
    names = dict(re.findall('value="([a-z_.]+)"(?: selected)?>([^<]+)<', offered))
    assert set(names) == set(MEASURES)
    assert (names["nps"], names["contacts"]) == ("NPS", "contacts per customer")
    assert not [name for metric, name in names.items() if name == metric]


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("cluster", "whole sites randomised, grade B"),
        ("cluster", "Of 20 sites: site 00, site 01"),
        ("switchback", "Periods of 24 h in north, south."),
        ("rollout", "5 waves, 14 days apart, of 20 sites: site 00"),
        ("before_after", "112 days before are looked at"),
        ("before_after", "enrolled until 2027-03-11"),
    ],
)
def test_a_design_says_what_is_randomised_and_its_last_day(
    client: Client, house: House, kind: DesignKind, says: str
) -> None:
    experiment = group_loops.started(kind)
    house.store.experiments.add(experiment, house.now())
    assert says in read(client, f"/experiments/{experiment.id}").text
