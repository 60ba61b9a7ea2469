"""A worker ends when asked, keeps the first reason, and ends all the same when the orderly way hangs."""

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

from models.errors import LogChanged
from streams.worker.ending import Ending

ROOT = Path(__file__).parents[3]
HANGING = """
import asyncio, threading
from streams.worker.ending import Ending

async def main():
    ending = Ending(0.2, lambda failure: 41 if failure else 7)
    ending.give_up(ValueError("no way on")) if {failed} else ending.ask()
    await ending.wait()
    threading.Event().wait(30)  # the event loop hangs

asyncio.run(main())
"""


def ended(*, failed: bool) -> int:
    code = HANGING.format(failed=failed)
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=ROOT, timeout=20, check=False, capture_output=True).returncode  # noqa: S603


def test_the_first_reason_is_kept_whichever_thread_it_comes_from() -> None:
    async def body() -> Ending:
        ending = Ending(60.0, lambda _: 1)
        first = LogChanged("another topic")
        thread = threading.Thread(target=ending.give_up, args=(first,))
        thread.start()
        async with asyncio.timeout(5):
            await ending.wait()
        ending.give_up(ValueError("a consequence"))
        ending.done()
        thread.join()
        assert ending.failure is first
        return ending

    assert isinstance(asyncio.run(body()).failure, LogChanged)


def test_asked_to_stop_is_no_failure() -> None:
    async def body() -> None:
        ending = Ending(60.0, lambda _: 1)
        ending.ask()
        ending.ask()
        async with asyncio.timeout(5):
            await ending.wait()
        assert ending.failure is None
        ending.done()

    asyncio.run(body())


def test_who_asks_after_the_end_starts_no_timer() -> None:
    async def body() -> Ending:
        ending = Ending(0.05, lambda _: 1)
        ending.done()
        return ending

    ending = asyncio.run(body())
    before = threading.active_count()
    ending.give_up(ValueError("a straggler of a thread that ends late"))
    assert threading.active_count() == before


def test_a_process_that_hangs_while_stopping_ends_with_the_code_of_its_reason() -> None:
    assert (ended(failed=True), ended(failed=False)) == (41, 7)
