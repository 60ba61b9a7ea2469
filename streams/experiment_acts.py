"""The acts people may take on an experiment, by name: the one table that pages, API and commands go by.

What each act needs is in ``Given``; whether it may happen is the gate's to say. Starting and following need to see
other experiments, so ``streams.experiment_desk`` carries those out itself.
"""

from collections.abc import Callable
from dataclasses import dataclass

from experiments import life_cycle
from experiments.decision import Choice, Learning
from experiments.ledger import Experiment, FidelityCheck
from experiments.plan import Direction, Guardrail
from experiments.recheck import Outcome
from experiments.states import Actor, Role
from models.errors import InvalidInput, NotFound
from models.identifiers import Millis

FOLLOWING = ("iterate", "retry")


@dataclass(frozen=True, slots=True)
class Given:
    """Who acts in which role, and the words and figures of the act; each act reads those it needs.

    ``note`` is the reason, the explanation, the learning or the next one's title. Raises ``InvalidInput`` for the
    system's role: it acts by itself.
    """

    by: str
    role: Role
    note: str = ""
    done: int = 0
    of: int = 0
    choice: Choice = "abandon"
    outcome: Outcome = "does not hold"
    next_idea: str = ""
    tags: tuple[str, ...] = ()
    metric: str = ""
    direction: Direction = "up"
    margin: float = 0.0

    def __post_init__(self) -> None:
        if self.role is Role.SYSTEM:
            raise InvalidInput("role: system acts by itself; choose author, reviewer, owner or anyone")
        if self.outcome == "lapsed":
            raise InvalidInput("outcome: lapsed is the system's to say; choose holds or does not hold")

    @property
    def actor(self) -> Actor:
        """Who acts."""
        return Actor(self.by, self.role)


Act = Callable[[Experiment, Given, Millis], Experiment]

ACTS: dict[str, Act] = {
    "explain": lambda e, given, now: life_cycle.explain(e, given.actor, now),
    "plan": lambda e, given, now: life_cycle.plan(e, given.actor, now),
    "waive power": lambda e, given, now: life_cycle.waive_power(e, given.actor, now, given.note),
    "halt": lambda e, given, now: life_cycle.halt(e, given.actor, now, given.note),
    "explain imbalance": lambda e, given, now: life_cycle.explain_imbalance(e, given.actor, now, given.note),
    "resume": lambda e, given, now: life_cycle.resume(e, given.actor, now, given.note),
    "record fidelity": lambda e, given, now: life_cycle.record_fidelity(
        e, given.actor, FidelityCheck(now, given.by, given.done, given.of, given.note)
    ),
    "add guardrail": lambda e, given, now: life_cycle.add_guardrail(
        e, given.actor, now, Guardrail(given.metric, given.direction, given.margin)
    ),
    "correct label": lambda e, given, now: life_cycle.correct_label(e, given.actor, now, given.note),
    "decide": lambda e, given, now: life_cycle.decide(
        e, given.actor, now, given.choice, Learning(given.note, given.next_idea, given.tags)
    ),
    "recheck": lambda e, given, now: life_cycle.recheck(e, given.actor, now, given.outcome, given.note),
    "void": lambda e, given, now: life_cycle.void(e, given.actor, now, given.note),
}

NAMES = ("start", *FOLLOWING, *ACTS)
"""Every act somebody may ask for; in addresses with ``-`` for the blanks."""


def act_named(name: str) -> str:
    """Return the act that is called so, with or without hyphens; raises ``NotFound`` naming those there are.

    >>> act_named("waive-power")
    'waive power'
    """
    plain = name.replace("-", " ")
    if plain not in NAMES:
        known = ", ".join(each.replace(" ", "-") for each in NAMES)
        raise NotFound(f"act: {name!r} is not known; use one of {known}")
    return plain
