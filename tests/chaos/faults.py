"""The faults, one function each: what is done to a town under load. What must hold afterwards is in ``checking``.

Each returns what it did in a few words, and raises ``AssertionError`` when what it looks at itself does not hold.
"""

import time
from collections.abc import Callable

from deploy.postgres.cluster import Mode
from models.identifiers import Subject
from tests.chaos.crew import SESSION_SECONDS
from tests.chaos.ledger import Pair
from tests.chaos.reference import patiently
from tests.chaos.remaking import remade_topic
from tests.chaos.town import Town, contacts
from tests.streams.worker.waiting import until

Fault = Callable[[Town], str]
BURST = 1_000


def killed_worker(town: Town) -> str:
    """Kill a worker in the middle of its work, twice; another is started each time."""
    for _ in range(2):
        _under_way(town)
        town.crew.kill(town.crew.any())
        town.crew.start()[0].ready()
    return "2 × SIGKILL"


def paused_worker(town: Town) -> str:
    """Freeze a worker past the session timeout, and let it go on: a zombie with chunks in its hands."""
    worker = town.crew.any()
    said = len(worker.said)
    _under_way(town)
    worker.pause()
    seconds = SESSION_SECONDS + town.random.uniform(1.5, 3)
    time.sleep(seconds)
    worker.resume()
    time.sleep(1)
    return f"SIGSTOP for {seconds:.1f} s{', fenced' if 'fenced' in worker.said[said:] else ''}"


def restarted_database(town: Town) -> str:
    """End every session in order, and keep the server away for a moment."""
    return _database_away(town, "fast")


def crashed_database(town: Town) -> str:
    """Stop it as a crash would: commits that were not flushed yet are gone, positions with them."""
    return _database_away(town, "immediate")


def restarted_broker(town: Town) -> str:
    """Stop the only broker in order, and start it again."""
    town.feeder.send(town.feeder.take(BURST))
    town.broker.stop()
    town.broker.start()
    return "stop, start"


def killed_broker(town: Town) -> str:
    """Kill the only broker in the middle of a burst, and start it again."""
    town.feeder.send(town.feeder.take(BURST))
    town.broker.kill()
    town.broker.start()
    return "SIGKILL, start"


def rolling_deploy(town: Town) -> str:
    """Replace every worker, one after the other, by one whose rows have a newer format."""
    crew = town.crew
    crew.version += 1
    for old in list(crew.workers):
        town.feeder.send(town.feeder.take(BURST // 2))
        crew.dismiss(old)
        crew.start()[0].ready()
    town.feeder.send(town.feeder.take(BURST))
    until(lambda: crew.newer_rows() > 0)
    return f"state format {crew.version}"


def scaled(town: Town) -> str:
    """Go down to one worker, up to three, down to one, and back to as many as before."""
    crew = town.crew
    before = len(crew.workers)
    for wanted in (1, 3, 1, before):
        while len(crew.workers) > wanted:
            crew.dismiss(crew.any())
        for started in crew.start(wanted - len(crew.workers)):
            started.ready()
        town.feeder.send(town.feeder.take(BURST // 2))
    return f"{before} → 1 → 3 → 1 → {before}"


def bad_sender(town: Town) -> str:
    """Send every event up to three times, out of order, and old ones once more."""
    events = town.feeder.take(BURST)
    copies: list[Pair] = [pair for pair in events for _ in range(town.random.randint(1, 3))]
    town.random.shuffle(copies)
    town.feeder.send(copies)
    town.feeder.flush()
    town.feeder.send(town.random.sample(events, BURST // 4))
    return f"{len(copies) + BURST // 4 - BURST} copies, shuffled"


def erased_customer(town: Town) -> str:
    """Forget a customer while a worker folds their events, of whom more come afterwards."""
    name = f"p1_{town.random.getrandbits(104):026x}"
    events = contacts(name, 300)
    town.reference.erased(Subject(name))
    town.feeder.send(events[:200])
    until(lambda: patiently(lambda: town.house.store.customers.row(Subject(name))) is not None)
    town.feeder.send(events[200:250])
    patiently(lambda: town.house.store.erase(Subject(name), "chaos"))
    town.feeder.send(events[250:])
    return "in the middle of 300 events"


def aborted_transactions(town: Town) -> str:
    """End transactions either way; what was aborted must count for nothing."""
    for commit in (False, True, False):
        name = f"p1_{town.random.getrandbits(104):026x}"
        town.feeder.transaction(contacts(name, 50), commit=commit)
        town.feeder.send(town.feeder.take(50))
    return "2 aborted, 1 committed"


def poison(town: Town) -> str:
    """Send records that nobody can fold, between others that everybody must."""
    for value in (b"\xff no event", b"", b"[]", b'{"specversion": "1.0"}'):
        town.feeder.send([*town.feeder.take(50), (b"poison", value), *town.feeder.take(50)])
    return "4 records"


def _under_way(town: Town) -> None:
    """Send a burst, and return when a drawn part of it is folded and the rest, if it can be helped, is not."""
    part, stood = town.random.uniform(0.05, 0.5) * BURST, _folded(town)
    town.feeder.send(town.feeder.take(BURST))
    until(lambda: _folded(town) >= stood + part)


def _folded(town: Town) -> int:
    return sum(at.next_offset for at in patiently(town.house.store.partitions.positions).values())


def _database_away(town: Town, mode: Mode) -> str:
    _under_way(town)
    town.cluster.stop(mode)
    seconds = town.random.uniform(0.2, 2)
    time.sleep(seconds)
    town.cluster.start()
    return f"{mode}, {seconds:.1f} s away"


FAULTS: dict[str, Fault] = {
    "worker killed": killed_worker,
    "worker paused": paused_worker,
    "database restarted": restarted_database,
    "database crashed": crashed_database,
    "broker restarted": restarted_broker,
    "broker killed": killed_broker,
    "rolling deploy": rolling_deploy,
    "workers 1-3-1": scaled,
    "duplicates, disorder": bad_sender,
    "customer erased": erased_customer,
    "transactions aborted": aborted_transactions,
    "poison records": poison,
    "topic made anew": remade_topic,
}
