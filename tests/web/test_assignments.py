"""``/v1/assignments``: the same arm however one asks, a customer's own id kept nowhere, exposures recorded once."""

import pytest
from httpx import Client

from experiments.assignment import arm_of
from experiments.design import Design
from experiments.ledger import Experiment
from experiments.states import Role
from models.errors import Forbidden
from models.identifiers import DAY, MINUTE, Millis
from models.pseudonyms import pseudonym
from streams.bootstrap import House
from streams.experiment_acts import Given
from tests.web.experiments import ARMS, in_layer, started_in
from tests.web.houses import Clock, collect, encoded, event

RAW = "customer-4711@example.org"


@pytest.fixture
def running(house: House) -> Experiment:
    return started_in(house)


def ask(client: Client, experiment: Experiment, **asked: str) -> dict[str, object]:
    answer = client.get("/v1/assignments", params={"experiment": experiment.id, **asked})
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    found: dict[str, object] = answer.json()
    return found


def design_of(experiment: Experiment) -> Design:
    assert experiment.plan.design is not None
    return experiment.plan.design


def test_every_way_of_asking_gives_the_documented_arm(client: Client, house: House, running: Experiment) -> None:
    for number in range(20):
        raw = f"customer-{number}"
        unit = pseudonym(raw, house.key)
        by_unit, by_customer = ask(client, running, unit=unit), ask(client, running, customer=raw)
        posted = client.post("/v1/assignments", json={"experiment": running.id, "customer": raw}).json()
        assert by_unit == by_customer == posted
        assert by_unit == {
            "experiment": running.id,
            "unit": unit,
            "arm": arm_of(running.salt, unit, design_of(running).weights),
            "enrolled": True,
            "why": "takes part",
            "exposed": False,
        }


def test_an_exposure_is_recorded_when_asked_and_only_once(
    client: Client, house: House, running: Experiment, clock: Clock
) -> None:
    first = ask(client, running, customer=RAW, expose="true")
    assert first["exposed"]
    clock.now += MINUTE
    again = ask(client, running, customer=RAW, expose="true")
    assert again == first
    house.settle()
    [unit] = house.store.units.rows(running.id)
    assert (unit.subject, unit.arm, unit.exposed_at) == (first["unit"], first["arm"], clock.now - MINUTE)
    clock.now += MINUTE
    assert ask(client, running, customer=RAW) == first | {"why": "in already"}
    assert ask(client, running, customer=RAW, expose="true")["exposed"]
    house.settle()
    assert house.store.units.rows(running.id) == [unit]
    assert house.store.partitions.counters().dead_letters == 0


def test_a_customers_own_id_is_kept_nowhere(client: Client, house: House, running: Experiment) -> None:
    ask(client, running, customer=RAW, expose="true")
    house.settle()
    for file in house.settings.data.rglob("*"):
        if file.is_file():
            assert RAW.encode() not in file.read_bytes(), file


def test_whoever_met_an_arm_keeps_it_through_a_pause_and_until_windows_close_but_not_after_a_halt(
    client: Client, house: House, running: Experiment, clock: Clock
) -> None:
    treated = next(f"c{i}" for i in range(99) if ask(client, running, customer=f"c{i}")["arm"] == ARMS[1])
    ask(client, running, customer=treated, expose="true")
    house.settle()
    late = design_of(running).end + DAY
    clock.now = late
    with house.leading():
        house.experiment_evaluator.tick(Millis(late))
    assert ask(client, running, customer=treated)["arm"] == ARMS[1]
    fresh = ask(client, running, customer="somebody new")
    assert (fresh["arm"], fresh["enrolled"], fresh["why"]) == (ARMS[0], False, "the experiment is measuring")


def test_after_a_halt_everybody_is_served_as_the_control(client: Client, house: House, running: Experiment) -> None:
    treated = next(f"c{i}" for i in range(99) if ask(client, running, customer=f"c{i}")["arm"] == ARMS[1])
    ask(client, running, customer=treated, expose="true")
    house.settle()
    house.experiment_desk.perform(running.id, "halt", Given("Eve", Role.ANYONE, "complaints"), house.now())
    found = ask(client, running, customer=treated)
    assert (found["arm"], found["enrolled"], found["why"]) == (ARMS[0], False, "the experiment is halted")


def test_two_experiments_of_one_layer_share_the_customers(client: Client, house: House) -> None:
    left, right = in_layer(house, 0, 500, "one"), in_layer(house, 500, 500, "two")
    for number in range(40):
        enrolled = [ask(client, each, customer=f"c{number}")["enrolled"] is True for each in (left, right)]
        assert sorted(enrolled) == [False, True]
    with pytest.raises(Forbidden, match="has the slots 0 to 499 of layer “help”"):
        in_layer(house, 400, 50, "three")


@pytest.mark.parametrize(
    ("asked", "status", "says"),
    [
        ({}, 400, "give either unit, a pseudonym of ours, or customer"),
        ({"unit": "p1_" + "a" * 32, "customer": "x"}, 400, "give either unit"),
        ({"unit": "jane@example.org"}, 400, "no pseudonym of ours"),
        ({"customer": " "}, 400, "it is empty"),
        ({"unit": "p1_" + "a" * 32, "experiment": "nowhere"}, 404, "there is none of that id"),
        ({"unit": ""}, 400, "unit"),
        ({"unit": "p1_" + "a" * 32, "charm": "1"}, 400, "charm"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused_in_words(
    client: Client, running: Experiment, asked: dict[str, str], status: int, says: str
) -> None:
    answer = client.get("/v1/assignments", params={"experiment": running.id, **asked})
    assert answer.status_code == status, answer.text
    assert says in answer.text


def test_once_there_is_a_key_the_door_asks_for_it(client: Client, house: House, running: Experiment) -> None:
    _, secret = house.store.keys.create("/shop", "Ada", house.now())
    asked = {"experiment": running.id, "customer": RAW, "expose": "true"}
    assert client.get("/v1/assignments", params=asked).status_code == 401
    keyed = {"authorization": f"Bearer {secret}"}
    answer = client.get("/v1/assignments", params=asked, headers=keyed)
    assert answer.json()["exposed"]
    house.settle()
    assert len(house.store.units.rows(running.id)) == 1


def test_another_sites_page_cannot_expose_anybody(client: Client, house: House, running: Experiment) -> None:
    asked = {"experiment": running.id, "customer": RAW, "expose": "true"}
    for site in ("cross-site", "same-site"):
        assert client.get("/v1/assignments", params=asked, headers={"sec-fetch-site": site}).status_code == 403
        assert client.post("/v1/assignments", json=asked, headers={"sec-fetch-site": site}).status_code == 403
    house.settle()
    assert house.store.units.rows(running.id) == []


def test_an_outcome_is_counted_from_the_exposure_on(
    client: Client, house: House, running: Experiment, clock: Clock
) -> None:
    ask(client, running, customer="customer-4711", expose="true")
    clock.now += 5 * MINUTE
    late = event(1, time="2026-03-02T12:03:00Z", id="late")
    collect(house, encoded([late]))
    [unit] = house.store.units.rows(running.id)
    assert (unit.n, unit.guardrails["contacts"]) == (1, (1, 1))
