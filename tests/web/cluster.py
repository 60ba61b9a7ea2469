"""A house on PostgreSQL whose log is a list, folded as it is appended to: what workers do, without the workers."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from models.effects import Forward
from models.identifiers import Millis, Offset, Partition
from store.database import Store
from store.making import LogFacts
from streams.bootstrap import House, built
from streams.folding import Folding
from streams.keeper import StoreKeeper
from streams.settings import Settings, read
from tests.simulation.log import MemoryLog

PARTITIONS = 2


class FoldedLog(MemoryLog):
    """Whatever is appended is folded into ``store`` at once."""

    def __init__(self, store: Store, clock: Callable[[], Millis]) -> None:
        super().__init__(store.partition_count, clock)
        self._folding = Folding(StoreKeeper(store), store.partition_count, self._forward)
        self._folding.hold([Partition(number) for number in range(store.partition_count)])
        self._settling = False
        self.after: Callable[[], object] = lambda: None
        """Done once everything is folded, as the leader's ticks are; what it appends is folded too."""

    def append(self, records: Sequence[tuple[bytes, bytes]]) -> list[tuple[Partition, Offset]]:
        places = super().append(records)
        for partition in {partition for partition, _ in places}:
            while (at := self._folding.wanted(partition)) < self.end(partition):
                # A fence answers where to read on; the loop does.
                self._folding.fold([self.read(partition, at, 1_000)])
        if not self._settling:
            self._settling = True
            self.after()
            self._settling = False
        return places

    def _forward(self, forwards: Sequence[Forward]) -> None:
        self.append([(one.subject.encode(), one.value) for one in forwards])


def settings_for(url: str, folder: Path) -> Settings:
    """Return the settings of a process on the database at ``url``; its key lies in ``folder``."""
    return read({}, data=folder / "unused", database_url=url, secret_file=folder / "pseudonym.key")


@contextmanager
def house_on(url: str, folder: Path, clock: Callable[[], Millis]) -> Iterator[House]:
    """Yield a house on the migrated database at ``url`` that has the key of the data folder ``folder``."""
    with Store.connect(url, log=LogFacts(FoldedLog.identity, PARTITIONS), clock=clock) as store:
        log = FoldedLog(store, clock)
        house = built(settings_for(url, folder), store, clock, log)

        def let_silence_pass() -> None:
            while house.silence.tick(clock()):
                pass

        log.after = let_silence_pass
        yield house
