"""Dead letters sent through the log again after a fix: the original bytes, and a mark on the letter.

Nothing is lost by trying: a letter that is still wrong dies again at its new place, with its reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from models.effects import DeadLetter
from models.errors import RejectedEvent
from models.identifiers import Millis, Offset, Partition
from models.instants import render
from models.interactions.decoding import Decoded, decode
from models.interactions.validation import parse
from store.database import Store
from store.dead_letters import KeptLetter
from streams.chunks import Log
from streams.facts import FUTURE

Place = tuple[Partition, Offset]
CONFLICT = "id_conflict"


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of the letters that were to be replayed."""

    appended: int
    still_wrong: dict[Place, str]
    """Letters that were left alone, with the reason."""


def replay(store: Store, log: Log, letters: Sequence[KeptLetter], now: Millis) -> Replayed:
    """Append the original bytes of ``letters`` again and mark them; those that would only die again are left alone.

    Appended before they are marked: should we die between, they are replayed twice, which dedupe makes harmless.
    """
    ready: list[tuple[KeptLetter, bytes]] = []
    wrong: dict[Place, str] = {}
    for kept in letters:
        key_or_reason = _key(kept.letter, now)
        if isinstance(key_or_reason, bytes):
            ready.append((kept, key_or_reason))
        else:
            wrong[kept.partition, kept.letter.offset] = key_or_reason
    log.append([(key, kept.letter.raw) for kept, key in ready])
    store.dead_letters.mark_replayed([(kept.partition, kept.letter.offset) for kept, _ in ready], now)
    return Replayed(len(ready), wrong)


def _key(letter: DeadLetter, now: Millis) -> bytes | str:
    """Return the key to append ``letter`` under, or why it would die again."""
    if letter.code == CONFLICT:
        return "its id is still taken by another event: the sender must send it under a new id"
    subject = _subject(letter.raw)
    if subject is None:
        return "it is no event: mend the mapping or the sender, and send the row again"
    key = subject.encode()
    try:
        decoded = decode(letter.raw, key)
    except RejectedEvent as rejected:
        return str(rejected.fault)
    if not isinstance(decoded, Decoded):
        return "it is one of Ressenti's own records: nothing to replay"
    if decoded.fact.time > now + FUTURE:
        return f"its time is still to come ({render(decoded.fact.time)}): replay it then, or mend the sender's clock"
    return key


def _subject(raw: bytes) -> str | None:
    try:
        tree = parse(raw)
    except RejectedEvent:
        return None
    subject = tree.get("subject") if isinstance(tree, dict) else None
    return subject if isinstance(subject, str) else None
