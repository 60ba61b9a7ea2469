"""Experiments over the API: the whole loop, the tables behind a verdict, the library; the gate holds everywhere."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from httpx import Client, Response
from msgspec.structs import replace

from experiments.ledger import Experiment, to_json
from experiments.steward import advance
from experiments.tables import NAMES
from models.identifiers import DAY
from streams.bootstrap import House
from streams.experiment_tables import UNITS
from tests.experiments import loops
from tests.web import houses
from tests.web.crawling import read, send
from tests.web.experiments import ARMS, plan_in, planned_in, started_in
from tests.web.houses import Clock

Json = dict[str, Any]
PAST: Json = {"mean": 70.0, "variance": 900.0, "units_per_day": 100.0}


def designed(plan: Json, **changes: object) -> Json:
    """Return the plan with parts of its design replaced."""
    return plan | {"design": plan["design"] | changes}


def told(answer: Response, status: int = 200) -> Json:
    assert answer.status_code == status, answer.text
    found: Json = answer.json()
    return found


def missing(answer: Response, says: str, status: int = 409) -> None:
    assert answer.status_code == status, answer.text
    assert says in answer.json()["detail"]


def test_the_whole_loop_goes_over_the_api(client: Client, house: House, clock: Clock) -> None:
    houses.find_gap(house)
    opening = {"title": "Show the chat", "author": "Ana", "reference": "20260301-abcdef0123"}
    other = client.post("/v1/experiments", json={**opening, "owner": "Olga"})
    missing(other, "the gap’s owner, Ada, will decide, not Olga")
    missing(client.post("/v1/experiments", json={**opening, "author": " "}), "say who you are")
    opened = told(client.post("/v1/experiments", json=opening), 201)
    assert (opened["owner"], opened["state"]) == ("Ada", "draft")
    here = f"/v1/experiments/{opened['id']}"

    def act(name: str, by: str, role: str, **given: object) -> Response:
        return client.post(f"{here}/acts/{name}", json={"by": by, "role": role, **given})

    missing(client.post("/v1/experiments", json=opening), f"already has {opened['id']}")
    missing(act("explain", "Ana", "author"), "no root cause is named")
    plan = msgspec.to_builtins(plan_in(house))
    revised = told(client.put(f"{here}/plan", params={"by": "Ana"}, json=plan))
    assert revised["plan"]["hypothesis"] == plan["hypothesis"]
    told(act("explain", "Ana", "author"))
    missing(act("plan", "Ana", "author"), "80 % or a reviewer's waiver is needed")
    told(act("waive-power", "Rui", "reviewer", note="a pilot"))
    told(act("plan", "Ana", "author"))
    missing(act("start", "Ana", "reviewer"), "the reviewer must be somebody else than the author")
    started = told(act("start", "Rui", "reviewer"))
    assert (started["state"], started["plan_hash"][:2]) == ("running", "2:")
    missing(client.put(f"{here}/plan", params={"by": "Ana"}, json=plan), "only possible when it is draft")
    told(act("add-guardrail", "Rui", "reviewer", metric="departure", direction="down", margin=0.1))
    told(act("correct-label", "Ana", "author", note="Show the chat on the phone desk"))
    told(act("record-fidelity", "Ana", "author", done=9, of=10))
    shown = told(client.get(here))
    assert shown["title"] == "Show the chat on the phone desk"
    assert shown["now"]["kind"] == "not yet"
    assert {"halt", "void", "record fidelity"} <= set(shown["offers"])
    with house.leading():
        for _ in range(6):
            clock.now += 7 * DAY
            house.experiment_evaluator.tick(house.now())
    assert told(client.get(here))["state"] == "evaluated"
    learnt = {"note": "Nobody met the arms in these weeks: show it first.", "next_idea": "Ring", "tags": ["phone"]}
    missing(act("decide", "Ana", "owner", choice="adapt", **learnt), "only its owner, Ada, may")
    decided = told(act("decide", "Ada", "owner", choice="adapt", **learnt))
    assert decided["learning"] == {"text": learnt["note"], "next_idea": "Ring", "tags": ["phone"]}
    child = told(act("iterate", "Ana", "author", note="Show it for real"))
    assert (child["iteration"], child["parent"], child["state"]) == (2, opened["id"], "draft")
    missing(act("iterate", "Ana", "author", note="Once more"), "already follows it")
    [card] = client.get("/v1/learnings", params={"words": "nobody arms", "action": "transcript"}).json()
    assert (card["experiment"], card["choice"], card["stands"]) == (opened["id"], "adapt", False)
    assert client.get("/v1/learnings", params={"cause": "wait"}).json() == []
    assert {each["id"] for each in client.get("/v1/experiments").json()} == {child["id"], opened["id"]}
    assert told(client.get("/v1/calibration"))["share"] is None


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda plan: plan | {"charm": 1}, "unknown field"),
        (lambda plan: plan | {"hypothesis": 7}, "Expected `str`"),
        (lambda plan: plan | {"worthwhile": 10**40}, "larger than any number|is no number"),
        (lambda plan: plan | {"expected": plan["expected"] | {"metric": "charm"}}, "is not known"),
        (lambda plan: plan | {"design": plan["design"] | {"end": -5}}, "no moment between 1970 and 2100"),
        (lambda plan: plan | {"design": plan["design"] | {"units": 10**30}}, "larger than any number"),
        (lambda plan: plan | {"hypothesis": "a\u0000b"}, "no text"),
        (lambda plan: designed(plan, arms=[]), "arms: the design needs two"),
        (lambda plan: designed(plan, arms=[{"name": "only"}]), "arms: the design needs two"),
        (lambda plan: designed(plan, arms=[{"name": "a", "weight": 0}, {"name": "b"}]), "weight from 1"),
        (lambda plan: designed(plan, arms=[{"name": "a", "weight": -1}, {"name": "b"}]), "weight from 1"),
        (lambda plan: designed(plan, baseline=PAST | {"variance": -5.0}), "cannot lie below zero"),
        (lambda plan: designed(plan, baseline=PAST | {"units_per_day": -1.0}), "cannot lie below zero"),
    ],
)
def test_a_plan_that_cannot_be_kept_is_refused_and_every_record_stays_readable(
    client: Client, house: House, spoil: Callable[[Json], Json], says: str
) -> None:
    opened = told(
        client.post(
            "/v1/experiments",
            json={"title": "t", "author": "Ana", "owner": "Olga", "origin": "opportunity", "reference": "lived"},
        ),
        201,
    )
    plan = msgspec.to_builtins(plan_in(house, design=replace(plan_in(house).design, baseline=None)))  # type: ignore[type-var]
    answer = client.put(f"/v1/experiments/{opened['id']}/plan", params={"by": "Ana"}, json=spoil(plan))
    assert answer.status_code in {400, 409}
    assert any(word in answer.text for word in says.split("|")), answer.text
    assert client.get("/experiments").status_code == 200
    assert told(client.get(f"/v1/experiments/{opened['id']}"))["plan"]["hypothesis"] == ""


def test_what_is_no_plan_at_all_is_refused_in_words(client: Client, house: House) -> None:
    here = f"/v1/experiments/{houses.draft_on(house, houses.find_gap(house))}/plan"
    json_type = {"content-type": "application/json"}
    missing(client.put(here, params={"by": "Ana"}, content=b"{oops", headers=json_type), "body: it is no JSON", 400)
    missing(client.put(here, params={"by": "Ana"}, json=[1]), "body: ", 400)


def test_an_author_in_other_letters_is_no_reviewer(client: Client, house: House) -> None:
    here = f"/v1/experiments/{planned_in(house, plan_in(house))}/acts/start"
    for name in ("Ana", "ana", "ANA", " Ana "):
        missing(client.post(here, json={"by": name, "role": "reviewer"}), "somebody else than the author")
    told(client.post(here, json={"by": "Anaïs", "role": "reviewer"}))


def evaluated(house: House) -> Experiment:
    """Keep an experiment with two thousand units, evaluated."""
    experiment = loops.faithful(loops.running())
    house.store.experiments.add(experiment, house.now())
    position = house.store.partitions.positions()[0]  # type: ignore[index]
    effects = houses.effects_at(position, loops.units_of(loops.Truth()))
    house.store.checkpoint(effects)
    for at in (loops.day(29), loops.day(37)):
        experiment, _ = advance(experiment, loops.seen_at(experiment, loops.Truth(), at), at)
    kept = house.store.experiments.get(experiment.id)
    house.store.experiments.save(experiment, kept.version, house.now())
    return experiment


def rows(answer: Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_every_table_behind_a_verdict_can_be_checked(client: Client, house: House, clock: Clock) -> None:
    experiment = evaluated(house)
    clock.now = loops.day(40)
    here = f"/v1/experiments/{experiment.id}/tables"
    every = told(client.get(here))
    assert tuple(every) == NAMES
    for name in NAMES:
        listed = client.get(f"{here}/{name}.json").json()
        assert listed == every[name]
        assert len(rows(client.get(f"{here}/{name}.csv"))) == len(listed)
    verdict, behind = experiment.verdict, experiment.conclusion
    assert verdict is not None
    assert behind is not None
    [effect] = [row for row in every["effects"] if row["of"] == "expected"]
    assert effect["effect"] == pytest.approx(behind.estimate, rel=1e-9)
    assert effect["standard_error"] == pytest.approx(behind.standard_error, rel=1e-9)
    assert every["verdict"][0]["verdict"] == verdict.kind.value
    arms = {row["arm"]: row for row in every["arms"]}
    assert sum(row["mature"] for row in arms.values()) == 2_000
    looks = every["looks"]
    assert [row["mature"] for row in looks] == sorted(row["mature"] for row in looks)
    assert looks[-1]["estimate"] == pytest.approx(behind.estimate, rel=1e-9)
    assert looks[0]["verdict"] == "not yet"
    # From the units alone, with nothing of ours: the treated arm's mean of the guardrail.
    units = rows(client.get(f"{here}/{UNITS}.csv"))
    assert len(units) == 2_000
    treated = [unit for unit in units if unit["arm"] == "history_shown"]
    contacts = sum(int(unit["guardrails"].partition("=")[2].partition("/")[0]) for unit in treated) / len(treated)
    cohorts = [row for row in every["cohorts"] if row["arm"] == "history_shown" and row["column"] == "contacts.total"]
    assert sum(row["mean"] * row["units"] for row in cohorts) / len(treated) == pytest.approx(contacts)
    for wrong in ("nothing.csv", "arms", "arms.xml", "units.json"):
        assert client.get(f"{here}/{wrong}").status_code == 404


def test_a_broken_ratio_hides_the_levels_in_the_tables_too(client: Client, house: House, clock: Clock) -> None:
    experiment = started_in(house)
    start = experiment.started_at
    assert start is not None
    units = [
        loops.with_unit(u, experiment.id, ARMS[0 if i % 5 else 1], start + i)
        for i, u in enumerate(loops.units_of(loops.Truth()))
    ]
    house.store.checkpoint(houses.effects_at(house.store.partitions.positions()[0], units))  # type: ignore[index]
    clock.now += 9 * DAY
    with house.leading():
        house.experiment_evaluator.tick(house.now())
    every = told(client.get(f"/v1/experiments/{experiment.id}/tables"))
    assert [row["level"] for row in every["arms"]] == [None, None]
    assert every["effects"] == every["covariances"] == []
    assert {row["mean"] for row in every["cohorts"]} == {None}
    text = read(client, f"/experiments/{experiment.id}").text
    assert "The sample ratio broke" in text
    assert "Without an explanation by" in text
    explain = read(client, f"/experiments/{experiment.id}").form_to("/explain-imbalance")
    assert send(client, explain, by="Eve", note="a robot asked for arms").status_code == 303
    assert "a robot asked for arms" in read(client, f"/experiments/{experiment.id}").text


def test_words_that_look_like_formulas_stay_words(client: Client, house: House) -> None:
    experiment = started_in(house)
    answer = client.post(
        f"/v1/experiments/{experiment.id}/acts/correct-label",
        json={"by": "Ana", "role": "author", "note": "=HYPERLINK(1)"},
    )
    told(answer)
    audit = rows(client.get(f"/v1/experiments/{experiment.id}/tables/audit.csv"))
    assert audit[-1]["note"] == "'=HYPERLINK(1)"
    listed = client.get(f"/v1/experiments/{experiment.id}/tables/audit.json").json()
    assert listed[-1]["note"] == "=HYPERLINK(1)"


def test_proposals_are_weighed_over_the_api(client: Client, house: House) -> None:
    here = f"/v1/experiments/{houses.draft_on(house, houses.find_gap(house))}/causes"
    offered = client.get(here).json()
    assert [each["id"] for each in offered] == ["ledger:wait", "ledger:repeated_step"]
    assert "21.00 of the 38.50 points" in offered[0]["statement"]
    taken = {"by": "Ana", "accept": True, "statement": "nobody sees the chat"}
    record = told(client.post(f"{here}/ledger:repeated_step", json=taken))
    [cause] = record["plan"]["causes"]
    assert (cause["statement"], cause["cause"]) == ("nobody sees the chat", "repeated_step")
    assert cause["evidence"][0]["reference"] == "ledger:repeated_step"
    turned = {"by": "Ana", "accept": False, "because": "waits are the same on all days"}
    told(client.post(f"{here}/ledger:wait", json=turned))
    assert {each["id"]: each["standing"] for each in client.get(here).json()} == {
        "ledger:wait": "rejected",
        "ledger:repeated_step": "accepted",
    }
    missing(client.post(f"{here}/ledger:charm", json=taken), "nothing is proposed under that name", 404)
    missing(client.post(f"{here}/ledger:wait", json=turned | {"because": ""}), "why this explanation", 400)
    missing(client.post(f"{here}/ledger:wait", json=taken | {"by": "Eve"}), "only its author, Ana, may")


def test_the_api_answers_what_the_record_says(client: Client, house: House) -> None:
    experiment = started_in(house)
    shown = told(client.get(f"/v1/experiments/{experiment.id}"))
    kept = json.loads(to_json(house.store.experiments.get(experiment.id).experiment))
    assert {name: shown[name] for name in kept} == kept
    assert client.get("/v1/experiments/nowhere").status_code == 404
    missing(
        client.post(f"/v1/experiments/{experiment.id}/acts/charm", json={"by": "x", "role": "anyone"}),
        "is not known",
        404,
    )
    system = client.post(f"/v1/experiments/{experiment.id}/acts/conclude", json={"by": "x", "role": "system"})
    assert system.status_code in {400, 404}
