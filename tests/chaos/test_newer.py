"""The next version's rows: this version reads past what it does not know, and they are told apart."""

import pytest

from models.customers import STATE_FORMAT, CustomerState, unpack
from models.identifiers import Millis
from tests.chaos.newer import pack


def test_this_version_reads_the_next_versions_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAOS_STATE_FORMAT", str(STATE_FORMAT + 1))
    state = CustomerState(clock=Millis(3), asof=Millis(5), seen=b"12345678", version=2, measured=["x1"])
    read = unpack(pack(state))
    assert read.format == STATE_FORMAT + 1
    read.format = STATE_FORMAT
    assert read == state
