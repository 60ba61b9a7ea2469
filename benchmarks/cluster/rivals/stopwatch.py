"""Seconds from the first event to the last, by the wall and by the processor; says them once all have come."""

import json
import sys
import time


class Stopwatch:
    """Counts events up to ``expected``."""

    def __init__(self, expected: int) -> None:
        self._expected = expected
        self._seen = 0
        self._began = (0.0, 0.0)

    def begin(self) -> None:
        """Begin to count time, unless it is counted already; for flows whose end sees many events at once."""
        if not self._began[0]:
            self._began = time.perf_counter(), time.process_time()

    def saw(self, events: int) -> bool:
        """Count ``events`` more; at the last one say the figures and return ``True``."""
        self.begin()
        self._seen += events
        if self._seen < self._expected:
            return False
        seconds, processor = time.perf_counter() - self._began[0], time.process_time() - self._began[1]
        sys.__stdout__.write(json.dumps({"events": self._seen, "seconds": seconds, "processor": processor}) + "\n")
        sys.__stdout__.flush()
        return True
