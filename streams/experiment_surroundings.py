"""What the gate must know of the house around an experiment, read in the transaction that writes."""

from collections.abc import Iterator

from experiments.surroundings import Surroundings
from models.definitions import OTHER, DeclaredScopes
from store.database import Store


def surroundings(store: Store, experiment_id: str) -> Surroundings:
    """Return the other experiments, and the scopes and policies that can be measured with."""
    definitions = store.definitions.current()
    others = tuple(kept.experiment for kept in store.experiments.all() if kept.experiment.id != experiment_id)
    in_force = tuple(policy.version for policy in definitions.policies)
    policies = frozenset(known.policy.version for known in store.policies.all(in_force))
    return Surroundings(others, frozenset(scopes_declared(definitions.scopes)), policies)


def scopes_declared(declared: DeclaredScopes) -> Iterator[str]:
    """Yield the name of every scope that facts can belong to.

    >>> shop = DeclaredScopes(touchpoints=frozenset({"help"}), segments=frozenset({("plan", "gold")}))
    >>> sorted(scopes_declared(shop))[:4]
    ['all', 'channel:other', 'segment:other', 'segment:plan=gold']
    """
    yield "all"
    touchpoints, channels = {*declared.touchpoints, OTHER}, {*declared.channels, OTHER}
    for touchpoint in touchpoints:
        yield f"touchpoint:{touchpoint}"
        yield from (f"touchpoint:{touchpoint}|channel:{channel}" for channel in channels)
    yield from (f"channel:{channel}" for channel in channels)
    yield from (f"source:{source}" for source in {*declared.sources, OTHER})
    yield f"segment:{OTHER}"
    for name, value in declared.segments:
        yield f"segment:{name}={value}"
        yield f"segment:{name}={OTHER}"
