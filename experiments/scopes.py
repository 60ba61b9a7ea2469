"""Which scopes belong to an experiment: the one a cluster's days are kept under, and which two may share a customer.

What a scope is, and which are declared, is in ``models``; here they are only names.
"""

from collections.abc import Iterable

from models.errors import InvalidInput


def scope_of(cluster: str, scope: str, known: Iterable[str]) -> str:
    """Return the scope of ``known`` whose cells are a cluster's; "" is the experiment's own ``scope``.

    Raises ``InvalidInput`` when no scope is called so, or several are.

    >>> scope_of("lyon", "all", ["all", "segment:site=lyon", "touchpoint:lyon|channel:chat"])
    'segment:site=lyon'
    """
    if not cluster:
        return scope
    single = sorted(name for name in known if "|" not in name)
    found = [name for name in single if name == cluster or name.endswith((f":{cluster}", f"={cluster}"))]
    if len(found) != 1:
        said = f"several scopes are called so: {', '.join(found)}" if found else "no scope is called so"
        raise InvalidInput(f"cluster {cluster!r}: {said}; name the cluster as its scope, such as segment:site=lyon")
    return found[0]


def may_meet(scope: str, other: str) -> bool:
    """Return whether one customer can belong to both scopes; only two values of one segment exclude each other.

    >>> may_meet("all", "channel:chat"), may_meet("segment:plan=pro", "segment:plan=home")
    (True, False)
    """
    mine, theirs = scope.partition("="), other.partition("=")
    same_segment = mine[0].startswith("segment:") and mine[0] == theirs[0]
    return not same_segment or mine[2] == theirs[2]
