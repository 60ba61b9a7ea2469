"""From files to events in the order of their time: the whole import read once, before anything reaches the log.

Two external sorts bound the memory: rows by case and time where the mapping looks at consecutive rows, then events by
time. A file that is wrong as a whole (cut short, without a column) is known as such before the first record is
appended. The order is a function of the files' bytes and the mapping alone, so that a killed import finds its place.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import groupby
from pathlib import Path

from models import instants
from models.errors import Fault, InvalidInput, RejectedEvent
from models.interactions.internals import reject_event
from models.pseudonyms import PseudonymKey
from streams.history.events import events_of, moment_of, reject_of
from streams.history.ordering import ExternalSort
from streams.history.reader import read_rows
from streams.history.rows import FileShape, Row, RowReject
from streams.history.rules import Place, Plan

CaseRow = tuple[list[str], int, int, int, bytes, tuple[str | None, ...]]
"""Case, time, file, row number; bytes and cells."""
Staged = tuple[int, int, int, int, bytes, bytes]
"""Time, file, row number, place in the row; key and value of the record."""

Told = Callable[[int, int], None]
"""Told the bytes read and those there are, over all files."""


@dataclass(slots=True)
class Tally:
    """What the rows came to; every row is in exactly one of ``told``, ``silent`` and ``rejected``."""

    rows: int = 0
    told: int = 0
    """Rows that made at least one event."""
    silent: int = 0
    """Rows for which no rule fired."""
    events: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    """Rows, by the code of what is wrong with them."""
    fired: Counter[str] = field(default_factory=Counter)
    """Events, by the rule that made them."""

    @property
    def received(self) -> int:
        """Events and rejected rows: what the import gives to the log."""
        return self.events + self.rejected.total()


@dataclass(frozen=True, slots=True)
class Staging:
    """What turns the files of one import into records."""

    plan: Plan
    shape: FileShape
    key: PseudonymKey
    limit: int | None = None
    """Rows to read at most; ``None`` is all."""
    tally: Tally = field(default_factory=Tally)
    filled: set[str] = field(default_factory=set)
    """Columns that held something in some row."""

    def fill(self, files: Sequence[Path], out: ExternalSort[Staged], told: Told | None = None) -> None:
        """Read ``files`` and put every record they make into ``out``; blocks on the disk. Raises ``InvalidInput``."""
        if self.plan.case:
            with ExternalSort[CaseRow](CaseRow) as rows:
                self._sort_cases(files, rows, out, told)
                for _, case in groupby(rows, key=lambda row: row[0]):
                    self._stage_case(case, out)
        else:
            for number, row in self._rows(files, told):
                if isinstance(row, RowReject):
                    self._reject(number, row, instants.EARLIEST, out)
                else:
                    self._stage(number, row, Place(None, last=True), out)

    def _rows(self, files: Sequence[Path], told: Told | None) -> Iterator[tuple[int, Row | RowReject]]:
        sizes = [_size(path) for path in files]
        unfilled = dict(enumerate(self.plan.columns))
        for number, path in enumerate(files):
            before, total = sum(sizes[:number]), sum(sizes)
            watch = None if told is None else lambda at, before=before, total=total: told(before + at, total)
            for row in read_rows(path, self.shape, self.plan.columns, watch):
                if self.tally.rows == self.limit:
                    return
                self.tally.rows += 1
                if unfilled and isinstance(row, Row):
                    self._note_filled(row, unfilled)
                yield number, row
            if told is not None:
                told(before + sizes[number], total)

    def _note_filled(self, row: Row, unfilled: dict[int, str]) -> None:
        for place in [place for place in unfilled if row.cells[place] is not None]:
            self.filled.add(unfilled.pop(place))

    def _sort_cases(
        self, files: Sequence[Path], rows: ExternalSort[CaseRow], out: ExternalSort[Staged], told: Told | None
    ) -> None:
        for number, row in self._rows(files, told):
            if isinstance(row, RowReject):
                self._reject(number, row, instants.EARLIEST, out)
                continue
            try:
                at = moment_of(self.plan, row)
            except RejectedEvent as error:
                self._reject(number, reject_of(row, error), instants.EARLIEST, out)
                continue
            case = [row.cells[place] or "" for place in self.plan.case]
            rows.add((case, at, number, row.number, row.raw, row.cells), 400 + 2 * len(row.raw))

    def _stage_case(self, case: Iterator[CaseRow], out: ExternalSort[Staged]) -> None:
        """Make the events of one case's rows, each knowing the row before it and whether one follows."""
        before: CaseRow | None = None
        row = next(case)
        while True:
            after = next(case, None)
            place = Place(None if before is None else before[5], last=after is None)
            self._stage(row[2], Row(row[3], row[4], row[5]), place, out)
            if after is None:
                return
            before, row = row, after

    def _stage(self, number: int, row: Row, place: Place, out: ExternalSort[Staged]) -> None:
        try:
            made = events_of(self.plan, row, place, self.key)
        except RejectedEvent as error:
            self._reject(number, reject_of(row, error), _known_time(self.plan, row), out)
            return
        for n, event in enumerate(made):
            out.add((event.at, number, row.number, n, event.key, event.value), 300 + len(event.value))
            self.tally.fired[event.rule] += 1
        self.tally.events += len(made)
        if made:
            self.tally.told += 1
        else:
            self.tally.silent += 1

    def _reject(self, number: int, row: RowReject, at: int, out: ExternalSort[Staged]) -> None:
        self.tally.rejected[row.code] += 1
        identity = f"row-{blake2b(row.raw, digest_size=8).hexdigest()}-{number}-{row.number}"
        fault = Fault(row.code, f"row {row.number}: {row.field}", row.fault, row.remedy)
        key, value = reject_event(identity, at, fault, row.raw)
        out.add((at, number, row.number, 0, key, value), 300 + len(value))


def _known_time(plan: Plan, row: Row) -> int:
    try:
        at = moment_of(plan, row)
    except RejectedEvent:
        return instants.EARLIEST
    return at if instants.EARLIEST <= at < instants.LATEST else instants.EARLIEST


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read ({error.strerror}); name a file that is there") from None
