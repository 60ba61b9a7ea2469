"""Ticks: they beat, they fail without harm, one process leads, and messages arrive at least once."""

import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from models.effects import OutboxMessage
from models.errors import Fenced, StoreBusy
from models.identifiers import Millis, Offset
from store.database import Store
from streams.leadership import Leadership
from streams.ticking import Tick, Ticking
from streams.webhooks import FIRST_WAIT, Deliveries, Receiver, posted, signature


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "data", partitions=1) as opened:
        yield opened


def at(now: int) -> Millis:
    return Millis(now)


def test_ticks_beat_in_threads_until_they_are_stopped() -> None:
    beaten = threading.Event()
    ticking = Ticking([Tick("one", 0.001, lambda _: beaten.set())], lambda: at(5))
    ticking.start()
    assert beaten.wait(5)
    ticking.stop()
    assert ticking.beats["one"].runs >= 1
    assert ticking.beats["one"].last_at == 5


@pytest.mark.parametrize("error", [StoreBusy("busy"), Fenced("fenced"), ZeroDivisionError("a bug")])
def test_a_tick_that_fails_is_counted_and_runs_again(error: Exception) -> None:
    failing = [error]

    def run(_: Millis) -> None:
        if failing:
            raise failing.pop()

    ticking = Ticking([Tick("one", 1, run), Tick("two", 1, lambda _: None)], lambda: at(5))
    ticking.once()
    beat = ticking.beats["one"]
    assert (beat.runs, beat.failures, ticking.beats["two"].failures) == (1, 1, 0)
    assert beat.last_error is not None
    assert str(error) in beat.last_error
    ticking.once()
    assert (beat.runs, beat.failures) == (2, 1)
    assert ticking.beats["one"].last_error is None


def test_a_world_that_is_not_ready_is_told_of_once_in_a_while_and_anew_after_it_was() -> None:
    now, busy = [0], [True]

    def run(_: Millis) -> None:
        if busy[0]:
            raise StoreBusy("busy")

    def told(*moments: int) -> int:
        with capture_logs() as lines:
            for now[0] in moments:
                ticking.once()
        return len(lines)

    ticking = Ticking([Tick("one", 1, run)], lambda: at(now[0]))
    assert told(*range(0, 30_000, 1_000)) == 1
    assert told(30_000, 31_000) == 1
    busy[0] = False
    assert told(32_000) == 0
    busy[0] = True
    assert told(33_000, 34_000) == 1


def test_who_no_longer_leads_writes_nothing(store: Store) -> None:
    one, other = Leadership(store), Leadership(store)
    one.claim(at(1))
    with one.writing():
        store.settings.set("found", "by one", at(2))
    other.claim(at(3))
    with pytest.raises(Fenced, match="another process leads"), one.writing():
        store.settings.set("found", "by one again", at(4))
    assert store.settings.get("found") == "by one"


class Post:
    """A receiver that answers as told and remembers what it got."""

    def __init__(self, *answers: int | OSError) -> None:
        self.answers = list(answers)
        self.got: list[tuple[bytes, Mapping[str, str]]] = []

    def __call__(self, _url: str, body: bytes, headers: Mapping[str, str], _seconds: float) -> int:
        self.got.append((body, headers))
        answer = self.answers.pop(0) if self.answers else 204
        if isinstance(answer, OSError):
            raise answer
        return answer


def messages(store: Store, count: int) -> None:
    store.outbox.add([OutboxMessage(Offset(0), 0, "gaps", f"g{n}", b"{}") for n in range(count)])


def test_messages_are_sent_in_order_signed_and_once_while_all_goes_well(store: Store) -> None:
    messages(store, 3)
    post = Post()
    deliveries = Deliveries(store.outbox, Receiver("https://example.org/hook", b"key"), post)
    assert (deliveries.tick(at(0)), deliveries.tick(at(1))) == (3, 0)
    assert [headers["Ressenti-Message"] for _, headers in post.got] == ["-1-0-0", "-1-1-0", "-1-2-0"]
    assert {headers["Ressenti-Signature"] for _, headers in post.got} == {f"sha256={signature(b'key', b'{}')}"}


@pytest.mark.parametrize("answer", [503, OSError("no route to host")])
def test_a_failure_is_waited_out_longer_each_time_and_nothing_is_lost(store: Store, answer: int | OSError) -> None:
    messages(store, 2)
    post = Post(200, answer, answer)
    deliveries = Deliveries(store.outbox, Receiver("https://example.org/hook"), post)
    assert deliveries.tick(at(0)) == 1
    assert deliveries.tick(at(FIRST_WAIT - 1)) == 0
    assert len(post.got) == 2
    assert deliveries.tick(at(FIRST_WAIT)) == 0
    assert deliveries.tick(at(2 * FIRST_WAIT)) == 0, "the second wait is twice as long"
    assert deliveries.tick(at(3 * FIRST_WAIT)) == 1
    assert store.outbox.unsent() == []
    assert len({headers["Ressenti-Message"] for _, headers in post.got}) == 2


@pytest.mark.parametrize("answer", [503, OSError("no route to host")])
def test_the_log_says_which_host_and_none_of_the_secrets_in_an_address(store: Store, answer: int | OSError) -> None:
    messages(store, 1)
    receiver = Receiver("https://ada:pass@example.org:8443/hooks/T0KEN?key=T0KEN")
    with capture_logs() as logged:
        Deliveries(store.outbox, receiver, Post(answer)).tick(at(0))
    assert [each["host"] for each in logged] == ["example.org"]
    assert not any(secret in str(logged) for secret in ("T0KEN", "pass", "ada"))


def test_only_http_addresses_are_posted_to() -> None:
    with pytest.raises(ValueError, match="no http address"):
        posted("file:///etc/passwd", b"", {}, 1)
