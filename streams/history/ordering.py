"""Sorting more than memory holds: sorted runs on disk, merged. Bounded by ``limit`` bytes, whatever the file's size."""

import heapq
import tempfile
from collections.abc import Iterator
from types import TracebackType
from typing import IO, Generic, Self, TypeVar

import msgspec

from models.errors import StoreFull

Item = TypeVar("Item", bound=tuple[object, ...])
RUN_BYTES = 32 << 20


class ExternalSort(Generic[Item]):
    """Takes items in any order and gives them back in theirs; their first fields are unique and comparable.

    Runs lie in nameless temporary files, so a killed process leaves nothing behind.
    """

    def __init__(self, form: object, limit: int = RUN_BYTES) -> None:
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder: msgspec.msgpack.Decoder[Item] = msgspec.msgpack.Decoder(form)
        self._limit = limit
        self._held: list[Item] = []
        self._size = 0
        self._runs: list[IO[bytes]] = []
        self.count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for run in self._runs:
            run.close()

    def add(self, item: Item, size: int) -> None:
        """Take ``item``, about ``size`` bytes; may block on the disk. Raises ``StoreFull``."""
        self._held.append(item)
        self._size += size
        self.count += 1
        if self._size > self._limit:
            self._spill()

    def __iter__(self) -> Iterator[Item]:
        """Yield every item in order; call it once, after the last ``add``."""
        self._held.sort()
        return heapq.merge(*(self._read(run) for run in self._runs), self._held)

    def _spill(self) -> None:
        self._held.sort()
        try:
            run = tempfile.TemporaryFile(prefix="ressenti-sort-")  # noqa: SIM115 - closed by ``__exit__``
            self._runs.append(run)
            for item in self._held:
                data = self._encoder.encode(item)
                run.write(len(data).to_bytes(4, "little") + data)
            run.flush()
        except OSError as error:
            raise StoreFull(
                f"no room to sort in {tempfile.gettempdir()} ({error.strerror}); free about twice the unpacked "
                "file, or set TMPDIR to a folder that has it"
            ) from error
        self._held, self._size = [], 0

    def _read(self, run: IO[bytes]) -> Iterator[Item]:
        run.seek(0)
        while head := run.read(4):
            yield self._decoder.decode(run.read(int.from_bytes(head, "little")))
