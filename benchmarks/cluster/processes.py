"""What the system says of running processes: processor time, also of everything they started, and the most memory."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")
KIB_PER_MB = 1_000_000 / 1024


@dataclass(frozen=True, slots=True)
class Times:
    """A line of ``/proc/<pid>/stat``: the parent, and clock ticks of its own and of children it has waited for."""

    parent: int
    own: int
    waited: int


def times(stat: str) -> Times:
    """Return what a line of ``/proc/<pid>/stat`` says; a program's name may hold spaces and brackets.

    >>> times("7 (a ) b) S 3 7 7 0 -1 4 1 2 3 4 50 6 20 1 20 0 1 0 99")
    Times(parent=3, own=56, waited=21)
    """
    fields = stat.rpartition(")")[2].split()
    return Times(int(fields[1]), int(fields[11]) + int(fields[12]), int(fields[13]) + int(fields[14]))


def high_water(status: str) -> float:
    r"""Return the most memory (MB) that ``/proc/<pid>/status`` says was ever resident; raises ``ValueError``.

    >>> high_water("VmPeak:\t 9000 kB\nVmHWM:\t    2000 kB\nVmRSS:\t 1000 kB")
    2.048
    """
    for line in status.splitlines():
        name, _, value = line.partition(":")
        if name == "VmHWM":
            return int(value.split()[0]) / KIB_PER_MB
    raise ValueError("the status of this process names no VmHWM: it has ended, or the system is no Linux")


def processor(pid: int) -> float:
    """Return the processor time (s) that the process ``pid`` has used so far, all its threads together."""
    return times((PROC / str(pid) / "stat").read_text()).own / TICKS


def peak(pid: int) -> float:
    """Return the most memory (MB) that the process ``pid`` ever held."""
    return high_water((PROC / str(pid) / "status").read_text())


def family(pid: int) -> float:
    """Return the processor time (s) of the process ``pid`` and all it started, those that have ended too."""
    found: dict[int, Times] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile; its parent has its time
                found[int(entry.name)] = times((entry / "stat").read_text())
    return _ticks(pid, found) / TICKS


def _ticks(pid: int, found: dict[int, Times]) -> int:
    children = sum(_ticks(child, found) for child, one in found.items() if one.parent == pid)
    return found[pid].own + found[pid].waited + children
