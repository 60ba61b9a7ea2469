import random
import tempfile
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import StoreFull
from streams.history.ordering import ExternalSort

Item = tuple[int, str, bytes]


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(-5, 2**40), st.text(max_size=5), st.binary(max_size=9))), st.integers(0, 2_000))
def test_it_gives_back_what_it_took_sorted_whatever_fits_in_memory(items: list[Item], limit: int) -> None:
    with ExternalSort[Item](Item, limit) as sort:
        for item in items:
            sort.add(item, 100)
        assert sort.count == len(items)
        assert list(sort) == sorted(items)


def test_memory_holds_no_more_than_the_limit() -> None:
    with ExternalSort[Item](Item, 10_000) as sort:
        numbers = random.Random(7).sample(range(5_000), 5_000)
        for number in numbers:
            sort.add((number, "", b""), 100)
            assert len(sort._held) <= 101
        assert [item[0] for item in sort] == list(range(5_000))


def full_disk(**_: object) -> BinaryIO:
    return open("/dev/full", "wb", buffering=0)  # noqa: PTH123 - stands for a temporary file


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here to stand for a full disk")
def test_a_full_disk_is_said_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "TemporaryFile", full_disk)
    with ExternalSort[Item](Item, 0) as sort, pytest.raises(StoreFull, match=r"no room to sort in .*; free .* TMPDIR"):
        sort.add((1, "", b""), 100)
