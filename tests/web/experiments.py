"""A running experiment in a house, for the tests that ask for arms, tables and verdicts."""

from msgspec.structs import replace

from experiments.allocation import Allocation
from experiments.design import Arm, Baseline, Design
from experiments.ledger import Experiment
from experiments.plan import Expected, Origin, Plan
from experiments.states import Role
from models.identifiers import DAY, Millis
from streams.bootstrap import House
from streams.experiment_acts import Given
from tests.experiments.loops import a_plan

ARMS = ("control", "shown")
WEEKS = 4


def plan_in(house: House, **changes: object) -> Plan:
    """Return a complete plan that starts now and enrols for four weeks, customers one by one."""
    now = house.now()
    end = Millis(now - now % DAY + WEEKS * 7 * DAY)
    design = Design(
        arms=tuple(Arm(name) for name in ARMS),
        units=400,
        end=end,
        policy=house.definitions().active.version,
        baseline=Baseline(70.0, 900.0, 100.0),
        window=Millis(7 * DAY),
    )
    made = replace(a_plan(), expected=Expected("contact_score", "up", 5.0, Millis(end + 8 * DAY), "all"), design=design)
    return replace(made, **changes)


def planned_in(house: House, plan: Plan, reference: str = "lived") -> str:
    """Carry a draft with ``plan`` up to its start, and return its id."""
    desk, now = house.experiment_desk, house.now()
    opened = desk.begin("Show the chat", "Ana", "Olga", Origin("opportunity", reference), now)
    desk.revise(opened.id, plan, "Ana", now)
    desk.perform(opened.id, "explain", Given("Ana", Role.AUTHOR), now)
    desk.perform(opened.id, "waive-power", Given("Rui", Role.REVIEWER, "a test"), now)
    desk.perform(opened.id, "plan", Given("Ana", Role.AUTHOR), now)
    return opened.id


def started_in(house: House, plan: Plan | None = None, reference: str = "lived") -> Experiment:
    """Start an experiment and return it."""
    name = planned_in(house, plan or plan_in(house), reference)
    return house.experiment_desk.perform(name, "start", Given("Rui", Role.REVIEWER), house.now())


def in_layer(house: House, first: int, slots: int, reference: str) -> Experiment:
    """Start an experiment on some slots of the layer "help"."""
    return started_in(house, plan_in(house, allocation=Allocation("help", first, slots)), reference)
