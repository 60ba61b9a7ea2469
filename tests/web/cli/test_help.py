"""``ressenti --help`` names every command and loads none; a command loads what it needs and no more."""

import subprocess
import sys

import pytest

from tests.web.cli.conftest import Run
from web.cli.commands import known

HEAVY = ("sqlalchemy", "numpy", "scipy", "fastapi", "pydantic")
PROBE = "import sys; from web.cli.main import run; run(sys.argv[1:]); print(*sorted(sys.modules), file=sys.stderr)"


def loaded(*arguments: str) -> set[str]:
    ran = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", PROBE, *arguments], capture_output=True, text=True, check=True
    )
    return set(ran.stderr.split())


def test_help_lists_every_command_with_what_it_does(ran: Run) -> None:
    told = ran("--help").out
    for name, found in known().items():
        assert found.summary(), name
        assert f" {name} " in told
        assert found.summary() in told


def test_help_loads_nothing_heavy() -> None:
    assert not loaded("--help") & set(HEAVY)


@pytest.mark.parametrize("name", sorted(known()))
def test_every_command_has_its_own_help(ran: Run, name: str) -> None:
    told = ran(name, "--help")
    assert told.code == 0
    assert f"Usage: ressenti {name}" in told.out
    assert ran("--data", name, name, "--help").code == 0
