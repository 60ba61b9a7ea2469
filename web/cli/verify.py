"""``ressenti verify``: a store against its own log and facts."""

import typer

from streams.verify import verify as verify_store
from web.cli.exits import Exit
from web.cli.opening import DataOption, house_at
from web.cli.output import JsonOption, emit_json, say


def verify(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Check what must always hold: counts, ledgers, cells; exit 1 when something differs."""
    with house_at(data, must_exist=True) as house:
        found = verify_store(house.store, house.log)
    if as_json:
        emit_json(found.as_json())
    else:
        for sentence in found.differences:
            say(sentence)
        if found.found > len(found.differences):
            say(f"… and {found.found - len(found.differences)} more.")
        verdict = "All is equal" if found.ok else f"{found.found} differences"
        say(f"{verdict}: {found.customers} customers, {found.cells} cells, {found.unfolded} records yet to fold.")
    if not found.ok:
        raise typer.Exit(Exit.NO)
