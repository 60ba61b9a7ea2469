"""The chain of an origin: iterations and retries in order, and what their evidence says together.

e-values multiply only for re-tests of the *same* action, on new data each time. Over different actions their mean is an
e-value against "no action of this chain worked", which then names none of them.
Source: Vovk & Wang (2021), *Annals of Statistics* 49(3): products of sequential e-values, and means of any.
"""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from experiments.ledger import Experiment
from experiments.sequential import HARM, e_of
from experiments.states import State
from experiments.verdict import Kind

Action = tuple[str, ...]
ENOUGH = HARM
"""1/α at α = 5 %."""


@dataclass(frozen=True, slots=True)
class Tested:
    """One action of a chain: the experiments that tested it, and their e-values' product."""

    action: str
    experiments: tuple[str, ...]
    e: float


@dataclass(frozen=True, slots=True)
class ChainEvidence:
    """What a chain's valid verdicts say together; the sentences are empty while there is nothing to combine."""

    actions: tuple[Tested, ...]
    some_e: float
    english: str = ""
    french: str = ""


def chain_of(experiment: Experiment, known: Iterable[Experiment]) -> list[Experiment]:
    """Return every experiment of the same origin, iteration by iteration, attempt by attempt."""
    same = (experiment.origin.kind, experiment.origin.reference)
    own = [each for each in known if (each.origin.kind, each.origin.reference) == same]
    return sorted(own, key=lambda each: (each.iteration, each.attempt))


def action_of(experiment: Experiment) -> Action:
    """Return what makes two experiments tests of the same action: its steps, and what was expected of it where."""
    expected = experiment.plan.expected
    steps = tuple(" ".join(step.text.split()).casefold() for step in experiment.plan.steps)
    aim = (expected.metric, expected.direction, expected.scope) if expected is not None else ()
    return (*steps, *aim)


def evidence_of(chain: Iterable[Experiment]) -> ChainEvidence:
    """Return the chain's evidence for "it works": per action, and for some action of the chain."""
    tests: dict[Action, list[Experiment]] = defaultdict(list)
    for experiment in chain:
        if _counts(experiment):
            tests[action_of(experiment)].append(experiment)
    actions = tuple(_tested(own) for own in tests.values())
    some = math.fsum(each.e for each in actions) / len(actions) if actions else 1.0
    return _worded(ChainEvidence(actions, some))


def _counts(experiment: Experiment) -> bool:
    """Return whether the experiment's evidence may be combined: a valid verdict that is not void."""
    valid = experiment.verdict is not None and experiment.verdict.kind is not Kind.INVALID
    return valid and experiment.conclusion is not None and experiment.state is not State.VOID


def _tested(own: list[Experiment]) -> Tested:
    # The product of two overwhelming e-values is more than a float holds.
    e = min(e_of(math.inf), math.prod(each.conclusion.e for each in own if each.conclusion is not None))
    action = "; ".join(step.text for step in own[0].plan.steps)
    return Tested(action, tuple(each.id for each in own), e)


def _worded(found: ChainEvidence) -> ChainEvidence:
    retested = [each for each in found.actions if len(each.experiments) > 1]
    english, french = [], []
    for each in retested:
        times, e = len(each.experiments), f"{each.e:.3g}"
        english.append(
            f"“{each.action}” was tested {times} times: together e = {e} for “it works” ({_enough(each.e)})."
        )
        french.append(
            f"« {each.action} » a été testée {times} fois : ensemble e = {e.replace('.', ',')} pour « elle agit »."
        )
    if len(found.actions) > 1:
        some = found.some_e >= ENOUGH
        english.append(
            "Some action in this chain worked; which one, this evidence does not say."
            if some
            else "The actions of this chain differ: their evidence cannot be multiplied, and shows none yet."
        )
        french.append(
            "Une action de cette chaîne a agi ; laquelle, cette preuve ne le dit pas."
            if some
            else "Les actions de cette chaîne diffèrent : leurs preuves ne se multiplient pas, et n’en montrent aucune."
        )
    return ChainEvidence(found.actions, found.some_e, " ".join(english), " ".join(french))


def _enough(e: float) -> str:
    return "enough" if e >= ENOUGH else f"{ENOUGH:g} would be enough"
