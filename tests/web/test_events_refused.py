"""When the collector takes nothing: no key, too much at once, a store that cannot write; nothing is half written."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Iterator
from http import HTTPStatus

import httpx
import pytest
from httpx import Client, Response
from structlog.testing import capture_logs

from store.database import Store
from streams.bootstrap import House, built
from streams.settings import Settings
from tests.web.asking import asking
from tests.web.houses import Clock, event
from web.app import create_app
from web.events.admission import MOST_IN_FLIGHT, Admission
from web.events.body import STRUCTURED
from web.problems import MEDIA_TYPE, Problem
from web.security import HEADERS

ELSEWHERE = "203.0.113.9"


def post(client: Client, secret: str | None = None, **changes: object) -> Response:
    headers = {"content-type": STRUCTURED} | ({} if secret is None else {"authorization": f"Bearer {secret}"})
    return client.post("/v1/events", content=json.dumps(event(**changes)), headers=headers)  # type: ignore[arg-type]


def records(house: House) -> int:
    return sum(house.store.log.ends().values())


def assert_problem(answer: Response, status: int) -> None:
    assert answer.status_code == answer.json()["status"] == status
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.json()["remedy"]


def test_a_key_is_needed_from_elsewhere_even_before_there_are_any(house: House) -> None:
    with asking(create_app(house), ELSEWHERE) as client:
        answer = post(client)
        assert_problem(answer, 401)
        assert answer.headers["www-authenticate"] == "Bearer"
    assert records(house) == 0


def test_a_key_speaks_for_its_source_and_what_lies_below_it(house: House) -> None:
    _, secret = house.store.keys.create("/phone", "test", house.now())
    with asking(create_app(house), ELSEWHERE) as client:
        assert post(client, secret).status_code == 202
        assert post(client, secret, number=2, source="/phone/paris").status_code == 202
        answer = post(client, secret, number=3, source="/phones")
        assert answer.status_code == 400
        (verdict,) = answer.json()["verdicts"]
        assert (verdict["code"], verdict["field"]) == ("forbidden_source", "source")
        assert verdict["remedy"]
        assert_problem(post(client, "rsk_wrong", number=4), 401)
    assert records(house) == 2


def test_once_there_was_a_key_this_machine_needs_one_too(client: Client, house: House) -> None:
    assert post(client).status_code == 202
    key, secret = house.store.keys.create("/phone", "test", house.now())
    assert_problem(post(client, number=2), 401)
    assert post(client, secret, number=2).status_code == 202
    house.store.keys.revoke(key.id, "test", house.now())
    assert_problem(post(client, secret, number=3), 401)
    assert_problem(post(client, number=3), 401)
    assert records(house) == 2


def test_a_source_with_too_many_requests_in_flight_waits_and_others_do_not() -> None:
    admission = Admission(most=2)
    admission.enter("/phone")
    admission.enter("/phone")
    with pytest.raises(Problem) as refused:
        admission.enter("/phone")
    assert refused.value.status is HTTPStatus.TOO_MANY_REQUESTS
    assert int(refused.value.headers["Retry-After"]) > 0
    admission.enter("/shop")
    admission.leave("/phone")
    admission.enter("/phone")


def test_slow_senders_meet_429_and_are_served_afterwards(house: House) -> None:
    app = create_app(house)

    async def crowd() -> list[Response]:
        go_on = asyncio.Event()

        async def body(number: int) -> AsyncIterator[bytes]:
            yield json.dumps(event(number)).encode()
            await go_on.wait()

        transport = httpx.ASGITransport(app, client=("127.0.0.1", 50_000))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            headers = {"content-type": STRUCTURED}
            slow = [
                asyncio.create_task(client.post("/v1/events", content=body(n), headers=headers))
                for n in range(1, MOST_IN_FLIGHT + 1)
            ]
            for _ in range(1_000):
                if sum(app.state.admission._in_flight.values()) == MOST_IN_FLIGHT:
                    break
                await asyncio.sleep(0.01)
            refused = await client.post("/v1/events", content=json.dumps(event(99)), headers=headers)
            go_on.set()
            answers = [refused, *(await asyncio.gather(*slow))]
            answers.append(await client.post("/v1/events", content=json.dumps(event(99)), headers=headers))
            return answers

    refused, *served = asyncio.run(crowd())
    assert_problem(refused, 429)
    assert int(refused.headers["retry-after"]) > 0
    assert {answer.status_code for answer in served} == {202}
    assert records(house) == MOST_IN_FLIGHT + 1


@pytest.fixture
def impatient(settings: Settings, clock: Clock) -> Iterator[House]:
    """Return a house whose store waits for a lock for a tenth of a second only."""
    with Store.open(settings.data, clock=clock, busy_ms=100) as store:
        yield built(settings, store, clock)


def assert_comes_back(answer: Response) -> None:
    assert_problem(answer, 503)
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize("file", ["log.db", "store.db"])
def test_a_locked_database_is_503_and_the_same_request_works_later(impatient: House, file: str) -> None:
    other = sqlite3.connect(impatient.settings.data / file, isolation_level=None)
    with asking(create_app(impatient)) as client:
        other.execute("BEGIN EXCLUSIVE")
        with capture_logs() as lines:
            answer = post(client)
            assert_comes_back(post(client))
        assert [(line["log_level"], line["reason"]) for line in lines] == [("warning", answer.json()["detail"])]
        assert_comes_back(answer)
        assert records(impatient) == 0
        other.execute("ROLLBACK")
        assert post(client).status_code == 202
    other.close()
    assert records(impatient) == 1


def test_a_full_disk_is_503_with_nothing_written(impatient: House) -> None:
    with impatient.store._own_folder.log_file.write() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    big = {"complaint": "k", "verbatim": "very long " * 480}
    with asking(create_app(impatient)) as client:
        answers = [
            post(client, number=n, type="ressenti.complaint", data={**big, "complaint": f"k{n}"}) for n in range(9)
        ]
    full = [answer for answer in answers if answer.status_code != 202]
    assert full
    for answer in full:
        assert_comes_back(answer)
        assert "disk is full" in answer.json()["detail"]
    assert records(impatient) == len(answers) - len(full)


def test_an_error_of_ours_is_500_without_its_insides(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> object:
        raise RuntimeError("a secret path")

    monkeypatch.setattr(type(house.collector), "collect", broken)
    with asking(create_app(house), raises=False) as client, capture_logs() as logged:
        answer = post(client)
    assert [each["event"] for each in logged] == ["a request failed"]
    assert_problem(answer, 500)
    assert HEADERS.items() <= {name: answer.headers.get(name) for name in HEADERS}.items()
    assert "secret" not in answer.text
