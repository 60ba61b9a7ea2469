"""A glance waits for a bounded time only, asks one question at a time, and passes on what it hears."""

import threading
import time
from collections.abc import Iterator

import pytest

from models.errors import LogChanged, Retryable
from streams.glancing import Glance


class Slow:
    """Answers how often it was asked, once it may."""

    def __init__(self) -> None:
        self.may = threading.Event()
        self.asked = 0

    def __call__(self) -> int:
        self.asked += 1
        assert self.may.wait(30)
        return self.asked


def test_what_is_answered_in_time_is_returned_and_each_answer_is_a_new_one() -> None:
    slow = Slow()
    slow.may.set()
    glance = Glance("the broker", slow)
    assert [glance.answer() for _ in range(3)] == [1, 2, 3]


def test_while_nobody_answers_all_wait_for_a_bounded_time_and_for_one_question() -> None:
    slow = Slow()
    glance = Glance("the broker", slow, seconds=0.3)
    refusals: list[str] = []

    def look() -> None:
        with pytest.raises(Retryable) as why:
            glance.answer()
        refusals.append(str(why.value))

    threads = [threading.Thread(target=look) for _ in range(8)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert time.monotonic() - began < 5
    assert refusals == ["the broker has not answered within 0.3 seconds; it is asked again"] * 8
    assert slow.asked == 1
    glance._seconds = 30.0  # the machine may be slow; the bound was seen above
    slow.may.set()
    assert glance.answer() in {1, 2}
    assert glance.answer() in {2, 3}


def test_what_is_raised_is_raised_to_whoever_glances_and_asked_again_by_the_next() -> None:
    answers: Iterator[LogChanged | int] = iter([LogChanged("another topic"), 7])

    def ask() -> int:
        answer = next(answers)
        if isinstance(answer, LogChanged):
            raise answer
        return answer

    glance = Glance("the broker", ask)
    with pytest.raises(LogChanged, match="another topic"):
        glance.answer()
    assert glance.answer() == 7


def test_where_no_thread_could_be_had_the_next_glance_asks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    glance = Glance("the broker", lambda: 7)

    def none_left(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", none_left)
        with pytest.raises(RuntimeError):
            glance.answer()
    assert glance.answer() == 7
