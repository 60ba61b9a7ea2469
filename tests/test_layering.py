"""Imports between rooms go one way; this is the table, and the proof that every file keeps to it."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT: dict[str, set[str]] = {
    "models": set(),
    "experiments": {"models"},
    "store": {"models", "experiments"},
    "streams": {"models", "experiments", "store"},
    "web": {"models", "experiments", "store", "streams"},
    "demo": {"models", "experiments", "store", "streams", "web"},
}
PURE = {"models", "experiments"}
IMPURE_MODULES = {"sqlite3", "sqlalchemy", "socket", "http", "urllib", "asyncio", "threading", "time", "random"}


def imported_modules(path: Path) -> set[str]:
    """Return the full names of every module that the file at ``path`` imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def files_of(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_only_rooms_below_it(room: str) -> None:
    files = files_of(room)
    assert files, f"room {room} is empty"
    allowed = MAY_IMPORT[room] | {room}
    wrong = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files
        for name in imported_modules(path)
        if (top := name.split(".")[0]) in MAY_IMPORT and top not in allowed
    }
    assert not wrong


@pytest.mark.parametrize("room", sorted(PURE))
def test_the_pure_rooms_touch_no_clock_network_or_database(room: str) -> None:
    wrong = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files_of(room)
        for name in imported_modules(path)
        if name.split(".")[0] in IMPURE_MODULES
    }
    assert not wrong


def test_sql_lives_in_the_store_alone() -> None:
    wrong = {
        f"{path.relative_to(ROOT)} imports {name}"
        for room in MAY_IMPORT
        if room != "store"
        for path in files_of(room)
        for name in imported_modules(path)
        if name.split(".")[0] in {"sqlite3", "sqlalchemy", "alembic", "psycopg"}
    }
    assert not wrong


def test_the_distribution_ships_every_room() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert all(f'"{room}*"' in text for room in MAY_IMPORT)
