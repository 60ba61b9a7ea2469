"""Trying a mapping on the beginning of a file: what it finds, what it makes, what it rejects, and what it cannot see.

Nothing is written anywhere; subjects are made with a key that is thrown away.
"""

import base64
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from models.causes import Cause
from models.definitions import OTHER
from models.interactions.decoding import Decoded, decode
from models.pseudonyms import PseudonymKey
from streams.history.mapping import Mapping as HistoryMapping
from streams.history.mapping import parse, text_of
from streams.history.ordering import ExternalSort
from streams.history.reader import columns_of
from streams.history.rules import plan_of
from streams.history.sight import unseen
from streams.history.staging import Staged, Staging, Tally

SAMPLE = 1_000
"""Rows."""
SCOPES = 200
"""Values of a kind that an import declares, as ``streams.bootstrap`` bounds them."""
SHOWN = 5
"""Events, and rejects of each kind, that are shown."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """An example of a row that would be rejected."""

    code: str
    field: str
    reason: str
    raw: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What a mapping does with the beginning of a file."""

    mapping: HistoryMapping
    tally: Tally
    """Rows read, events made by rule, rows rejected by reason."""
    columns: tuple[str, ...]
    """All that the file has."""
    unread: tuple[str, ...]
    """Those the mapping does not look at."""
    never_filled: tuple[str, ...]
    """Those it looks at and finds empty in every row of the sample."""
    idle: tuple[str, ...]
    """Rules that never fired."""
    subjects: int
    """Distinct customers."""
    events: tuple[dict[str, object], ...]
    """The first events, in the order of their time."""
    rejects: tuple[Rejected, ...]
    scopes: dict[str, int]
    """Touchpoints, channels, sources and segment values met, with their events; each gets scores of its own."""
    undeclared: dict[str, int]
    """Those of the scopes that are too many (``SCOPES`` of a kind), and so would be counted under ``other``."""
    unseen: dict[Cause, str]
    """Causes that can never fire from this mapping, and why."""

    @property
    def rejected_share(self) -> float:
        """Rejected rows among the rows read."""
        return self.tally.rejected.total() / self.tally.rows if self.tally.rows else 0.0


def check_mapping(file: Path, mapping: str, sample: int = SAMPLE) -> Checked:
    """Return what ``mapping`` (a shipped name, or a file) does with the first ``sample`` rows of ``file``.

    Raises ``InvalidInput`` for a mapping or a file that is wrong as a whole.
    """
    made = parse(text_of(mapping), mapping)
    plan = plan_of(made, mapping)
    columns = columns_of(file, made.shape, sample)
    staging = Staging(plan, made.shape, PseudonymKey(1, secrets.token_bytes(32)), sample)
    with ExternalSort[Staged](Staged) as staged:
        staging.fill([file], staged)
        seen = _Seen()
        seen.take(staged)
    return Checked(
        mapping=made,
        tally=staging.tally,
        columns=tuple(columns),
        unread=tuple(name for name in columns if name not in plan.columns),
        never_filled=tuple(name for name in plan.columns if name not in staging.filled),
        idle=tuple(rule.name for rule in plan.rules if rule.name not in staging.tally.fired),
        subjects=len(seen.subjects),
        events=tuple(seen.events),
        rejects=tuple(seen.rejects),
        scopes=dict(seen.scopes),
        undeclared=_beyond(seen.scopes),
        unseen=unseen(made),
    )


class _Seen:
    """What the staged records of a sample show."""

    def __init__(self) -> None:
        self.subjects: set[bytes] = set()
        self.events: list[dict[str, object]] = []
        self.rejects: list[Rejected] = []
        self.scopes: Counter[str] = Counter()
        self._examples: Counter[str] = Counter()

    def take(self, staged: Iterable[Staged]) -> None:
        for *_, key, value in staged:
            decoded = decode(value, key)
            if isinstance(decoded, Decoded):
                self.subjects.add(key)
                self.scopes.update(_scopes(decoded))
                if len(self.events) < SHOWN:
                    self.events.append(msgspec.json.decode(value, type=dict[str, object]))
            else:
                self._reject(msgspec.json.decode(value)["data"])

    def _reject(self, data: dict[str, str]) -> None:
        self._examples[data["code"]] += 1
        if self._examples[data["code"]] <= SHOWN:
            raw = base64.b64decode(data["raw"]).decode("utf-8", "backslashreplace")[:500]
            self.rejects.append(Rejected(data["code"], data["field"], data["reason"], raw.rstrip("\r\n")))


def _scopes(decoded: Decoded) -> Iterable[str]:
    fact = decoded.fact
    for kind, value in (("touchpoint", fact.touchpoint), ("channel", fact.channel), ("source", fact.source)):
        if value != OTHER:
            yield f"{kind}:{value}"
    for name, value in fact.segment:
        yield f"segment:{name}={value}"


def _beyond(scopes: Mapping[str, int]) -> dict[str, int]:
    """Return the scopes that come after the first ``SCOPES`` of their kind: imports declare no more."""
    met: Counter[str] = Counter()
    beyond: dict[str, int] = {}
    for scope, events in scopes.items():
        kind = scope.partition(":")[0]
        met[kind] += 1
        if met[kind] > SCOPES:
            beyond[scope] = events
    return beyond
