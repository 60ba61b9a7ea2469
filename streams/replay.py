"""Another policy: score everything that is stored under it beside the active one, compare, and only then switch.

::

    1. ``score``: the policy comes into force as a candidate; whatever arrives from then on is scored under both, and
       every stored customer is scored anew, page by page, each page one transaction that fences the fold.
    2. ``compare``: what each scope would say, from the cells of both.
    3. ``activate``: a pointer moves; then the rows that pages show are written anew. Or ``discard``: everything the
       candidate left is taken back.

Killed anywhere, calling the same step again finishes it: a page that is done comes out the same.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from models.cells import Unit, value_of
from models.definitions import Definitions
from models.effects import ArchivedJourney, CustomerRow, Effects
from models.identifiers import Centi, Epoch, Millis, Offset, Partition, Subject
from models.partitions import group_of
from models.policy import Policy
from store.database import Store
from streams.cells import CellDifferences
from streams.gathering import gather
from streams.rescoring import rescored

PAGE = 200
UNITS: tuple[Unit, ...] = ("contact", "journey", "customer")
ALWAYS = (Millis(0), Millis(1 << 52))

Progress = Callable[[int], None]
"""Told how many customers are done."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What one scope says under two policies, in hundredths; ``None`` is "not enough data"."""

    scope: str
    metric: str
    n: int
    active: Centi | None
    candidate: Centi | None

    @property
    def difference(self) -> int | None:
        """How much higher the candidate's score is."""
        return None if self.active is None or self.candidate is None else self.candidate - self.active


class Replay:
    """Carries out the steps on one store."""

    def __init__(self, store: Store, clock: Callable[[], Millis]) -> None:
        self._store = store
        self._clock = clock

    def score(self, policy: Policy, author: str, progress: Progress | None = None) -> int:
        """Bring ``policy`` into force as a candidate and score everything under it; return how many customers.

        Raises ``Forbidden`` when three policies are scored already.
        """
        self._store.definitions.add_policy(policy, author, self._clock())
        return self.rewrite(progress)

    def compare(self, version: str) -> list[Compared]:
        """Return each scope's three scores under the active policy and under ``version``, all of time."""
        active, cells = self._store.definitions.current().active.version, self._store.cells
        compared: list[Compared] = []
        for scope in sorted({*cells.scopes(active), *cells.scopes(version)}):
            before, after = cells.total(active, scope, ALWAYS), cells.total(version, scope, ALWAYS)
            for unit in UNITS:
                one, other = value_of(before, unit), value_of(after, unit)
                if one.n or other.n:
                    compared.append(Compared(scope, f"{unit}_score", other.n, one.value, other.value))
        return compared

    def activate(self, version: str, author: str, progress: Progress | None = None) -> int:
        """Show ``version``'s scores from now on; return how many customers' rows were written anew.

        Raises ``NotFound`` when it is not scored yet.
        """
        self._store.definitions.activate_policy(version, author, self._clock())
        return self.rewrite(progress)

    def discard(self, version: str, author: str, progress: Progress | None = None) -> int:
        """Score ``version`` no longer and take back all it left; raises ``Forbidden`` for an active or pinned one."""
        self._store.definitions.remove_policy(version, author, self._clock())
        return self.rewrite(progress)

    def rewrite(self, progress: Progress | None = None) -> int:
        """Make every stored customer agree with the definitions in force; return how many there are."""
        done = 0
        for partition in range(self._store.partition_count):
            for page in self._pages(Partition(partition)):
                self._rewrite(Partition(partition), page)
                done += len(page)
                if progress is not None:
                    progress(done)
        return done

    def _pages(self, partition: Partition) -> Iterator[Sequence[Subject]]:
        after = ""
        while page := self._store.customers.every(partition, after, PAGE):
            yield [row.subject for row in page]
            after = page[-1].subject

    def _rewrite(self, partition: Partition, subjects: Sequence[Subject]) -> None:
        with self._store.exclusive(partition) as rewriter:
            # Read inside: nobody can change these rows between the reading and the writing.
            definitions = self._store.definitions.current()
            rows = [row for subject in subjects if (row := self._store.customers.row(subject)) is not None]
            rewriter.write(self._effects(partition, rows, definitions))

    def _effects(self, partition: Partition, rows: Sequence[CustomerRow], definitions: Definitions) -> Effects:
        effects = Effects(partition, Offset(0), Offset(0), Epoch(0), Millis(0))
        cells = CellDifferences()
        for row in rows:
            archived: list[ArchivedJourney] = self._store.archive.of(row.subject)
            made = rescored(row.subject, row.state, archived, definitions, group_of(row.subject.encode()))
            gather(effects, cells, made.fold)
            effects.archived += made.archived
        effects.cells = cells.expanded()
        return effects
