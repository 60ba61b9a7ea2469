"""Reading ahead: the next chunks are decoded in a thread of their own while the store writes the last ones.

What a chunk says depends on nothing that a fold changes, so it may be read at any time; and while a checkpoint is
written we mostly wait for the database. Nothing is lost where a chunk turns out otherwise than it was when it was read
ahead, cut or joined with another: it is read when it is folded, as every chunk is that was not read ahead.
"""

from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor

from models.chunks import Chunk
from models.identifiers import Offset, Partition
from streams.arrivals import Reading, read

_Stretch = tuple[Partition, Offset, Offset]


class ReadAhead:
    """A ``Read`` for folds; one thread may begin while another reads."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ahead")
        self._begun: dict[_Stretch, Future[Reading]] = {}

    def begin(self, chunks: Iterable[Chunk], partitions: int) -> None:
        """Begin to read ``chunks`` of a log of ``partitions`` partitions, and forget what was begun before.

        Returns at once.
        """
        for reading in self._begun.values():
            reading.cancel()
        self._begun = {_stretch(chunk): self._thread.submit(read, chunk, partitions) for chunk in chunks}

    def __call__(self, chunk: Chunk, partitions: int, /) -> Reading:
        """Return what ``chunk`` says; each reading is given once, since a fold goes on with it as its own.

        Waits for one that has begun already; one that has not is read here, sooner than behind others in the queue.
        """
        begun = self._begun.pop(_stretch(chunk), None)
        return read(chunk, partitions) if begun is None or begun.cancel() else begun.result()


def _stretch(chunk: Chunk) -> _Stretch:
    return chunk.partition, chunk.start, chunk.end
