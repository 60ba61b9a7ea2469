"""``python -m benchmarks.statistics.page``: measure, and write docs/statistics.md."""

import argparse
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from benchmarks.statistics.measured import Measured
from benchmarks.statistics.table import SEED, table

PAGE = Path(__file__).parents[2] / "docs" / "statistics.md"

HEAD = "| | measured | error | promised | specified |\n|---|---:|---:|---|---|"


def rows_of(rows: Iterable[Measured]) -> Iterator[str]:
    """Yield the lines of one part's table."""
    yield HEAD
    design = ""
    for row in rows:
        if row.design != design:
            design = row.design
            yield f"| **{design}** | | | | |"
        said = "" if row.unit == "%" else f" {row.unit}"
        value = f"{row.value:,.1f}" if row.unit == "%" else f"{row.value:,.0f}"
        broken = "" if row.holds else " **broken**"
        other = " *otherwise*" if row.as_stated is False else ""
        yield f"| {row.what} | {value}{said} | {row.error:.2g} | {row.promise}{broken} | {row.stated}{other} |"


def page_of(parts: Mapping[str, list[Measured]], prose: str) -> str:
    """Return the page: ``prose`` with each ``{table of …}`` filled in."""
    for name, rows in parts.items():
        prose = prose.replace(f"{{table of {name}}}", "\n".join(rows_of(rows)))
    rows = [row for part in parts.values() for row in part]
    promised = [row for row in rows if row.promise]
    kept = f"{sum(row.holds for row in promised)} of {len(promised)}"
    return prose.replace("{kept}", kept).replace("{seed}", str(SEED))


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.statistics.page", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="multiplies the numbers of runs (1)")
    parser.add_argument("--to", type=Path, default=PAGE, help="where the page is written (docs/statistics.md)")
    given = parser.parse_args()
    prose = (Path(__file__).parent / "prose.md").read_text(encoding="utf-8")
    given.to.write_text(page_of(table(given.scale), prose), encoding="utf-8")


if __name__ == "__main__":
    main()
