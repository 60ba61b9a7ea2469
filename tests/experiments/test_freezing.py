"""The frozen plan's hash: of what the plan says, through later versions, erasures and the records of before."""

import hashlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from experiments.freezing import FROZEN, frozen_hash
from experiments.ledger import Experiment, from_json, hash_of, to_json
from experiments.plan import Step
from experiments.root_causes import Evidence
from models.errors import InvalidInput
from tests.experiments.loops import a_cause, day, running, with_plan

WHO = "p1_" + "abcdefghijklmnopqrstuvwxyz234567"


def quoting(who: str) -> Experiment:
    cause = a_cause()
    proof = Evidence("verbatim", f"{who} wrote that it all began again ({who}).")
    quoted = replace(cause, evidence=(*cause.evidence, proof))
    base = replace(running(), plan_hash=None)
    made = replace(base, plan=with_plan(base, causes=(quoted,)))
    return replace(made, plan_hash=hash_of(made))


def test_forgetting_somebody_whom_an_evidence_quotes_leaves_the_plan_readable() -> None:
    """An erasure blots the pseudonym out of every text, the frozen plan's too."""
    kept = to_json(quoting(WHO))
    blotted = kept.replace(WHO.encode(), b"erased")
    assert WHO.encode() not in blotted
    assert from_json(blotted).plan_hash == from_json(kept).plan_hash
    with pytest.raises(InvalidInput, match="not the one frozen"):
        from_json(kept.replace(b"began again", b"went well"))


def test_a_field_that_a_later_version_adds_leaves_old_hashes_valid() -> None:
    class Later(msgspec.Struct, frozen=True, kw_only=True):
        text: str
        responsible: str = ""
        cost: float | None = None
        tags: tuple[str, ...] = ()

    before = running()
    later = msgspec.structs.replace(before, plan=with_plan(before, steps=(Step("call back"),)))
    renamed = msgspec.structs.replace(before, plan=with_plan(before, steps=(Later(text="call back"),)))
    assert frozen_hash(later) == frozen_hash(renamed)
    dearer = msgspec.structs.replace(before, plan=with_plan(before, steps=(Later(text="call back", cost=3.0),)))
    assert frozen_hash(dearer) != frozen_hash(later)


def of_before(experiment: Experiment) -> bytes:
    """Return the record as the first version wrote it: with the hash over its own text, and none of today's fields."""
    stored = msgspec.json.decode(to_json(experiment))
    for name in ("drawn", "conclusion", "recheck"):
        del stored[name]
    for name in ("allocation", "further"):
        del stored["plan"][name]
    for name in ("layout", "rehearsal"):
        del stored["plan"]["design"][name]
    text = msgspec.json.encode([stored[name] for name in FROZEN])
    stored["plan_hash"] = hashlib.sha256(text).hexdigest()
    return msgspec.json.encode(stored)


def test_a_record_frozen_by_the_first_version_is_checked_read_and_kept_under_its_new_hash() -> None:
    old = of_before(running())
    read = from_json(old)
    assert read.plan == running().plan
    assert read.plan_hash == hash_of(read)
    assert from_json(to_json(read)) == read
    with pytest.raises(InvalidInput, match="not the one frozen"):
        from_json(old.replace(b'"size":5.0', b'"size":4.0'))


@given(at=st.integers(0, 400), by=st.integers(1, 255))
def test_whatever_changes_in_a_frozen_part_is_seen(at: int, by: int) -> None:
    """Any byte of the plan, turned into another: refused, unless the record still says the same."""
    kept = to_json(running())
    place = kept.index(b'"plan":') + 8 + at
    spoilt = bytearray(kept)
    spoilt[place] ^= by
    try:
        read = from_json(bytes(spoilt))
    except InvalidInput:
        return
    assert read.plan == running().plan
    assert day(0) == read.started_at
