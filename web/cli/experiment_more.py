"""``ressenti experiment …``: causes, assignment, tables, the library and how well the team foresees."""

import json
from pathlib import Path
from typing import Annotated

import typer

from experiments.learning import Query
from models.errors import InvalidInput
from streams.experiment_assigning import Asked, Assigner
from streams.experiment_causes import Offered, Weighing
from streams.experiment_tables import UNITS, as_csv, table, tables, unit_lines
from web.assignments.endpoints import shown as assignment_document
from web.cli.opening import DataOption, house_at
from web.cli.output import JsonOption, emit_json, say
from web.cli.output import table as print_table
from web.experiments.api import document, proposal_document
from web.experiments.library import calibration_document, library_of, plain

Id = Annotated[str, typer.Argument(help="The experiment's id.")]


def causes(
    experiment_id: Id,
    data: DataOption = None,
    accept: Annotated[str | None, typer.Option("--accept", help="Take this proposal up as evidence.")] = None,
    reject: Annotated[str | None, typer.Option("--reject", help="Reject this proposal, as a rival cause.")] = None,
    statement: Annotated[str, typer.Option("--cause", help="The root cause it speaks for, in words.")] = "",
    because: Annotated[str, typer.Option("--because", help="Why it is rejected.")] = "",
    by: Annotated[str, typer.Option("--by", help="The author, who weighs it.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Show what is proposed for root causes, or take one proposal up, or reject it."""
    with house_at(data, must_exist=True) as house:
        if accept is not None or reject is not None:
            if accept is not None and reject is not None:
                raise InvalidInput("--accept and --reject: give one of them at a time")
            weighing = Weighing(accept or reject or "", accept is not None, statement, because)
            after = house.experiment_desk.weigh(experiment_id, weighing, by, house.now())
            emit_json(document(after)) if as_json else say(f"{experiment_id}: the root causes are written.")
            return
        offered = house.experiment_desk.proposals(experiment_id)
    if as_json:
        emit_json([proposal_document(each) for each in offered])
        return
    print_table("Proposed root causes", ("proposal", "says", "standing"), [_line(each) for each in offered])
    say("Evidence to accept or to reject, never a conclusion; slices of journeys and themes overlap.")


def _line(offered: Offered) -> tuple[object, ...]:
    return (offered.proposal.id, offered.proposal.statement, offered.standing)


def assign(
    experiment_id: Id,
    unit: Annotated[str | None, typer.Argument(help="The unit's pseudonym.")] = None,
    data: DataOption = None,
    customer: Annotated[str | None, typer.Option("--customer", help="Your own id of the customer, instead.")] = None,
    cluster: Annotated[str, typer.Option("--cluster", help="The unit's site, team or lane, where those count.")] = "",
    expose: Annotated[bool, typer.Option("--expose", help="Record that the customer meets the arm now.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Say which arm a unit gets; the arithmetic is written down in docs/assignment.md."""
    with house_at(data, must_exist=True) as house:
        assigner = Assigner(house.store, house.collector, house.key)
        found = assigner.assign(Asked(experiment_id, unit, customer, expose, None, cluster), house.now())
    if as_json:
        emit_json(assignment_document(found))
        return
    exposed = ", exposed" if found.exposed else ""
    say(f"{found.assignment.unit}: {found.assignment.arm} ({found.assignment.why}{exposed})")


def export(
    experiment_id: Id,
    data: DataOption = None,
    name: Annotated[str | None, typer.Option("--table", help="Only this table, as CSV on standard output.")] = None,
    to: Annotated[Path | None, typer.Option("--to", help="A folder for all of them, as CSV and JSON.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Export every table behind a verdict."""
    with house_at(data, must_exist=True) as house:
        experiment = house.store.experiments.get(experiment_id).experiment
        if name == UNITS:
            for line in unit_lines(house.store, experiment_id):
                typer.echo(line, nl=False)
            return
        found = tables(house.experiment_evaluator, experiment, house.now())
        if to is not None:
            files = _written(to, {each: as_csv(sheet) for each, sheet in found.items()})
            units = to / f"{UNITS}.csv"
            with units.open("w", encoding="utf-8", newline="") as file:
                file.writelines(unit_lines(house.store, experiment_id))
            objects = {each: sheet.objects() for each, sheet in found.items()}
            (to / "tables.json").write_text(json.dumps(objects, ensure_ascii=False), encoding="utf-8")
            written = [str(each) for each in (*files, units, to / "tables.json")]
            emit_json({"written": written}) if as_json else say(f"{len(written)} files are in {to}.")
            return
    if name is not None:
        sheet = table(found, name)
        emit_json(sheet.objects()) if as_json else typer.echo(as_csv(sheet), nl=False)
    elif as_json:
        emit_json({each: sheet.objects() for each, sheet in found.items()})
    else:
        print_table("Tables", ("table", "rows#"), [(each, len(sheet.rows)) for each, sheet in found.items()])
        say("Write them with --to FOLDER, or print one with --table NAME.")


def _written(folder: Path, files: dict[str, str]) -> list[Path]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / f"{name}.csv").write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise InvalidInput(f"--to: {folder} cannot be written ({error.strerror}); name another folder") from None
    return [folder / f"{name}.csv" for name in files]


def library(
    words: Annotated[list[str] | None, typer.Argument(help="Words that must be there.")] = None,
    data: DataOption = None,
    scope: Annotated[str, typer.Option("--scope", help="A scope, or a touchpoint's name.")] = "",
    cause: Annotated[str, typer.Option("--cause", help="A cause of the ledger.")] = "",
    action: Annotated[str, typer.Option("--action", help="Words of the action.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Search what was learnt so far."""
    with house_at(data, must_exist=True) as house:
        cards = library_of(house, Query(" ".join(words or ()), scope, cause, action)).cards
    if as_json:
        emit_json([plain(card) for card in cards])
        return
    rows = [(c.experiment, c.title, c.verdict, c.choice, c.text) for c in cards]
    print_table("Learnt", ("experiment", "title", "verdict", "decision", "what was learnt"), rows)


def calibrate(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show how well the team foresees, and what the adopted gains add up to."""
    with house_at(data, must_exist=True) as house:
        found = library_of(house, Query())
    if as_json:
        emit_json(calibration_document(found))
        return
    say(found.calibration.sentence)
    rows = [
        (f.experiment, f.metric, f"{f.expected:+.2f}", f"{f.measured:+.2f}", "yes" if f.inside else "no")
        for f in found.foreseen
    ]
    print_table("Expected and measured", ("experiment", "metric", "expected#", "measured#", "inside"), rows)
    for each in found.gains:
        say(f"{each.metric}, {each.scope}: {each.sentence}.")
