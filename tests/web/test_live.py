"""Live updates: what is posted to a running server is on the page in a moment, and a stopped server keeps nobody."""

import asyncio
import time
from collections.abc import Iterator

import httpx
import pytest
from structlog.testing import capture_logs

from demo import story
from models.errors import StoreBusy
from models.identifiers import MINUTE
from streams.bootstrap import House, opened
from streams.settings import Settings
from tests.web import houses
from tests.web.serving import serving
from web.live.feed import Feed

SOON_S = 5.0
"""Generous: the machine that runs the tests may be busy; the figure itself is measured in ``benchmarks``."""


@pytest.fixture
def running(settings: Settings) -> Iterator[tuple[House, str]]:
    """Return a house at the real time, and where it is served."""
    with opened(settings) as house, serving(house) as address:
        yield house, address


def changed(lines: Iterator[str]) -> None:
    """Wait for the word."""
    for line in lines:
        if line == "event: changed":
            return
    raise AssertionError("the stream ended without a change")


def test_an_event_that_is_posted_is_heard_of_and_shown(running: tuple[House, str]) -> None:
    house, address = running
    start = house.now() - story.LASTS - MINUTE
    body = b"\n".join(one.value for one in story.events(start))
    with (
        httpx.Client(base_url=address, timeout=SOON_S) as client,
        httpx.stream("GET", f"{address}/live", timeout=SOON_S) as stream,
    ):
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.iter_lines()
        assert next(lines).startswith("retry:")
        assert "Nobody needs a call" in client.get("/rescues/list").text
        sent = time.monotonic()
        answer = client.post("/v1/events", content=body, headers={"content-type": "application/x-ndjson"})
        assert answer.status_code == 202
        changed(lines)
        while story.subject()[:8] not in client.get("/rescues/list").text:
            assert time.monotonic() - sent < SOON_S
        assert "16 events" in client.get("/live/state").text


def test_a_page_that_is_closed_is_forgotten_and_one_still_open_ends_with_the_server(settings: Settings) -> None:
    with opened(settings) as house:
        with serving(house) as address:
            with httpx.stream("GET", f"{address}/live", timeout=SOON_S) as stream:
                next(stream.iter_lines())
            left_open = httpx.Client(timeout=SOON_S)
            kept = left_open.send(left_open.build_request("GET", f"{address}/live"), stream=True)
            lines = kept.iter_lines()
            next(lines)
            stopping = time.monotonic()
        assert time.monotonic() - stopping < SOON_S
        list(lines)
        left_open.close()
        assert houses.NOW


def test_an_open_page_that_hears_nothing_is_told_of_once_until_it_hears_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.live.feed.PAUSE_S", 0.01)
    answers: Iterator[bool] = iter([False, False, False, True, False, False])

    def look() -> object:
        answer = next(answers, None)
        if answer is None:
            feed.close()
        elif not answer:
            raise StoreBusy("away")
        return answer

    feed = Feed(look)

    async def hear() -> None:
        async for _ in feed.words():
            pass

    with capture_logs() as lines:
        asyncio.run(hear())
    assert next(answers, None) is None
    assert [line["event"] for line in lines] == ["open pages hear nothing just now"] * 2
