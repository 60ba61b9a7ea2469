"""The collector over HTTP: a verdict for each event, and 202 only for what is durable."""

import gzip
import json
import random
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest
from httpx import Client, Response

from streams.bootstrap import House, opened
from tests.web.houses import NOW, Clock, event
from web.events import body as bodies
from web.events.body import BATCH, MAX_MEMBERS, NDJSON, STRUCTURED, _gunzip

Bytes = Callable[[list[dict[str, object]]], bytes]


def post(client: Client, body: bytes, media: str = STRUCTURED, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/v1/events", content=body, headers={"content-type": media, **named})


def one(**changes: object) -> bytes:
    return json.dumps(event(**changes)).encode()  # type: ignore[arg-type]


def lines(events: list[dict[str, object]]) -> bytes:
    return b"\n".join(json.dumps(each).encode() for each in events)


def counts(answer: Response) -> tuple[int, int, int]:
    told = answer.json()
    return told["accepted"], told["duplicate"], told["rejected"]


def kept_on_disk(house: House) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(house.settings.data.iterdir()) if ".db" in path.name)


def records(house: House) -> int:
    return sum(house.store.log.ends().values())


def test_one_structured_event_is_accepted_and_scored(client: Client, house: House) -> None:
    answer = post(client, one())
    assert answer.status_code == 202
    assert answer.json()["verdicts"] == [{"status": "accepted", "id": "e1", "source": "/phone"}]
    assert house.settle() == 1
    assert house.store.partitions.counters().scored == 1


@pytest.mark.parametrize(
    ("media", "encode"),
    [
        (BATCH, lambda events: json.dumps(events).encode()),
        ("application/json", lambda events: json.dumps(events).encode()),
        (NDJSON, lines),
        ("application/jsonl", lambda events: lines(events) + b"\r\n\n"),
        ("application/x-ndjson; charset=UTF-8", lines),
    ],
)
def test_many_events_in_one_request(client: Client, house: House, media: str, encode: Bytes) -> None:
    answer = post(client, encode([event(n) for n in range(1, 4)]), media)
    assert answer.status_code == 202
    assert counts(answer) == (3, 0, 0)
    assert records(house) == 3


def test_verdicts_stand_in_the_order_of_the_events(client: Client) -> None:
    wrong = event(2, time="yesterday")
    again, other = event(1), event(1, time="2026-03-01T00:00:00Z")
    answer = post(client, lines([event(1), wrong, again, other, event(3)]), NDJSON)
    assert answer.status_code == 202
    verdicts = answer.json()["verdicts"]
    assert [verdict["status"] for verdict in verdicts] == ["accepted", "rejected", "duplicate", "rejected", "accepted"]
    assert [verdict.get("field") for verdict in verdicts] == [None, "time", None, "id", None]
    assert verdicts[3]["code"] == "id_conflict"
    assert all(verdict["fault"] and verdict["remedy"] for verdict in verdicts if verdict["status"] == "rejected")


def test_what_was_accepted_outlives_the_process(client: Client, house: House) -> None:
    assert post(client, one()).status_code == 202
    # No orderly end: a second process finds what the first one's files hold at this moment.
    with opened(house.settings, Clock(NOW)) as second:
        assert records(second) == 1
        (verdict,) = second.collector.collect([one()], None)
        assert verdict.status == "accepted"  # not folded yet: the fold tells repeats apart, exactly
        assert second.settle() == 2
        assert second.store.partitions.counters().duplicates == 1


@pytest.mark.parametrize("members", [1, 3])
def test_gzip_of_one_and_of_several_members(client: Client, members: int) -> None:
    body = b"".join(gzip.compress(lines([event(n)]) + b"\n") for n in range(1, members + 1))
    answer = post(client, body, NDJSON, content_encoding="gzip")
    assert answer.status_code == 202
    assert counts(answer) == (members, 0, 0)


def test_members_of_any_size_are_unpacked_whole_wherever_they_end() -> None:
    members = [random.Random(n).randbytes(size) for n, size in enumerate([0, 1, 65_500, 65_536, 200_000, 3])]
    assert _gunzip(b"".join(map(gzip.compress, members))) == b"".join(members)
    assert _gunzip(gzip.compress(b"") * (MAX_MEMBERS - 1) + gzip.compress(b"x")) == b"x"


def test_what_a_member_leaves_is_not_copied_again_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    fed: list[int] = []

    class Counted:
        def __init__(self, bits: int) -> None:
            self._true = zlib.decompressobj(bits)

        def decompress(self, data: bytes, most: int) -> bytes:
            fed.append(len(data))
            return self._true.decompress(data, most)

        eof = property(lambda self: self._true.eof)
        unused_data = property(lambda self: self._true.unused_data)

    monkeypatch.setattr(bodies, "zlib", SimpleNamespace(decompressobj=Counted, error=zlib.error))
    data = gzip.compress(b"") * (MAX_MEMBERS - 1) + gzip.compress(random.Random(1).randbytes(4 << 20))
    assert len(_gunzip(data)) == 4 << 20
    assert sum(fed) < len(data) + MAX_MEMBERS * (64 << 10)


CUT = gzip.compress(one())[:-9]
EMPTY = gzip.compress(b"")
BOMB = gzip.compress(b" " * (9 << 20))


@pytest.mark.parametrize(
    ("body", "headers", "told"),
    [
        (CUT, {"content_encoding": "gzip"}, (400, "cut short")),
        (b"not gzip at all", {"content_encoding": "gzip"}, (400, "damaged")),
        (BOMB, {"content_encoding": "gzip"}, (413, "8 MiB")),
        (EMPTY * 101, {"content_encoding": "gzip"}, (400, "more than 100 members")),
        (EMPTY * 99 + b"no gzip", {"content_encoding": "gzip"}, (400, "damaged")),
        (b" " * (9 << 20), {}, (413, "8 MiB")),
        (one(), {"content_encoding": "br"}, (415, "br")),
        (one(), {"media": "text/plain"}, (415, "text/plain")),
        (one(), {"media": ""}, (415, "Content-Type")),
        (one(), {"media": f"{STRUCTURED}; charset=iso-8859-1"}, (415, "iso-8859-1")),
        (b"{", {"media": BATCH}, (400, "batch")),
        (b'{"id": 1}', {"media": BATCH}, (400, "batch")),
        (b"[" + b"1," * 10_000 + b"1]", {"media": BATCH}, (413, "10001 events")),
    ],
)
def test_a_body_that_cannot_be_read_is_a_problem_with_a_remedy(
    client: Client, house: House, body: bytes, headers: Mapping[str, str], told: tuple[int, str]
) -> None:
    answer = post(client, body, **headers)
    problem = answer.json()
    status, says = told
    assert answer.status_code == problem["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert says in problem["detail"]
    assert problem["remedy"]
    assert {"type", "title", "instance"} <= problem.keys()
    assert records(house) == 0


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "malformed"),
        (b"{", "malformed"),
        (one().replace(b"600", b"NaN"), "malformed"),
        (one().replace(b"billing", "fran\u00e7ais".encode("latin-1")), "malformed"),
        (b"[" * 5_000, "too_deep"),
        (b'"a string"', "wrong_type"),
        (one(type="ressenti.reject", data={"code": "x"}), "reserved_type"),
        (one(type="ressenti.due", data={}), "reserved_type"),
        (one(type="ressenti.nothing"), "unknown_type"),
        (one(time="0001-01-01T00:00:00Z"), None),
        (one(time="9999-12-31T23:59:59Z"), None),
        (one(subject=""), None),
        (one(data={"contact": "c", "phase": "ended", "waits_s": [-1]}), None),
        (one(data={"contact": "c", "phase": "ended", "verbatim": "x" * (1 << 20)}), "too_large"),
    ],
)
def test_an_event_that_breaks_the_contract_is_refused_with_code_field_and_remedy(
    client: Client, house: House, body: bytes, code: str | None
) -> None:
    answer = post(client, body)
    assert answer.status_code == 400
    (verdict,) = answer.json()["verdicts"]
    assert verdict["status"] == "rejected"
    assert verdict["field"]
    assert verdict["fault"]
    assert verdict["remedy"]
    assert code in {None, verdict["code"]}
    assert records(house) == 0


def test_of_two_equal_keys_the_last_counts_for_every_reader(client: Client, house: House) -> None:
    doubled = one().replace(b'"id": "e1"', b'"id": "first", "id": "second"')
    answer = post(client, doubled)
    assert answer.json()["verdicts"][0]["id"] == "second"
    house.settle()
    assert house.store.partitions.counters().scored == 1


def test_the_customers_own_id_is_kept_nowhere(client: Client, house: House) -> None:
    raw = "raw-id-that-must-not-be-kept@example.org"
    said = event(2, raw, type="ressenti.complaint", data={"complaint": "k", "verbatim": f"I am {raw}, call me"})
    assert counts(post(client, lines([event(1, raw), said]), NDJSON)) == (2, 0, 0)
    assert post(client, one(number=3, subject=raw, time="never")).status_code == 400
    house.settle()
    assert house.store.customers.count() == 1
    assert raw.encode() not in kept_on_disk(house)
    assert b"billing" in kept_on_disk(house)


def test_fields_the_contract_does_not_know_are_not_kept(client: Client, house: House) -> None:
    sent = event(1, secretname="Jeanne Martin")
    sent["data"] = {**dict(sent["data"]), "iban": "FR7630006000011234567890189"}  # type: ignore[call-overload]
    assert post(client, json.dumps(sent).encode()).status_code == 202
    house.settle()
    kept = kept_on_disk(house)
    assert b"Jeanne Martin" not in kept
    assert b"FR7630006000011234567890189" not in kept


def test_settings_folder_holds_no_api_key(client: Client, house: House, tmp_path: Path) -> None:
    _, secret = house.store.keys.create("/phone", "test", house.now())
    assert post(client, one(), authorization=f"Bearer {secret}").status_code == 202
    assert secret.encode() not in kept_on_disk(house)
    assert (tmp_path / "data").exists()
