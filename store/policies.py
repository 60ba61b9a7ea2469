"""Policies: the texts of those known, which experiments pin them, and the rules of what may be done to them.

Which are scored, and from which offset, is in ``definitions``: a policy is in force by standing in the latest version.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from sqlalchemy import Connection, delete, select

from models.errors import Forbidden, InvariantBroken, NotFound
from models.identifiers import Millis
from models.policy import Policy, load
from store.databases import Database
from store.tables.definitions import policies, policy_pins
from store.upserts import add_missing_rows

MOST = 3
"""Policies scored side by side: the active one, a candidate, one pinned by an experiment."""

Role = Literal["active", "candidate", "retired"]


@dataclass(frozen=True, slots=True)
class KnownPolicy:
    """A policy the store knows, what it is used for, and which experiments pin it."""

    policy: Policy
    role: Role
    pinned_by: tuple[str, ...]
    added_at: Millis
    author: str


@lru_cache(maxsize=64)
def compiled(version: str, text: str) -> Policy:
    """Return the policy kept under ``version``: it keeps its name even if a later program would name it otherwise."""
    policy = load(text)
    return policy if policy.version == version else replace(policy, version=type(policy.version)(version))


class Policies:
    """Reads what is known of policies; ``Definitions`` changes which are in force."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, version: str) -> Policy:
        """Return the policy of that version; raises ``NotFound``."""
        with self._database.read() as connection:
            return policies_of(connection, [version])[0]

    def all(self, in_force: tuple[str, ...]) -> list[KnownPolicy]:
        """Return every policy known, the latest added first; ``in_force`` names those scored, the active one first."""
        with self._database.read() as connection:
            pins = connection.execute(select(policy_pins.c.policy, policy_pins.c.experiment)).all()
            rows = connection.execute(select(policies).order_by(policies.c.added_at.desc(), policies.c.version))
            return [
                KnownPolicy(
                    policy=compiled(version, text),
                    role=_role(version, in_force),
                    pinned_by=tuple(sorted(experiment for policy, experiment in pins if policy == version)),
                    added_at=Millis(at),
                    author=author,
                )
                for version, text, at, author in rows
            ]


def policies_of(connection: Connection, versions: list[str]) -> tuple[Policy, ...]:
    """Return the policies of ``versions`` in their order; raises ``NotFound``."""
    wanted = select(policies.c.version, policies.c.text).where(policies.c.version.in_(versions))
    texts = dict(connection.execute(wanted).all())
    missing = [version for version in versions if version not in texts]
    if missing:
        raise NotFound(f"policy {missing[0]}: the store does not know it; add it, or list those it knows")
    return tuple(compiled(version, texts[version]) for version in versions)


def known_versions(connection: Connection) -> frozenset[str]:
    """Return the versions of all policies whose text is kept."""
    return frozenset(connection.execute(select(policies.c.version)).scalars())


def keep_policy(connection: Connection, policy: Policy, author: str, now: Millis) -> None:
    """Keep the text of ``policy``, once."""
    add_missing_rows(connection, policies, [(policy.version, policy.text, now, author)])


def pin_policy(connection: Connection, version: str, experiment: str, now: Millis) -> None:
    """Note that ``experiment`` is measured with this policy."""
    add_missing_rows(connection, policy_pins, [(version, experiment, now)])


def unpin_policy(connection: Connection, experiment: str) -> None:
    """Note that ``experiment`` no longer needs any policy."""
    connection.execute(delete(policy_pins).where(policy_pins.c.experiment == experiment))


def delete_policy(connection: Connection, version: str) -> None:
    """Delete the policy's text; raises ``Forbidden`` while an experiment pins it."""
    refuse_if_pinned(connection, version)
    connection.execute(delete(policies).where(policies.c.version == version))


def refuse_if_pinned(connection: Connection, version: str) -> None:
    """Raise ``Forbidden`` when an experiment is measured with this policy."""
    pins = select(policy_pins.c.experiment).where(policy_pins.c.policy == version).order_by(policy_pins.c.experiment)
    experiments = connection.execute(pins).scalars().all()
    if experiments:
        raise Forbidden(
            f"policy {version}: experiment {', '.join(experiments)} is measured with it; "
            "it can go when that experiment is decided or void"
        )


def with_added(in_force: tuple[str, ...], version: str) -> tuple[str, ...]:
    """Return ``in_force`` with ``version`` added; raises ``Forbidden`` when as many as can be are in force."""
    if version in in_force:
        return in_force
    if len(in_force) >= MOST:
        raise Forbidden(
            f"policy {version}: {MOST} policies are scored already ({', '.join(in_force)}); remove one of them first"
        )
    return (*in_force, version)


def with_active(in_force: tuple[str, ...], version: str) -> tuple[str, ...]:
    """Return ``in_force`` with ``version`` first; raises ``NotFound`` when it is not in force."""
    if version not in in_force:
        raise NotFound(f"policy {version}: it is not scored yet; add it and replay before activating it")
    return (version, *(other for other in in_force if other != version))


def without(in_force: tuple[str, ...], version: str) -> tuple[str, ...]:
    """Return ``in_force`` without ``version``; raises ``Forbidden`` for the active one."""
    if not in_force:
        raise InvariantBroken("no policy is in force")
    if version == in_force[0]:
        raise Forbidden(f"policy {version}: it is the active one; activate another before removing it")
    return tuple(other for other in in_force if other != version)


def _role(version: str, in_force: tuple[str, ...]) -> Role:
    if version not in in_force:
        return "retired"
    return "active" if version == in_force[0] else "candidate"
