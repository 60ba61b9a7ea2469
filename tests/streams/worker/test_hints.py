"""Hints tell Kafka what changed, and never hurt."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

import pytest
from aiokafka.errors import CommitFailedError

from models.identifiers import Offset, Partition
from streams.worker import hints
from streams.worker.hints import Hints
from streams.worker.pump import Pump

P0, P1 = Partition(0), Partition(1)


@dataclass
class Fake:
    """As much of a pump and of a consumer as hints need."""

    stands: dict[Partition, Offset] = field(default_factory=lambda: {P0: Offset(1), P1: Offset(2)})
    committed: list[dict[Partition, Offset]] = field(default_factory=list)
    refuses: bool = False
    hangs: bool = False

    def wanted(self) -> dict[Partition, Offset]:
        return dict(self.stands)

    async def hint(self, offsets: Mapping[Partition, Offset]) -> None:
        if self.refuses:
            raise CommitFailedError
        if self.hangs:
            await asyncio.sleep(60)
        self.committed.append(dict(offsets))


def test_only_what_changed_is_committed() -> None:
    fake = Fake()
    giving = Hints(cast("Pump", fake), fake, 1.0)
    asyncio.run(giving.give())
    fake.stands[P1] = Offset(9)
    asyncio.run(giving.give())
    asyncio.run(giving.give())
    assert fake.committed == [{P0: 1, P1: 2}, {P1: 9}]


def test_a_hint_that_was_refused_is_given_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hints, "MOST_SECONDS", 0.01)
    fake = Fake(refuses=True)
    giving = Hints(cast("Pump", fake), fake, 1.0)
    asyncio.run(giving.give())
    fake.refuses, fake.hangs = False, True
    asyncio.run(giving.give())
    fake.hangs = False
    asyncio.run(giving.give())
    assert fake.committed == [{P0: 1, P1: 2}]
