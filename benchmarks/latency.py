"""How soon an acknowledged event is visible, at a steady thousand events a second, over HTTP, in store and page.

One process serves (collector, engine, pages), as ``ressenti serve`` does; this one sends, and looks. Times run from the
answer 202 to the first look that finds the event, so they include half the pause between two looks.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from benchmarks.figures import Figure, quantile
from demo.customers import pseudonym
from models.identifiers import Subject
from store.database import Store

RATE = 1_000
"""Events a second."""
BATCH = 50
PAUSE_S = 0.01
"""Between two looks."""
PATIENCE_S = 30.0
SENDERS = 8
LOOKERS = 1
"""One event is followed at a time: following costs the server pages, which are load too."""
HEADERS = {"content-type": "application/cloudevents-batch+json"}

Acknowledged = tuple[Subject, float]
"""Whose event, and when its 202 came."""


@dataclass(slots=True)
class Seen:
    """What was measured, in seconds; appended to by many threads."""

    answered: list[float] = field(default_factory=list)
    """From sending a batch to its 202."""
    store: list[float] = field(default_factory=list)
    page: list[float] = field(default_factory=list)
    sent: int = 0
    late: float = 0.0
    """How far behind its plan the sender fell, at most."""


def measure(work: Path, seconds: float) -> Figure:
    """Send for ``seconds`` and follow the last event of every batch that finds the looker free."""
    seen = Seen()
    with (
        TemporaryDirectory(dir=work) as made,
        _serving(Path(made)) as address,
        Store.open(made) as store,
        httpx.Client(base_url=address, timeout=PATIENCE_S) as client,
    ):
        bare = [_timed(lambda: client.get("/livez")) for _ in range(30)]
        took = _timed(lambda: _send(client, store, seconds, seen))
    on: dict[str, float | str] = {"events sent": seen.sent, "seconds": round(took, 1), "events per request": BATCH}
    figure = Figure("latency", "how soon is an acknowledged event visible?", on)
    yardstick = quantile(bare, 0.5)
    figure.add("rate reached", seen.sent / took, "events/s", f"asked for {RATE:,}; at most {seen.late:.2f} s behind")
    figure.add("an empty request", 1000 * yardstick, "ms", "GET /livez before the load, median")
    for name, values in (("202", seen.answered), ("visible in store", seen.store), ("visible in page", seen.page)):
        for share in (0.5, 0.99):
            value = quantile(values, share)
            said = f"{value / yardstick:,.1f} × an empty request; of {len(values)}"
            figure.add(f"{name}, p{100 * share:.0f}", 1000 * value, "ms", said)
    return figure


def _send(client: httpx.Client, store: Store, seconds: float, seen: Seen) -> None:
    """Send a batch whenever one is due, whether or not those before are answered, as many senders would."""
    began = time.perf_counter()
    free = threading.Semaphore(LOOKERS)
    with ThreadPoolExecutor(SENDERS) as senders:
        posts = []
        for number in range(int(seconds * RATE / BATCH)):
            due = began + number * BATCH / RATE
            time.sleep(max(0.0, due - time.perf_counter()))
            posts.append(senders.submit(_post, client, number, due, seen))
            if free.acquire(blocking=False):
                posts[-1].add_done_callback(lambda post: _follow(client, store, post, free, seen))
        for post in posts:
            post.result()
    for _ in range(LOOKERS):  # until the last looker has seen what it looks for
        free.acquire()


def _post(client: httpx.Client, number: int, due: float, seen: Seen) -> Acknowledged:
    subjects = [pseudonym(f"latency-{number}-{i}") for i in range(BATCH)]
    body = json.dumps([_event(number, i, subject) for i, subject in enumerate(subjects)])
    sent = time.perf_counter()
    seen.late = max(seen.late, sent - due)
    client.post("/v1/events", content=body, headers=HEADERS).raise_for_status()
    acknowledged = time.perf_counter()
    seen.answered.append(acknowledged - sent)
    seen.sent += BATCH
    return subjects[-1], acknowledged


def _follow(
    client: httpx.Client, store: Store, post: Future[Acknowledged], free: threading.Semaphore, seen: Seen
) -> None:
    subject, since = post.result()
    threading.Thread(target=_look, args=(client, store, subject, since, free, seen)).start()


def _look(  # noqa: PLR0913, PLR0917 - a thread's target
    client: httpx.Client, store: Store, subject: Subject, since: float, free: threading.Semaphore, seen: Seen
) -> None:
    try:
        seen.store.append(_until(lambda: store.customers.state(subject) is not None, since))
        seen.page.append(_until(lambda: client.get(f"/customers/{subject}").is_success, since))
    finally:
        free.release()


def _until(found: Callable[[], bool], since: float) -> float:
    while not found():
        if time.perf_counter() - since > PATIENCE_S:
            raise TimeoutError(f"an acknowledged event was not visible after {PATIENCE_S:.0f} s")
        time.sleep(PAUSE_S)
    return time.perf_counter() - since


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _event(number: int, place: int, subject: Subject) -> dict[str, object]:
    said = {"contact": f"c{number}-{place}", "phase": "queued", "touchpoint": "outage_support", "channel": "chat"}
    return {
        "specversion": "1.0",
        "id": f"latency-{number}-{place}",
        "source": "chat_platform",
        "type": "ressenti.contact",
        "time": datetime.now(UTC).isoformat(),
        "subject": subject,
        "data": said,
    }


@contextmanager
def _serving(folder: Path) -> Iterator[str]:
    """Run ``ressenti serve`` on ``folder`` in a process of its own; yields its address."""
    code = "from web.cli.main import main; main()"
    command = [sys.executable, "-c", code, "serve", "--data", str(folder), "--port", "0"]
    environment = {**os.environ, "RESSENTI_LOG_LEVEL": "warning"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as process:  # noqa: S603 - our own words
        try:
            assert process.stdout is not None  # noqa: S101 - asked for above
            yield process.stdout.readline().split()[-1].strip('"')
        finally:
            process.terminate()
