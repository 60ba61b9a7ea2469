"""How long a page takes where a million interactions are kept: rendered in this process, without a network."""

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from urllib.parse import quote

from fastapi.testclient import TestClient

from benchmarks.figures import Figure, quantile
from benchmarks.timing import Spent, timed
from benchmarks.workload import Shape, at_its_time, contents, copied, folded
from models.identifiers import Millis, Partition
from models.instants import render
from streams.bootstrap import House
from web.app import create_app

PAGES = (
    *("/", "/today/now", "/scores", "/scores?period=quarter", "/scores?period=year&unit=contact"),
    *("/scores/series?period=year", "/journeys", "/rescues", "/gaps", "/targets", "/experiments"),
    *("/blind-spots", "/dead-letters"),
)
LIVE = ("/", "/scores", "/scores?period=quarter", "/blind-spots")
"""Pages that are asked for again while events arrive."""
ARRIVING = 100
"""Events between two such views."""


def measure(work: Path, events: int, rounds: int) -> Figure:
    """Ask for every page of a house just opened, then ``rounds`` times again; some again with events in between."""
    source = folded(work, Shape.of(events))
    with at_its_time(source) as house:
        figure = Figure("pages", "how long does a page take?", contents(house))
        pages = (*PAGES, _somebody(house))
        with _client(house) as client:
            _asked(client, "/livez", 3)
            bare = quantile([spent.processor for spent in _asked(client, "/livez", rounds)], 0.5)
    for page in pages:
        with at_its_time(source) as house, _client(house) as client:
            _asked(client, "/livez", 3)
            (first,) = _asked(client, page, 1)
            _line(figure, page, _asked(client, page, rounds), f"first {1000 * first.processor:,.0f} ms", bare)
            _held(figure, page, house)
    _live(figure, source, work / "pages-live", rounds, bare)
    return figure


def _live(figure: Figure, source: Path, into: Path, rounds: int, bare: float) -> None:
    """Ask for pages of a copy of ``source`` into which events are folded between two views."""
    turns = count()
    with copied(source, into) as house, _client(house) as client:
        for page in LIVE:
            asked: list[Spent] = []
            for _ in range(rounds + 1):
                turn = next(turns)
                house.collector.collect(list(_contacts(house, turn)), None)
                house.engine.drain()
                asked += _asked(client, page, 1)
            _line(figure, f"{page} live", asked[1:], f"{ARRIVING} events before each", bare)


def _contacts(house: House, turn: int) -> Iterator[bytes]:
    """Yield contacts that end now, of customers who are known and on days that are kept already."""
    rows = house.store.customers.every(Partition(0), limit=20 * ARRIVING)
    for number, row in enumerate(rows[turn % 20 :: 20][:ARRIVING]):
        told = {"contact": f"live-{turn}-{number}", "phase": "ended", "outcome": "unresolved", "waits_s": [900]}
        told |= {"touchpoint": "billing", "channel": "phone"}
        event = {"specversion": "1.0", "id": f"live-{turn}-{number}", "source": "telephony", "type": "ressenti.contact"}
        yield json.dumps(event | {"time": render(house.now()), "subject": row.subject, "data": told}).encode()


def _line(figure: Figure, page: str, asked: list[Spent], said: str, bare: float) -> None:
    name = "/customers/…" if page.startswith("/customers/") else page
    median = quantile([spent.processor for spent in asked], 0.5)
    wall = quantile([spent.wall for spent in asked], 0.5)
    figure.add(
        name,
        1000 * median,
        "ms of processor time",
        f"{said}; wall {1000 * wall:,.1f} ms; {median / bare:,.0f} × /livez; {len(asked)} views",
    )


def _held(figure: Figure, page: str, house: House) -> None:
    """Say how much memory the page's tables are kept in, where they are."""
    if house.store.day_tables.nbytes:
        figure.add(f"{page} keeps", house.store.day_tables.nbytes / 2**20, "MiB", "tables of day cells")


def _asked(client: TestClient, page: str, rounds: int) -> list[Spent]:
    return [timed(lambda: _get(client, page)) for _ in range(rounds)]


def _client(house: House) -> TestClient:
    return TestClient(create_app(house), base_url="http://127.0.0.1")


def _get(client: TestClient, page: str) -> None:
    response = client.get(page)
    if not response.is_success:
        raise RuntimeError(f"{page} answered {response.status_code}: {response.text[:200]}")


def _somebody(house: House) -> str:
    """Return the page of a customer with the longest row of the first few hundred."""
    rows = house.store.customers.every(Partition(0), limit=300)
    return f"/customers/{quote(max(rows, key=lambda row: (len(row.state), Millis(row.last_at))).subject)}"
