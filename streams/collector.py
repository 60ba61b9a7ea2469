"""The collector's rules, without HTTP: what is taken, what is refused and why, and what may reach the log at all.

Nothing raw gets past here: customers become pseudonyms, words are redacted, fields the contract does not know are left
out. The steps for one request are numbered in ``collect``.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from models.customers import unpack
from models.errors import Fault, RejectedEvent
from models.facts import AnyFact
from models.identifiers import Millis, Partition, Subject
from models.instants import render
from models.interactions.admission import admit
from models.interactions.decoding import decoded
from models.interactions.validation import parse
from models.partitions import partition_of
from models.pseudonyms import PseudonymKey
from streams.chunks import Log
from streams.declaring import Declaring, Met, met
from streams.facts import FUTURE
from streams.memory import RecentEvents
from streams.state import Load
from streams.verdicts import Verdict

Clock = Callable[[], Millis]


@dataclass(slots=True)
class Collected:
    """What the collector did since it was made; ``/metrics`` shows it."""

    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    unknown_fields: int = 0


@dataclass(frozen=True, slots=True)
class Ready:
    """One event that may be appended."""

    fact: AnyFact
    subject: Subject
    value: bytes


class Collector:
    """Takes events in; safe to use from many threads, blocks until what it accepts is durable."""

    def __init__(  # noqa: PLR0913 - six parts of the house, each used by one numbered step
        self, log: Log, load: Load, declaring: Declaring, key: PseudonymKey, recent: RecentEvents, *, clock: Clock
    ) -> None:
        self._log = log
        self._load = load
        self._declaring = declaring
        self._key = key
        self._recent = recent
        self._clock = clock
        self.collected = Collected()

    def collect(self, events: Sequence[bytes], source: str | None) -> list[Verdict]:
        """Return a verdict for each of ``events``, in their order; those accepted are durable when this returns.

        ``source`` is the API key's; events must come from it or from below it. ``None`` takes any source (trusted
        callers). Raises ``StoreFull`` and ``StoreBusy`` with nothing appended: send all of it again later.
        """
        verdicts: list[Verdict | None] = [None] * len(events)
        ready: dict[int, Ready] = {}
        for at, event in enumerate(events):
            tree: object = None
            try:
                tree = parse(event)  # 1. JSON, within bounds
                ready[at] = self._ready(tree, source)  # 2. private, valid, of this source
            except RejectedEvent as rejected:
                verdicts[at] = Verdict("rejected", _text(tree, "id"), _text(tree, "source"), rejected.fault)
        self._set_known_apart(ready, verdicts)  # 3. what came before
        self._declaring.meet(_mets(ready.values()))  # 4. new scopes, before what brings them
        self._log.append([(one.subject.encode(), one.value) for one in ready.values()])  # 5. durable
        self._recent.remember({one.fact.identity: one.fact.content for one in ready.values()})
        for at, one in ready.items():
            verdicts[at] = Verdict("accepted", one.fact.id, one.fact.source)
        return self._counted([verdict for verdict in verdicts if verdict is not None])

    def _ready(self, tree: object, source: str | None) -> Ready:
        """Return the event as it may be kept; raises ``RejectedEvent``."""
        admitted = admit(tree, self._key)
        self.collected.unknown_fields += admitted.unknown_fields
        if source is not None and not _is_from(admitted.event.source, source):
            raise RejectedEvent(
                Fault(
                    "forbidden_source",
                    "source",
                    f"this API key is for {source!r}, not for {admitted.event.source!r}",
                    "send events of your own source, or ask for a key of that one",
                )
            )
        made = decoded(admitted.event)
        if made.fact.time > self._clock() + FUTURE:
            raise RejectedEvent(
                Fault(
                    "future_time",
                    "time",
                    f"{render(made.fact.time)} is more than five minutes ahead of our clock",
                    "set the sender's clock, or send the event when it has happened",
                )
            )
        return Ready(made.fact, made.subject, admitted.value)

    def _set_known_apart(self, ready: dict[int, Ready], verdicts: list[Verdict | None]) -> None:
        """Move what is known already (recently, in the store, earlier in this request) from ``ready`` to verdicts."""
        known = self._known_contents(list(ready.values()))
        for at, one in list(ready.items()):
            content = known.setdefault(one.fact.identity, None)
            if content is None:
                known[one.fact.identity] = one.fact.content
            else:
                del ready[at]
                verdicts[at] = _known_verdict(one.fact, content)

    def _known_contents(self, ready: Sequence[Ready]) -> dict[tuple[str, str], int | None]:
        known: dict[tuple[str, str], int | None] = {}
        wanted: dict[Partition, set[Subject]] = {}
        for one in ready:
            content = self._recent.content(one.fact.identity)
            if content is not None:
                known[one.fact.identity] = content
            else:
                partition = partition_of(one.subject.encode(), self._log.partitions)
                wanted.setdefault(partition, set()).add(one.subject)
        for partition, subjects in wanted.items():
            for row in self._load(partition, subjects).values():
                known.update((fact.identity, fact.content) for fact in unpack(row).facts)
        return known

    def _counted(self, verdicts: list[Verdict]) -> list[Verdict]:
        for verdict in verdicts:
            if verdict.status == "accepted":
                self.collected.accepted += 1
            elif verdict.status == "duplicate":
                self.collected.duplicates += 1
            else:
                self.collected.rejected += 1
        return verdicts


def _known_verdict(fact: AnyFact, content: int) -> Verdict:
    if content == fact.content:
        return Verdict("duplicate", fact.id, fact.source)
    fault = Fault(
        "id_conflict",
        "id",
        f"{fact.source!r} already sent another event under the id {fact.id!r}",
        "send updates under a new id and the same contact, promise or incident",
    )
    return Verdict("rejected", fact.id, fact.source, fault)


def _is_from(source: str, allowed: str) -> bool:
    return source == allowed or source.startswith(f"{allowed.rstrip('/')}/")


def _mets(ready: Iterable[Ready]) -> list[Met]:
    return [found for one in ready if (found := met(one.value)) is not None]


def _text(tree: object, name: str) -> str | None:
    """Return what an event that was refused calls itself, if it does, cut to what a verdict may repeat."""
    value = tree.get(name) if isinstance(tree, Mapping) else None
    return value[:128] if isinstance(value, str) else None
