"""``ressenti experiment enlist``: the units that alone take part, drawn stratum by stratum, from a table."""

from pathlib import Path
from typing import Annotated

import typer
from msgspec.structs import replace

from experiments.analysis.rows import Row, require, rows_of
from experiments.strata import Listed
from models.errors import InvalidInput
from models.pseudonyms import PseudonymKey, is_pseudonym, pseudonym
from web.cli.opening import DataOption, house_at
from web.cli.output import JsonOption, emit_json, say
from web.cli.tables_read import opened_text
from web.experiments.api import document

UNIT, CUSTOMER, STRATUM = "unit", "customer", "stratum"


def enlist(
    experiment_id: Annotated[str, typer.Argument(help="The experiment's id.")],
    file: Annotated[Path, typer.Argument(help="A table with a column unit (pseudonyms) or customer (your own ids).")],
    by: Annotated[str, typer.Option("--by", help="The author.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the units that alone take part; a column stratum has each stratum split by itself.

    Your own ids become pseudonyms at once and are not stored.
    """
    with house_at(data, must_exist=True) as house:
        listed = _listed(file, house.key)
        kept = house.store.experiments.get(experiment_id).experiment
        plan = replace(kept.plan, allocation=replace(kept.plan.allocation, listed=listed))
        after = house.experiment_desk.revise(experiment_id, plan, by, house.now())
    strata = len({each.stratum for each in listed})
    emit_json(document(after)) if as_json else say(f"{len(listed)} units in {strata} strata are listed.")


def _listed(file: Path, key: PseudonymKey) -> tuple[Listed, ...]:
    with opened_text(file) as lines:
        rows = rows_of(lines, file.name)
        named = UNIT if UNIT in rows.columns else CUSTOMER
        require(rows.columns, [named], file.name)
        listed = tuple(Listed(_unit(row, named, key, file.name), row.fields.get(STRATUM, "")) for row in rows.rows)
    if not listed:
        raise InvalidInput(f"{file.name}: it lists nobody; give one row a unit, else everybody would take part")
    return listed


def _unit(row: Row, named: str, key: PseudonymKey, file: str) -> str:
    text = row.fields[named]
    if not text or (named == UNIT and not is_pseudonym(text)):
        raise InvalidInput(
            f"{file}: line {row.line}: {text!r} is no pseudonym of ours; give your own ids in a column customer"
        )
    return text if named == UNIT else pseudonym(text, key)
