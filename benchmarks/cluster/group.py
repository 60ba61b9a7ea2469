"""Who is in a consumer group and folds which partitions, as the broker tells it."""

import time
from types import TracebackType
from typing import Any, Self

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

LOOK_S = 0.1
Members = dict[str, frozenset[int]]
"""Partitions by member."""


class Group:
    """One group, asked over a connection of its own."""

    def __init__(self, bootstrap: str, name: str) -> None:
        self._name = name
        self._admin = KafkaAdminClient(bootstrap_servers=bootstrap)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._admin.close()

    def settled(self, count: int, partitions: int, seconds: float) -> Members:
        """Wait until ``count`` members share all ``partitions``; raises ``TimeoutError`` if not within ``seconds``."""
        until = time.monotonic() + seconds
        while True:
            members = self._members()
            if len(members) == count and sum(len(held) for held in members.values()) == partitions:
                return members
            if time.monotonic() > until:
                raise TimeoutError(f"group {self._name} did not settle in {seconds:.0f} s; its members: {members}")
            time.sleep(LOOK_S)

    def _members(self) -> Members:
        try:
            told = self._admin.describe_groups([self._name])[self._name]
        except KafkaError:  # its coordinator moves, or there is no such group yet
            return {}
        return members_of(told)


def members_of(told: dict[str, Any]) -> Members:
    """Return the members of a group as kafka-python describes it; nobody while it shares anew.

    >>> one = {"topic": "t", "partitions": [0, 2]}
    >>> member = {"member_id": "a", "member_assignment": {"assigned_partitions": [one]}}
    >>> members_of({"group_state": "Stable", "members": [member]})
    {'a': frozenset({0, 2})}
    >>> members_of({"group_state": "PreparingRebalance", "members": [member]})
    {}
    """
    if told["group_state"] != "Stable":
        return {}
    return {
        one["member_id"]: frozenset(
            partition
            for topic in (one["member_assignment"] or {"assigned_partitions": []})["assigned_partitions"]
            for partition in topic["partitions"]
        )
        for one in told["members"]
    }
