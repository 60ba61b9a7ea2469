"""The simulations behind docs/statistics.md, in short: every promise holds, and the page shows every row."""

from pathlib import Path

import pytest

from benchmarks.statistics.measured import Measured
from benchmarks.statistics.page import page_of, rows_of
from benchmarks.statistics.table import PARTS, figure, table

PAGE = Path(__file__).parents[2] / "docs" / "statistics.md"
SHORT = 0.05


@pytest.fixture(scope="module")
def parts() -> dict[str, list[Measured]]:
    return table(SHORT)


@pytest.mark.slow
def test_every_promise_is_kept_up_to_the_simulations_own_error(parts: dict[str, list[Measured]]) -> None:
    broken = [
        f"{row.design}: {row.what}: {row.value} ± {row.error}"
        for rows in parts.values()
        for row in rows
        if not row.holds
    ]
    assert not broken
    assert set(parts) == set(PARTS)
    assert sum(bool(row.promise) for rows in parts.values() for row in rows) > 60


@pytest.mark.slow
def test_the_page_shows_every_row_and_no_broken_promise(parts: dict[str, list[Measured]]) -> None:
    page = PAGE.read_text(encoding="utf-8")
    for rows in parts.values():
        for row in rows:
            assert f"| **{row.design}** |" in page
            assert f"| {row.what} |" in page
    assert "**broken**" not in page
    assert "{" not in page


@pytest.mark.slow
def test_a_naive_peeker_is_fooled_where_we_are_not(parts: dict[str, list[Measured]]) -> None:
    rows = {row.what: row.value for row in parts["customers"]}
    assert rows["naive test at 200 looks, nothing there"] > 35.0
    assert rows["always-valid interval at 200 looks, nothing there, 1 × the detectable effect expected"] < 5.0


def test_a_broken_promise_is_shown_as_such() -> None:
    sound = Measured("d", "kept", 5.5, 0.4, 100, most=5.0, stated="4.9")
    broken = Measured("d", "not kept", 9.0, 0.4, 100, most=5.0, stated="1–2")
    assert (sound.holds, broken.holds) == (True, False)
    assert (sound.as_stated, broken.as_stated) == (True, False)
    lines = list(rows_of([sound, broken]))
    assert "**broken**" not in lines[2]
    assert "| ≤ 5 **broken** | 1–2 *otherwise* |" in lines[3]
    page = page_of({"customers": [sound, broken]}, "{table of customers} {kept} {seed}")
    assert "1 of 2" in page
    shown = figure({"customers": [sound, broken]})
    assert "BROKEN" in shown.lines[1].said
    assert shown.on["promises kept"] == "1 of 2"
