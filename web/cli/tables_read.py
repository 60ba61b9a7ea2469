"""Delimited text files as lines, packed or not; what cannot be read is said in words."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from models.errors import InvalidInput

_PACKED = b"\x1f\x8b"


@contextmanager
def opened_text(file: Path) -> Iterator[Iterator[str]]:
    """Yield the lines of a text file, unpacking gzip; raises ``InvalidInput``, while they are read, too."""
    try:
        with file.open("rb") as raw:
            packed = raw.read(len(_PACKED)) == _PACKED
        opening = _unpacked(file) if packed else file.open(encoding="utf-8", newline="")
    except OSError as error:
        raise InvalidInput(f"{file}: cannot be read ({error.strerror or error}); name a file that can") from None
    with opening as text:
        yield _lines(text, file)


def _unpacked(file: Path) -> IO[str]:
    return gzip.open(file, "rt", encoding="utf-8", newline="")


def _lines(text: IO[str], file: Path) -> Iterator[str]:
    read = 0
    try:
        for line in text:
            read += 1
            yield line
    except UnicodeDecodeError:
        raise InvalidInput(f"{file}: after line {read}: it is not UTF-8; save the file as UTF-8") from None
    except EOFError:
        raise InvalidInput(f"{file}: it is cut short after line {read}; fetch it again") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise InvalidInput(f"{file}: it is damaged after line {read} ({error}); fetch it again") from None
