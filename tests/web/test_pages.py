"""Every page on every kind of house: it renders, every address it names answers, and nothing foreign runs in it."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from httpx import Client, Response

from demo import story
from models.identifiers import MINUTE
from models.pseudonyms import pseudonym
from streams.bootstrap import House, opened
from streams.settings import read as read_settings
from tests.web import houses
from tests.web.asking import asking
from tests.web.crawling import Page, read, walk
from tests.web.houses import NOW, Clock
from web.app import create_app
from web.pages.formats import moment
from web.pages.rendering import SECTIONS

HTML = "text/html"


def nothing(_: House) -> None:
    """Leave the house empty."""


def pages_of(answers: dict[str, Response]) -> dict[str, str]:
    return {address: answer.text for address, answer in answers.items() if HTML in answer.headers["content-type"]}


@pytest.fixture(scope="module")
def filled(empty_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Return a client of a house that has something of everything; for tests that only look."""
    folder = shutil.copytree(empty_folder, tmp_path_factory.mktemp("filled") / "data")
    with opened(read_settings({}, data=folder), Clock(NOW)) as house:
        houses.fill(house)
        with asking(create_app(house)) as client:
            yield client


@pytest.fixture(scope="module")
def within_reach(filled: Client) -> dict[str, Response]:
    return walk(filled)


@pytest.mark.parametrize("lived", [nothing, houses.tell_story, houses.import_history])
def test_every_page_renders_and_every_link_answers(
    client: Client, house: House, lived: Callable[[House], None]
) -> None:
    lived(house)
    assert_good(walk(client))


def test_every_page_of_a_filled_house_renders(within_reach: dict[str, Response]) -> None:
    assert_good(within_reach)


def assert_good(answers: dict[str, Response]) -> None:
    assert {href for href, _ in SECTIONS} <= answers.keys()
    pages = pages_of(answers)
    for address, html in pages.items():
        assert not re.search(r"\bNone\b(?! yet)|Undefined|<generator|StrEnum", html), address
    whole = [html for html in pages.values() if "<html" in html]
    assert len(whole) >= len(SECTIONS)
    assert all("<title>" in html and "<h1>" in html and 'lang="en"' in html for html in whole)


def test_a_filled_house_has_a_page_for_each_thing(within_reach: dict[str, Response]) -> None:
    found = " ".join(within_reach)
    for pattern in (r"/customers/p", r"/gaps/2026", r"/experiments/exp-1", r"/dead-letters/\d+/\d+", r"\?period=year"):
        assert re.search(pattern, found), pattern


def test_the_first_page_names_whom_to_call_what_to_explain_and_how_it_goes(filled: Client) -> None:
    today = read(filled, "/").text
    assert "outage_support" in today
    assert "waiting (−15)" in today
    assert "I call" in today
    assert "wanted 80.0" in today
    assert "most is lost to waiting" in today


def test_the_customers_page_tells_the_story_with_both_ledgers(client: Client, house: House) -> None:
    houses.tell_story(house)
    page = read(client, f"/customers/{story.subject()}").text
    for score in ("70", "55", "23.4", "18.4", "0.4"):
        assert score in page
    assert "gives up on chat" in page
    assert "context lost between channels" in page
    assert "Left of 100" in page
    steps = re.findall(r"[−+][\d.]+", page)
    assert steps


def test_a_journey_without_a_name_is_called_by_when_it_began(client: Client, house: House) -> None:
    named = {"contact": "c2", "journey": "move-7", "phase": "ended", "touchpoint": "billing", "channel": "phone"}
    houses.collect(house, houses.encoded([houses.event(3), houses.event(2, data=named)]))
    page = client.get(f"/customers/{pseudonym('customer-4711', house.key)}").text
    titles = re.findall(r"<h2>(Journey [^<]+) <", page)
    assert titles == ["Journey move-7", f"Journey of {moment(NOW - 3 * MINUTE)}"]


def test_scores_say_from_how_many_and_how_much_was_said(client: Client, house: House) -> None:
    houses.import_history(house)
    page = read(client, "/scores?unit=contact&period=week").text
    assert "the last days of the history that is kept" in page
    assert "40" in page
    assert "0 %" in page
    series = client.get("/scores/series?unit=contact&period=week").json()
    assert len(series["times"]) == len(series["values"]) >= 2
    assert all(0 <= value <= 100 for value in series["values"])


def test_scores_and_blind_spots_follow_what_arrives(client: Client, house: House) -> None:
    for first, last in ((1, 3), (4, 9), (10, 10)):
        sent = houses.encoded(houses.event(n, f"customer-{n}") for n in range(first, last + 1))
        houses.collect(house, sent)
        for period in ("month", "year"):
            everything = client.get(f"/scores?unit=contact&period={period}").text.split("By touchpoint")[0]
            assert f'<td class="number">{last}</td>' in everything
        assert f"(in {last} contacts or journeys)" in read(client, "/blind-spots").text


def test_blind_spots_name_the_field_that_nobody_sends(client: Client, house: House) -> None:
    houses.collect(house, houses.encoded(houses.event(n, f"customer-{n}") for n in range(1, 60)))
    page = read(client, "/blind-spots").text
    assert "does not send" in page
    assert "/phone" in page


def test_a_dead_letter_shows_its_reason_and_its_bytes(client: Client, house: House) -> None:
    houses.spoil(house, b"\xff\xfe <b>bytes</b>")
    assert "the sum is exact" in read(client, "/dead-letters").text
    (address,) = [each for each in read(client, "/dead-letters").addresses if re.search(r"/\d+/\d+$", each)]
    page = read(client, address)
    assert "\\xff\\xfe <b>bytes</b>" in page.text


HOSTILE = "\"'><img src=x onerror=alert(1)><script>alert(1)</script>"


def test_nothing_hostile_runs_in_a_page(client: Client, house: House) -> None:
    journey = HOSTILE[:100]
    contact = {"contact": HOSTILE, "journey": journey, "phase": "ended", "waits_s": [3000], "steps_repeated": 4}
    asked = {"post": HOSTILE, "rating": 0.1, "verbatim": HOSTILE, "journey": journey}
    sent = [
        houses.event(1, HOSTILE, data=contact),
        houses.event(2, HOSTILE, data={**contact, "phase": "queued", "contact": "open", "journey": "j<script>"}),
        houses.event(3, HOSTILE, type="ressenti.voice", data=asked),
    ]
    houses.collect(house, houses.encoded(sent))
    houses.set_course(house, HOSTILE)
    houses.draft_on(house, houses.find_gap(house, owner=HOSTILE), HOSTILE)
    houses.spoil(house, json.dumps({"type": HOSTILE, "source": HOSTILE}).encode())
    pages = pages_of(walk(client))
    assert any("alert(1)" in html for html in pages.values())
    for address, html in pages.items():
        assert "<img" not in html, address
        assert "<script>" not in html, address
        assert "onerror=alert(1)>" not in html.replace("&gt;", ""), address


def test_an_inline_script_would_not_run_anyway(client: Client) -> None:
    policy = client.get("/").headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "script-src" not in policy
    assert "frame-ancestors 'none'" in policy
    assert client.get("/static/live.js").headers["x-content-type-options"] == "nosniff"


def test_pages_run_no_script_of_their_own_and_load_nothing_from_elsewhere(within_reach: dict[str, Response]) -> None:
    for address, html in pages_of(within_reach).items():
        assert not re.search(r"<script(?![^>]*\bsrc=)", html), address
        assert not re.search(r"\son\w+=", html), address
        assert "http://" not in html.replace("http://www.w3.org", ""), address


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/scores?period=decade",
        "/scores?unit=firm",
        "/journeys?period=x",
        "/customers/nobody",
        "/gaps/none",
        "/experiments/none",
        "/dead-letters/0/99",
        "/dead-letters/x/y",
        "/dead-letters/0/99999999999999999999999",
    ],
)
def test_a_wrong_address_is_a_page_for_people_and_a_problem_for_programs(filled: Client, path: str) -> None:
    told = filled.get(path)
    assert told.status_code in {400, 404}
    assert told.headers["content-type"] == "application/problem+json"
    shown = filled.get(path, headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert shown.status_code == told.status_code
    assert HTML in shown.headers["content-type"]
    assert told.json()["detail"] in Page(shown.text).text
    assert "content-security-policy" in shown.headers
