"""The simulated world: a log, a store, a clock and some workers, moved by a schedule, step by step, in one thread.

A worker that is paused in the middle of an operation stays on the stack while the steps that follow happen to the
others; then it comes back and goes on from where it was, as a stopped process does. So every run is a function of its
schedule.
"""

from collections import deque
from dataclasses import dataclass, replace

from models.definitions import Definitions
from models.errors import Retryable, StoreBusy
from models.identifiers import DAY, Millis, Subject
from models.policy import default
from streams.engine import Limits
from tests.simulation.group import SESSION, Group
from tests.simulation.log import MemoryLog
from tests.simulation.schedule import PARTITIONS, Schedule, Step
from tests.simulation.store import MemoryStore
from tests.simulation.troubles import Died, Moment, Trouble, TroubledKeeper
from tests.simulation.workers import BUFFER, NOTHING, PullingWorker, PushedWorker, Worker
from tests.streams.events import definitions, experiment, strict

STRICT = strict()
ROUNDS = 60
"""Within which everybody must have caught up, once nothing goes wrong any more."""
EXPIRY: Millis = Millis(SESSION + 1)
TICKS = (Millis(200), Millis(1_500), Millis(4_000), EXPIRY, DAY)


@dataclass(slots=True)
class Operation:
    """What a worker is at, and what will go wrong in it."""

    worker: Worker
    trouble: Trouble | None


class World:
    """Runs one schedule; ``trace`` tells what happened, what happened during a pause one step to the right."""

    def __init__(self, schedule: Schedule, store: MemoryStore | None = None) -> None:
        self.schedule = schedule
        self.now = schedule.began
        self.log = MemoryLog(PARTITIONS, lambda: self.now)
        self.store = store or MemoryStore(PARTITIONS, initial(schedule))
        self.group = Group(PARTITIONS)
        self.trace: list[str] = []
        self.stuck = False
        """Not everything was folded although nothing went wrong any more."""
        self._steps = deque(schedule.steps)
        self._unsent = deque(schedule.sendings)
        self._operations: list[Operation] = []
        self._started = 0
        self._workers: list[Worker | None] = [None] * schedule.workers
        for who in range(schedule.workers):
            self._start(who)

    def run(self) -> None:
        """Let everything happen, and then everything recover."""
        for _ in range(self.schedule.ahead):
            self._send()
        while self._steps:
            self._perform(self._steps.popleft())
        self._recover()

    def _perform(self, step: Step) -> None:
        match step.act:
            case "send":
                told = self._send()
            case "tick":
                told = self._tick(TICKS[step.choice % len(TICKS)])
            case "erase":
                told = self._erase(step.choice)
            case "define":
                told = self._define(step.choice)
            case _:
                told = self._work(step)
        if told:
            self._tell(f"{step.act} {told}")

    def _tell(self, what: str) -> None:
        self.trace.append(f"{'  ' * len(self._operations)}{what}")

    def _send(self) -> str:
        if not self._unsent:
            return ""
        sending = self._unsent.popleft()
        self.log.send(sending)
        return f"{len(sending.pairs)} records {sending.ends}"

    def _tick(self, by: Millis) -> str:
        self.now = Millis(self.now + by)
        for worker in self._workers:
            if worker is not None and not worker.paused and worker.name in self.group.members:
                self.group.members[worker.name] = self.now  # its heart beats in a thread of its own
        self.group.expire(self.now)
        return f"by {by} ms, generation {self.group.generation}"

    def _erase(self, choice: int) -> str:
        subjects = sorted({Subject(key.decode()) for sending in self.schedule.sendings for key, _ in sending.pairs})
        subject = subjects[choice % len(subjects)]
        self.store.erase(subject)
        return subject

    def _define(self, choice: int) -> str:
        self.store.define(varied(self.store.definitions, choice))
        return f"version {self.store.definitions.version}"

    def _work(self, step: Step) -> str:
        who = self._able(step)
        if who is None:
            return ""
        if step.act == "start":
            return self._start(who)
        worker, told = self._living(who), ""
        match step.act:
            case "pause":
                worker.paused = True
                told = self._tick(EXPIRY) if step.choice % 2 else ""
            case "resume":
                worker.paused = False
            case "crash":
                self._workers[who] = None
            case "leave":
                told = worker.leave()
                self._workers[who] = None
            case _:
                told = self._operate(who, step)
        return f"{worker.name} {told}"

    def _able(self, step: Step) -> int | None:
        """Return the first worker from ``step.who`` on that can do it."""
        for place in range(len(self._workers)):
            who = (step.who + place) % len(self._workers)
            worker = self._workers[who]
            if worker is None:
                able = step.act == "start"
            else:
                able = step.act != "start" and not worker.busy and worker.paused == (step.act == "resume")
            if able:
                return who
        return None

    def _living(self, who: int) -> Worker:
        worker = self._workers[who]
        assert worker is not None
        return worker

    def _operate(self, who: int, step: Step) -> str:
        worker = self._living(who)
        self._operations.append(Operation(worker, step.trouble))
        worker.busy = True
        try:
            return self._asked(worker, step)
        except Retryable as error:
            return f"will be tried again ({error})"
        except Died:
            self._workers[who] = None
            return "DIED"
        finally:
            worker.busy = False
            self._operations.pop()

    def _asked(self, worker: Worker, step: Step) -> str:
        if step.act == "beat":
            return worker.beat(self.now, step.choice)
        if step.act == "reconcile":
            return worker.reconcile()
        asked = {
            "fold": worker.fold,
            "fetch": worker.fetch,
            "vanish": worker.vanish,
            "redeliver": worker.redeliver,
            "rewind": worker.rewind,
        }
        return asked[step.act](step.choice)

    def _moment(self, moment: Moment) -> None:
        """Let go wrong what the schedule wants to go wrong at this call."""
        operation = self._operations[-1]
        trouble = operation.trouble
        if trouble is None or trouble.at != moment:
            return
        operation.trouble = None
        if trouble.kind in {"pause", "zombie"}:
            if moment != "forwarded":  # a transaction is open then: whoever else would write waits
                self._pause(operation.worker, trouble, moment)
            return
        self._tell(f"{operation.worker.name}: {trouble.kind} at {moment}")
        if trouble.kind == "die":
            raise Died
        raise StoreBusy(f"the store went away at {moment}")

    def _pause(self, worker: Worker, trouble: Trouble, moment: Moment) -> None:
        self._tell(f"{worker.name}: {trouble.kind} at {moment}")
        worker.paused = True
        if trouble.kind == "zombie":
            self._tick(EXPIRY)
        for _ in range(trouble.steps):
            if self._steps:
                self._perform(self._steps.popleft())
        worker.paused = False
        self._tell(f"{worker.name}: goes on")

    def _start(self, who: int) -> str:
        """Start a worker, which begins by joining the group."""
        self._started += 1
        keeper, name = TroubledKeeper(self.store, self._moment), f"w{who}.{self._started}"
        worker: Worker
        if self.schedule.kind == "pulling":
            worker = PullingWorker(name, keeper, self.log, Limits(chunk_records=4, checkpoint_records=9))
        else:
            worker = PushedWorker(name, keeper, self.log, self.group)
        self._workers[who] = worker
        return f"{name} {self._operate(who, Step('beat', choice=1))}"

    def _recover(self) -> None:
        self._tell("recover")
        while self._send():
            pass
        if self._workers[0] is None:
            self._start(0)
        for worker in self._workers:
            if worker is not None:
                worker.paused = False
        for rest in range(ROUNDS):
            self._tick(Millis(SESSION // 2 + 1))
            if self._at_end():
                return
            for who, worker in enumerate(self._workers):
                if worker is not None:
                    self._round(who, last=not rest)
        self.stuck = True

    def _round(self, who: int, *, last: bool) -> None:
        """Let a worker do all that it does; one ``last`` time what waits vanishes, and nothing comes after it."""
        for step in (Step("beat"), Step("reconcile"), *(Step("fetch", choice=36 + n) for n in range(PARTITIONS))):
            self._tell(f"{step.act} {self._living(who).name} {self._operate(who, step)}")
        waiting = Step("vanish" if last else "fold")
        for _ in range(2 * BUFFER):
            told = self._operate(who, waiting)
            if told == NOTHING:
                break
            self._tell(f"{waiting.act} {self._living(who).name} {told}")

    def _at_end(self) -> bool:
        return all(place.next_offset == self.log.end(p) for p, place in self.store.places.items())


def initial(schedule: Schedule) -> Definitions:
    """Return what is in force at first."""
    return definitions(experiments=(experiment(default().version),) if schedule.experiment else ())


def varied(before: Definitions, choice: int) -> Definitions:
    """Return the next version of what is in force: other scopes, or another policy beside the first, or nothing new."""
    after = replace(before, version=before.version + 1)
    match choice % 3:
        case 0:
            touchpoints = before.scopes.touchpoints ^ {"moon"}
            return replace(after, scopes=replace(before.scopes, touchpoints=touchpoints))
        case 1:
            return replace(after, policies=(default(),) if len(before.policies) > 1 else (default(), STRICT))
        case _:
            return after
