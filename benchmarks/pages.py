"""How long a page takes where a million interactions are kept: rendered in this process, without a network."""

from pathlib import Path
from urllib.parse import quote

from fastapi.testclient import TestClient

from benchmarks.figures import Figure, quantile
from benchmarks.timing import Spent, timed
from benchmarks.workload import Shape, at_its_time, contents, folded
from models.identifiers import Millis, Partition
from streams.bootstrap import House
from web.app import create_app

PAGES = (
    *("/", "/today/now", "/scores", "/journeys", "/rescues", "/gaps", "/targets", "/experiments"),
    *("/blind-spots", "/dead-letters"),
)


def measure(work: Path, events: int, rounds: int) -> Figure:
    """Ask for every page ``rounds`` times, after once to warm up (the first time after a start is told apart)."""
    with at_its_time(folded(work, Shape.of(events))) as house:
        figure = Figure("pages", "how long does a page take?", contents(house))
        with TestClient(create_app(house), base_url="http://127.0.0.1") as client:
            bare = _asked(client, "/livez", rounds)
            for page in (*PAGES, _somebody(house)):
                first = timed(lambda page=page: _get(client, page))  # type: ignore[misc]
                _lines(figure, page, first, _asked(client, page, rounds), bare)
    return figure


def _lines(figure: Figure, page: str, first: Spent, asked: list[Spent], bare: list[Spent]) -> None:
    name = "/customers/…" if page.startswith("/customers/") else page
    median = quantile([spent.processor for spent in asked], 0.5)
    ratio = median / quantile([spent.processor for spent in bare], 0.5)
    wall = quantile([spent.wall for spent in asked], 0.5)
    said = f"wall {1000 * wall:,.1f} ms; first {1000 * first.processor:,.0f} ms; {ratio:,.0f} × /livez"
    figure.add(name, 1000 * median, "ms of processor time", said)


def _asked(client: TestClient, page: str, rounds: int) -> list[Spent]:
    return [timed(lambda: _get(client, page)) for _ in range(rounds)]


def _get(client: TestClient, page: str) -> None:
    response = client.get(page)
    if not response.is_success:
        raise RuntimeError(f"{page} answered {response.status_code}: {response.text[:200]}")


def _somebody(house: House) -> str:
    """Return the page of a customer with the longest row of the first few hundred."""
    rows = house.store.customers.every(Partition(0), limit=300)
    return f"/customers/{quote(max(rows, key=lambda row: (len(row.state), Millis(row.last_at))).subject)}"
