"""Without a proxy only this machine is answered, and only under its own names; with one, whatever it passes on."""

import json
from collections.abc import Iterator
from socket import create_server

import pytest
from httpx import Client

from models.errors import RefusedToStart
from store.database import Store
from streams.bootstrap import House, built
from streams.settings import Settings, read
from tests.web.asking import asking
from tests.web.houses import Clock, event
from web.app import create_app, listening
from web.events.body import STRUCTURED
from web.security import HEADERS, check_address

OWN = ["localhost", "LOCALHOST:8000", "127.0.0.1", "127.0.0.1:1", "127.1.2.3:80", "[::1]", "[::1]:65535"]
STRANGE = [
    "",
    "evil.example",
    "evil.example:8000",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "evil.example@localhost",
    "localhost:8000@evil.example",
    "::1",
    "192.168.0.7",
    "0.0.0.0",  # noqa: S104
]
PATHS = ["/", "/scores", "/livez", "/readyz", "/metrics", "/static/live.js", "/openapi.json", "/nowhere"]


@pytest.mark.parametrize("host", OWN)
def test_this_machines_own_names_are_answered(client: Client, host: str) -> None:
    for path in ("/livez", "/readyz", "/metrics"):
        assert client.get(path, headers={"host": host}).status_code == 200
    sent = {"host": host, "content-type": STRUCTURED}
    assert client.post("/v1/events", content=json.dumps(event()), headers=sent).status_code == 202


@pytest.mark.parametrize("host", STRANGE)
def test_a_name_bent_to_this_machine_is_not(client: Client, house: House, host: str) -> None:
    answer = client.get("/", headers={"host": host})
    assert answer.status_code == answer.json()["status"] == 421
    assert answer.json()["remedy"]
    assert HEADERS.items() <= {name: answer.headers.get(name) for name in HEADERS}.items()
    sent = {"host": host, "content-type": STRUCTURED}
    assert client.post("/v1/events", content=json.dumps(event()), headers=sent).status_code == 421
    assert sum(house.store.log.ends().values()) == 0


@pytest.mark.parametrize("path", PATHS)
def test_no_path_is_left_out_and_people_get_a_page(client: Client, path: str) -> None:
    answer = client.get(path, headers={"host": "evil.example", "accept": "text/html"})
    assert answer.status_code == 421
    assert "another machine" in answer.text


@pytest.fixture
def proxied(settings: Settings, clock: Clock) -> Iterator[House]:
    with Store.open(settings.data, clock=clock) as store:
        yield built(settings.model_copy(update={"behind_proxy": True}), store, clock)


def test_behind_a_proxy_every_name_is_answered_and_every_sender_needs_a_key(proxied: House) -> None:
    with asking(create_app(proxied)) as client:
        for path in ("/", "/livez", "/readyz", "/metrics"):
            assert client.get(path, headers={"host": "scores.example.org"}).status_code == 200
        sent = {"host": "scores.example.org", "content-type": STRUCTURED}
        assert client.post("/v1/events", content=json.dumps(event()), headers=sent).status_code == 401
        _, secret = proxied.store.keys.create("/phone", "test", proxied.now())
        sent["authorization"] = f"Bearer {secret}"
        assert client.post("/v1/events", content=json.dumps(event()), headers=sent).status_code == 202


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.7", "", "ressenti.example.org"])  # noqa: S104
def test_others_are_let_in_only_through_a_proxy(host: str) -> None:
    with pytest.raises(RefusedToStart, match="--behind-proxy"):
        check_address(read({}, host=host))
    check_address(read({"RESSENTI_BEHIND_PROXY": "true"}, host=host))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_this_machine_needs_no_proxy(host: str) -> None:
    check_address(read({}, host=host))


def test_a_port_that_is_taken_is_one_sentence_and_not_a_trace() -> None:
    with create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(RefusedToStart, match=f"127.0.0.1:{port}: cannot be had"):
            listening("127.0.0.1", port)
