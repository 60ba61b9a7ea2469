"""What the brokers acknowledged: the campaign's own account, which the store's counters are held against.

Kept from the producer's delivery reports alone; neither the log nor the store is asked.
"""

import json
import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from models.effects import Counters

Identity = tuple[str, str]
Pair = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Balance:
    """How far the store's counters are from what was acknowledged."""

    lost: int = 0
    doubled: int = 0

    def worse(self, other: "Balance") -> "Balance":
        """Return the worse of two accounts of the same."""
        return Balance(max(self.lost, other.lost), max(self.doubled, other.doubled))


class Ledger:
    """Every acknowledged record, by partition; safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._distinct: defaultdict[int, set[Identity]] = defaultdict(set)
        self._dead: defaultdict[int, int] = defaultdict(int)
        self._ends: dict[int, int] = {}
        self._records = 0

    def accept(self, value: bytes, partition: int, offset: int) -> None:
        """Note that the brokers have a record."""
        identity = identity_of(value)
        with self._lock:
            self._records += 1
            self._ends[partition] = max(self._ends.get(partition, 0), offset + 1)
            if identity is None:
                self._dead[partition] += 1
            else:
                self._distinct[partition].add(identity)

    @property
    def records(self) -> int:
        """How many records were acknowledged, copies and poison included."""
        return self._records

    def ends(self) -> dict[int, int]:
        """Return, for each partition, the offset after the last acknowledged record."""
        with self._lock:
            return dict(self._ends)

    def balance(self, counters: Mapping[int, Counters]) -> Balance:
        """Hold ``counters`` (of each partition) against the account, partition by partition.

        A distinct event must be scored once, a record that is no event must be one dead letter. A loss and a doubling
        cannot hide each other unless they fall into the same partition; there the comparison of all rows tells.
        """
        lost = doubled = 0
        with self._lock:
            for partition in self._ends.keys() | counters.keys():
                has = counters.get(partition, Counters())
                more = has.scored - len(self._distinct[partition])
                deader = has.dead_letters - self._dead[partition]
                lost += max(0, -more) + max(0, -deader)
                doubled += max(0, more) + max(0, deader)
        return Balance(lost, doubled)


def recounted(log: Mapping[int, int], counters: Mapping[int, Counters]) -> Balance:
    """Hold how many records each partition of the log has against how many the store received.

    A record folded twice may be a duplicate to the fold and change no score; here it shows all the same.
    """
    more = [counters.get(partition, Counters()).received - count for partition, count in log.items()]
    return Balance(sum(max(0, -one) for one in more), sum(max(0, one) for one in more))


def identity_of(value: bytes) -> Identity | None:
    """Return what makes an event one and the same, ``None`` for what is no event at all."""
    try:
        event = json.loads(value)
        return event["source"], event["id"]
    except (ValueError, KeyError, TypeError):
        return None
