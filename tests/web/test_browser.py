"""The pages in a real browser: nothing complains, what happens is seen without a reload, a phone is wide enough."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, sync_playwright

from demo import story
from models import instants
from models.identifiers import MINUTE
from streams.bootstrap import House, opened
from streams.settings import read
from tests.web import houses
from tests.web.serving import serving

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
ADDRESSES = (
    "/",
    "/scores?unit=contact&period=year",
    "/journeys?period=year",
    "/rescues",
    "/gaps?closed=true",
    "/gaps/20260301-abcdef0123",
    "/targets",
    "/experiments",
    "/experiments/exp-1",
    "/experiments/library",
    "/experiments/opportunities",
    "/blind-spots",
    "/dead-letters",
    f"/customers/{story.subject()}",
)
REFUSED = "status of 400"
"""A browser notes it when a form is refused, which is no fault of a page."""
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, str]]:
    """Return a filled house at the real time, and where it is served."""
    with opened(read({}, data=tmp_path_factory.mktemp("served") / "data", partitions=2)) as house:
        with house.leading():
            houses.import_history(house)
            houses.set_course(house)
            houses.draft_on(house, houses.find_gap(house))
            houses.spoil(house)
            start = house.now() - story.LASTS - MINUTE
            houses.collect(house, [one.value for one in story.events(start)])
        with serving(house) as address:
            yield house, address


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    chromium = shutil.which("chromium")
    if chromium is None and not os.environ.get("CI"):
        pytest.skip("chromium is not installed")
    assert chromium, "chromium must be installed in CI"
    with sync_playwright() as playwright:
        folder = tmp_path_factory.mktemp("browser")
        context = playwright.chromium.launch_persistent_context(
            folder, executable_path=Path(chromium), headless=True, args=list(FLAGS)
        )
        yield context
        context.close()


@pytest.fixture
def page(browser: BrowserContext) -> Iterator[Page]:
    """Yield a new page; whatever it complains of by its end fails the test."""
    complaints: list[str] = []
    made = browser.new_page()
    made.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    made.on("pageerror", lambda error: complaints.append(str(error)))
    made.on("requestfailed", lambda asked: None if asked.url.endswith("/live") else complaints.append(asked.url))
    yield made
    made.close()
    assert not [each for each in complaints if REFUSED not in each]


def wide(page: Page) -> int:
    width: int = page.evaluate("document.documentElement.scrollWidth")
    return width


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_page_complains_of_nothing_and_fits_a_phone(served: tuple[House, str], page: Page, address: str) -> None:
    _, here = served
    answer = page.goto(here + address)
    assert answer is not None
    assert answer.status == 200
    page.wait_for_selector(".state:has-text('events')")
    assert page.locator("nav [aria-current=page]").count() == (0 if address.startswith("/customers") else 1)
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    assert wide(page) <= PHONE["width"]


@pytest.mark.parametrize("address", ["/experiments", "/gaps"])
def test_what_is_decided_on_is_read_on_a_phone_without_scrolling_sideways(
    served: tuple[House, str], page: Page, address: str
) -> None:
    _, here = served
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page.goto(here + address)
    table = page.locator(".scroll").first
    assert table.evaluate("e => e.scrollWidth <= e.clientWidth")
    assert table.locator("td[data-label=State]").first.is_visible()


def test_the_chart_is_drawn(served: tuple[House, str], page: Page) -> None:
    _, here = served
    page.goto(f"{here}/scores?unit=contact&period=year")
    page.wait_for_selector(".chart .uplot canvas")


def test_what_happens_is_seen_without_a_reload(served: tuple[House, str], page: Page) -> None:
    house, here = served
    page.goto(here)
    page.evaluate("window.sameDocument = true")
    page.wait_for_selector(".state:has-text('events')")
    before = page.locator(".state").inner_text()
    at = instants.render(house.now())
    house.collector.collect(houses.encoded([houses.event(7_000, "seen-live", time=at)]), None)
    page.wait_for_function("before => document.querySelector('.state').innerText !== before", arg=before)
    assert page.evaluate("window.sameDocument")


def test_somebody_takes_a_call_on_a_phone(served: tuple[House, str], page: Page) -> None:
    _, here = served
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page.goto(f"{here}/rescues")
    page.get_by_label("Your name").fill("Nadia")
    button = page.get_by_role("button", name="I call")
    box = button.bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= PHONE["width"], "the button is off the screen"
    button.click()
    page.wait_for_selector("text=Nobody needs a call")
    page.goto(f"{here}/customers/{story.subject()}")
    page.wait_for_selector("text=Nadia")


def test_typing_is_not_wiped_out_by_a_live_update(served: tuple[House, str], page: Page) -> None:
    house, here = served
    soon = house.now()
    queued = {"contact": "typing", "phase": "queued", "channel": "phone", "waits_s": [3_600], "steps_repeated": 9}
    houses_event = houses.event(7_100, "typing", time=instants.render(soon), data=queued)
    house.collector.collect(houses.encoded([houses_event]), None)
    page.goto(f"{here}/rescues")
    page.wait_for_selector("input[name=by]")
    page.get_by_label("Your name").first.fill("Nad")
    for number in range(3):
        at = instants.render(house.now())
        house.collector.collect(houses.encoded([houses.event(7_200 + number, "other", time=at)]), None)
        page.wait_for_timeout(400)
    assert page.get_by_label("Your name").first.input_value() == "Nad"


def test_a_refusal_is_read_and_what_was_typed_is_still_there(served: tuple[House, str], page: Page) -> None:
    _, here = served
    page.goto(f"{here}/targets")
    form = page.locator("form[action='/targets']")
    form.locator("[name=id]").fill("calmest")
    for name, value in {"start_value": "70", "end_value": "180"}.items():
        form.locator(f"[name={name}]").fill(value)
    for name, value in {"start": "2026-01-01", "end": "2026-06-30"}.items():
        form.locator(f"[name={name}]").fill(value)
    form.locator("[name=owner]").fill("Ada")
    form.get_by_role("button").click()
    page.wait_for_selector("text=outside 0 to 100")
    page.go_back()
    assert form.locator("[name=id]").input_value() == "calmest"
