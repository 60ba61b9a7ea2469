"""What commands print: rich tables and sentences for people, one JSON document for programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict, is_dataclass
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]

console = Console()
errors = Console(stderr=True)


def emit_json(document: object) -> None:
    """Print ``document`` as one line of JSON on standard output."""
    typer.echo(json.dumps(_plain(document), ensure_ascii=False))


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print ``rows`` under ``columns``; columns whose name ends in a sign like # or % are aligned right."""
    if not rows:
        console.print(f"[bold]{title}[/bold]: none")
        return
    drawn = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for column in columns:
        justify: Literal["left", "right"] = "right" if column.endswith(("#", "%")) else "left"
        # Folded where the screen is narrow: a verdict that is cut short is none.
        drawn.add_column(column.removesuffix("#").strip(), justify=justify, overflow="fold")
    for row in rows:
        # As text: what people typed may look like markup, which a plain string would be read as.
        drawn.add_row(*(Text("" if value is None else str(value)) for value in row))
    console.print(drawn)


def say(sentence: str) -> None:
    """Print one sentence for a person; broken into lines on a screen only, so that programs find an address whole."""
    console.print(sentence, markup=False, highlight=False, soft_wrap=not console.is_terminal)


def points(centi: int | None) -> str:
    """Return hundredths of a point as a person reads them.

    >>> points(40), points(9_530), points(None)
    ('0.4', '95.3', 'not enough data')
    """
    if centi is None:
        return "not enough data"
    return f"{centi / 100:.2f}".rstrip("0").rstrip(".") if centi else "0"


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return value
