"""Small made-up exports and mappings that the tests of history share; no row of anybody's data."""

import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.interactions.decoding import Decoded, Reject, decode
from models.pseudonyms import PseudonymKey
from store.imports import ImportProgress
from streams.history.importing import Imported, Target, import_files

KEY = PseudonymKey(1, b"a key for tests only")
SHARED = Path(__file__).parents[4] / "shared" / "data"

CALLS = """
name = "calls"
source = "phone-system"
[file]
delimiter = ";"
missing = ["", "?"]
times = ["%d/%m/%Y %H:%M"]
timezone = "Europe/Paris"
[row]
subject = "{customer}"
time = "at"
identity = ["call", "line"]
case = ["call"]
[common]
touchpoint = "support"
channel = "phone"
[[event]]
name = "called"
type = "contact"
[event.fields]
contact = "{call}"
phase = { column = "state", map = { waiting = "queued", done = "ended" }, otherwise = "progress" }
cold_transfers = { integer = "transfers" }
[[event]]
name = "complained"
type = "complaint"
when = { comment = { present = true } }
fields = { complaint = "{call}", verbatim = { words = "comment" } }
"""
HEADER = "call;line;customer;at;state;transfers;comment"


@dataclass
class FakeLog:
    """A log in memory that keeps progress as the real one does; ``fail_after`` so many records it dies."""

    records: list[tuple[bytes, bytes]] = field(default_factory=list)
    kept: dict[tuple[str, str], ImportProgress] = field(default_factory=dict)
    fail_after: int | None = None

    def append_import(self, records: Sequence[tuple[bytes, bytes]], progress: ImportProgress) -> None:
        if self.fail_after is not None and len(self.records) + len(records) > self.fail_after:
            raise KeyboardInterrupt
        self.records.extend(records)
        self.kept[progress.digest, progress.mapping] = progress

    def find(self, digest: str, mapping: str) -> ImportProgress | None:
        return self.kept.get((digest, mapping))

    @property
    def target(self) -> Target:
        return Target(self, self, KEY)

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(value) for _, value in self.records]

    def facts(self) -> list[Decoded]:
        return [made for key, value in self.records if isinstance(made := decode(value, key), Decoded)]

    def rejects(self) -> list[Reject]:
        return [made for key, value in self.records if isinstance(made := decode(value, key), Reject)]


def imported(
    folder: Path, rows: str | bytes, mapping: str = CALLS, name: str = "calls.csv"
) -> tuple[Imported, FakeLog]:
    """Return what importing ``rows`` (with a header) through ``mapping`` gives."""
    log = FakeLog()
    return import_files([written(folder, rows, name)], str(mapping_in(folder, mapping)), log.target), log


def written(folder: Path, rows: str | bytes, name: str = "calls.csv") -> Path:
    """Write ``rows`` to ``folder``, gzipped where the name says so."""
    path = folder / name
    data = rows.encode() if isinstance(rows, str) else rows
    path.write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)
    return path


def mapping_in(folder: Path, text: str = CALLS) -> Path:
    """Write a mapping to ``folder``."""
    path = folder / "mapping.toml"
    path.write_text(text, encoding="utf-8")
    return path


def calls(count: int) -> Iterator[str]:
    """Yield the lines of an export of ``count`` calls of two rows each, latest call first."""
    yield HEADER
    for call in reversed(range(count)):
        day = f"{1 + call // 24 % 28:02d}/03/2026"
        yield f"{call};1;customer {call % 7};{day} {call % 24:02d}:00;waiting;0;"
        yield f"{call};2;customer {call % 7};{day} {call % 24:02d}:10;done;{call % 3};"
