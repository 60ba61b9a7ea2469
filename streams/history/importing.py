"""Importing: the records of a set of files, appended in chunks; killed at any point, it goes on where it stood.

The log commits each chunk together with how far the import came, so a chunk is either there and counted, or neither.
What the records become (scored, duplicates, late, dead letters) is for the fold; ``Totals.since`` tells it apart from
what the store had counted before.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from models.effects import Counters
from models.errors import InvalidInput
from models.pseudonyms import PseudonymKey
from store.imports import ImportProgress
from streams.history.mapping import Mapping as HistoryMapping
from streams.history.mapping import parse, text_of
from streams.history.ordering import ExternalSort
from streams.history.rules import plan_of
from streams.history.staging import Staged, Staging, Tally

CHUNK = 2_000
"""Records a commit; small enough that a kill repeats little, large enough that commits cost little."""
ORDER = 1
"""Raised when the order or the ids of the records of an import change: what was begun under another one begins anew."""
COUNTED = ("received", "scored", "duplicates", "late")


class Step(NamedTuple):
    """How far an import is: bytes while ``reading``, records while ``appending``."""

    stage: Literal["reading", "appending"]
    done: int
    total: int


Progress = Callable[[Step], None]


class ImportLog(Protocol):
    """What an import asks of the log."""

    def append_import(self, records: Sequence[tuple[bytes, bytes]], progress: ImportProgress) -> object:
        """Append ``records`` and write ``progress``, both or neither; durable when this returns."""


class KnownImports(Protocol):
    """What an import asks of those before it."""

    def find(self, digest: str, mapping: str) -> ImportProgress | None:
        """Return how far these files came through this mapping, ``None`` if they never began."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where an import goes: the log, what it knows of imports, and the key that makes pseudonyms."""

    log: ImportLog
    known: KnownImports
    key: PseudonymKey


@dataclass(frozen=True, slots=True)
class Totals:
    """The store's counters at one moment, or their growth over an import."""

    received: int = 0
    scored: int = 0
    duplicates: int = 0
    late: int = 0
    dead_letters: Mapping[str, int] = field(default_factory=dict)
    """By reason."""

    @classmethod
    def of(cls, counters: Counters, dead_letters: Mapping[str, int]) -> "Totals":
        """Return the totals that the store's counters and its dead letters by reason show."""
        return cls(counters.received, counters.scored, counters.duplicates, counters.late, dict(dead_letters))

    def since(self, before: "Totals") -> "Totals":
        """Return what came after ``before``."""
        earlier = before.dead_letters
        codes = {code: n for code, count in self.dead_letters.items() if (n := count - earlier.get(code, 0)) > 0}
        return Totals(
            self.received - before.received,
            self.scored - before.scored,
            self.duplicates - before.duplicates,
            self.late - before.late,
            dict(sorted(codes.items())),
        )


@dataclass(frozen=True, slots=True)
class Imported:
    """What one import gave to the log. ``before`` are the store's totals when it first began, also after a kill."""

    mapping: HistoryMapping
    tally: Tally
    resumed_at: int
    """Records that were there already, from a run that was cut short."""
    before: Totals

    @property
    def received(self) -> int:
        """Events and rejected rows, of this import as a whole."""
        return self.tally.received


def import_files(
    files: Sequence[Path], mapping: str, target: Target, before: Totals | None = None, progress: Progress | None = None
) -> Imported:
    """Bring ``files`` through ``mapping`` (a shipped name, or a file) into the log.

    ``before`` are the store's totals with the log fully folded; a resumed import gives back those of its first run.
    Blocks; when this returns every record is durable. Raises ``InvalidInput`` with nothing appended, ``StoreFull`` and
    ``StoreBusy`` with whole chunks appended: call it again with the same files and it goes on.
    """
    text = text_of(mapping)
    made = parse(text, mapping)
    staging = Staging(plan_of(made, mapping), made.shape, target.key)
    ordered, digest = _digested(files)
    told = None if progress is None else lambda at, total: progress(Step("reading", at, total))
    with ExternalSort[Staged](Staged) as staged:
        staging.fill(ordered, staged, told)
        start = _start(target, digest, _mapping_id(made, text, target.key), ordered, before or Totals())
        _append(target.log, staged, start, progress)
    return Imported(made, staging.tally, start.row, _totals(start.counts))


def _append(log: ImportLog, staged: ExternalSort[Staged], start: ImportProgress, progress: Progress | None) -> None:
    records = islice(staged, start.row, None)
    at, total = start.row, staged.count
    while True:
        chunk = [(item[4], item[5]) for item in islice(records, CHUNK)]
        at += len(chunk)
        log.append_import(chunk, replace(start, row=at, done=at == total))
        if progress is not None:
            progress(Step("appending", at, total))
        if at == total:
            return


def _start(target: Target, digest: str, mapping: str, files: Sequence[Path], before: Totals) -> ImportProgress:
    """Return where to begin: at the place a cut run reached, else at the first record."""
    known = target.known.find(digest, mapping)
    if known is not None and not known.done:
        return known
    name = ", ".join(path.name for path in files)[:200]
    return ImportProgress(digest, mapping, name, counts=_counts(before))


def _digested(files: Sequence[Path]) -> tuple[list[Path], str]:
    """Return ``files`` in an order that their contents decide, and one digest of them all."""
    digests = sorted((_digest(path), path) for path in files)
    whole = sha256("".join(digest for digest, _ in digests).encode()).hexdigest()
    return [path for _, path in digests], digests[0][0] if len(digests) == 1 else whole


def _digest(path: Path) -> str:
    digest = sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read ({error.strerror}); name a file that is there") from None
    return digest.hexdigest()


def _mapping_id(mapping: HistoryMapping, text: str, key: PseudonymKey) -> str:
    """Return what must be the same for a cut import to go on: the mapping's text, the key's version, our own order."""
    return f"{mapping.name}:{sha256(text.encode()).hexdigest()[:16]}:k{key.version}:o{ORDER}"


def _counts(totals: Totals) -> dict[str, int]:
    flat = {name: getattr(totals, name) for name in COUNTED}
    return flat | {f"dead_letters.{code}": n for code, n in totals.dead_letters.items()}


def _totals(counts: Mapping[str, int]) -> Totals:
    codes = {name.removeprefix("dead_letters."): n for name, n in counts.items() if name.startswith("dead_letters.")}
    received, scored, duplicates, late = (counts.get(name, 0) for name in COUNTED)
    return Totals(received, scored, duplicates, late, codes)
