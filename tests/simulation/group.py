"""A consumer group's coordinator: who is a member, of which generation, and whose each partition is."""

from models.identifiers import Millis, Partition

SESSION: Millis = Millis(6_000)
"""A member that was silent for this long is put out."""


class Group:
    """Assigns every partition to one member; whoever has not heard of it yet still thinks otherwise."""

    def __init__(self, partitions: int) -> None:
        self._partitions = [Partition(n) for n in range(partitions)]
        self.generation = 0
        self.members: dict[str, Millis] = {}
        """When each was heard of last."""
        self.assignment: dict[str, frozenset[Partition]] = {}

    def join(self, name: str, now: Millis) -> None:
        self.members[name] = now
        self._rebalance()

    def leave(self, name: str) -> None:
        if self.members.pop(name, None) is not None:
            self._rebalance()

    def expire(self, now: Millis) -> None:
        """Put out whoever was silent for too long."""
        silent = [name for name, heard in self.members.items() if now - heard > SESSION]
        for name in silent:
            del self.members[name]
        if silent:
            self._rebalance()

    def _rebalance(self) -> None:
        self.generation += 1
        names = sorted(self.members)
        self.assignment = {
            name: frozenset(p for p in self._partitions if (p + self.generation) % len(names) == place)
            for place, name in enumerate(names)
        }
