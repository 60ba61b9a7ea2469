"""``ressenti erase``: forget one customer, everywhere."""

from typing import Annotated

import typer

from streams.erasure import erase as erase_customer
from web.cli.opening import DataOption, house_at
from web.cli.output import JsonOption, emit_json, say


def erase(
    subject: Annotated[str, typer.Argument(help="A pseudonym, or your own id of the customer.")],
    by: Annotated[str, typer.Option("--by", help="Who asks for it; it is kept in the audit log.")] = "command line",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Forget a customer: facts, journeys, cases, words, dead letters; cells are corrected."""
    with house_at(data, must_exist=True) as house:
        forgotten = erase_customer(house.store, house.key, subject, by)
    if as_json:
        emit_json([{"subject": each.subject, "rows": each.rows} for each in forgotten])
        return
    for each in forgotten:
        gone = ", ".join(f"{table} {n}" for table, n in each.rows.items() if n) or "nothing was kept"
        say(f"{each.subject} is forgotten: {gone}.")
