"""``ressenti experiment``: the loop's acts, and what is measured."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from experiments.plan import Origin, Plan
from experiments.states import Role
from models.errors import InvalidInput
from streams.experiment_acts import NAMES, Given
from web.cli.experiment_analyse import analyse
from web.cli.experiment_enlist import enlist
from web.cli.experiment_more import assign, calibrate, causes, export, library
from web.cli.opening import DataOption, house_at
from web.cli.output import JsonOption, emit_json, say, table
from web.cli.targets import text_of
from web.experiments.api import document, shown
from web.experiments.view import experiment_view

app = typer.Typer(
    help="Experiments: from a gap's root cause to a verdict and the next iteration.", no_args_is_help=True
)
app.command("causes")(causes)
app.command("enlist")(enlist)
app.command("assign")(assign)
app.command("export")(export)
app.command("library")(library)
app.command("calibration")(calibrate)
app.command("analyse")(analyse)
Id = Annotated[str, typer.Argument(help="The experiment's id.")]
By = Annotated[str, typer.Option("--by", help="Who acts.")]


@app.command("list")
def list_experiments(data: DataOption = None, as_json: JsonOption = False) -> None:
    """List every experiment."""
    with house_at(data, must_exist=True) as house:
        kept = [each.experiment for each in house.store.experiments.all()]
    if as_json:
        emit_json([document(each) for each in kept])
    else:
        rows = [(e.id, e.title, e.state, e.verdict.kind if e.verdict else None, e.owner) for e in kept]
        table("Experiments", ("id", "title", "state", "verdict", "owner"), rows)


@app.command("show")
def show_experiment(experiment_id: Id, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show one experiment: its record, the latest look, and what may be done now."""
    with house_at(data, must_exist=True) as house:
        if as_json:
            emit_json(shown(house, experiment_id))
            return
        view = experiment_view(house, experiment_id)
    record = view.record
    say(f"{record.title} ({record.state}), iteration {record.iteration}, owner {record.owner}.")
    if view.fault:
        say(f"It cannot be evaluated now: {view.fault}.")
    if view.verdict is not None:
        say(f"{view.english}\n{view.french}")
    table(
        "What may be done now",
        ("act", "by", "what it says"),
        [(o.act, "/".join(o.roles), o.words) for o in view.offers],
    )


@app.command("open")
def open_experiment(
    title: Annotated[str, typer.Argument(help="What it is about.")],
    reference: Annotated[str, typer.Option("--on", help="The gap's id, or the opportunity.")],
    author: Annotated[str, typer.Option("--author", help="Who explains and plans it.")],
    data: DataOption = None,
    owner: Annotated[str, typer.Option("--owner", help="Who will decide; of a gap, its owner.")] = "",
    origin: Annotated[str, typer.Option("--origin", help="gap or opportunity.")] = "gap",
    as_json: JsonOption = False,
) -> None:
    """Open a draft on a gap or an opportunity."""
    from_what = _origin(origin, reference)
    with house_at(data, must_exist=True) as house:
        opened = house.experiment_desk.begin(title, author, owner, from_what, house.now())
    emit_json(document(opened)) if as_json else say(opened.id)


@app.command("revise")
def revise_plan(
    experiment_id: Id,
    plan: Annotated[Path, typer.Option("--plan", help="The plan, as JSON or TOML.")],
    by: By,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the plan from a file; the baseline comes from the scope's own history where the file gives none."""
    given = plan_from(plan)
    with house_at(data, must_exist=True) as house:
        after = house.experiment_desk.revise(experiment_id, given, by, house.now())
    emit_json(document(after)) if as_json else say(f"{experiment_id}: the plan is written.")


@app.command("act")
def act(
    experiment_id: Id,
    deed: Annotated[str, typer.Argument(help=", ".join(name.replace(" ", "-") for name in NAMES))],
    by: By,
    role: Annotated[Role, typer.Option("--role", help="In which role.")],
    data: DataOption = None,
    note: Annotated[str, typer.Option("--note", help="Reason, learning, or the next one's title.")] = "",
    choice: Annotated[str, typer.Option("--choice", help="adopt, adapt or abandon.")] = "abandon",
    outcome: Annotated[str, typer.Option("--outcome", help="Of a recheck: holds, or does not hold.")] = "does not hold",
    next_idea: Annotated[str, typer.Option("--next-idea", help="With a decision: what to try next.")] = "",
    tag: Annotated[list[str] | None, typer.Option("--tag", help="With a decision: a tag of the learning.")] = None,
    occasions: Annotated[str, typer.Option("--occasions", help="Fidelity, as 9/10.")] = "0/0",
    metric: Annotated[str, typer.Option("--metric", help="Of a guardrail that is added.")] = "",
    direction: Annotated[str, typer.Option("--direction", help="Which way is good for it: up or down.")] = "up",
    margin: Annotated[float, typer.Option("--margin", help="By how much it may worsen.")] = 0.0,
    as_json: JsonOption = False,
) -> None:
    """Carry out one act; what is missing is said."""
    done, of = _fraction(occasions)
    said = {"by": by, "role": role, "note": note, "done": done, "of": of, "choice": choice, "outcome": outcome}
    said |= {"next_idea": next_idea, "tags": tag or [], "metric": metric, "direction": direction, "margin": margin}
    given = _given(said)
    with house_at(data, must_exist=True) as house:
        after = house.experiment_desk.perform(experiment_id, deed, given, house.now())
    emit_json(document(after)) if as_json else say(f"{after.id} is {after.state}.")


def plan_from(file: Path) -> Plan:
    """Return the plan that ``file`` holds; raises ``InvalidInput`` naming the field."""
    text = text_of(file)
    try:
        if file.suffix == ".toml":
            return msgspec.toml.decode(text, type=Plan)
        return msgspec.json.decode(text, type=Plan)
    except msgspec.DecodeError as error:
        raise InvalidInput(f"{file}: {error}; write the plan as `experiment show --json` shows one") from None


def _origin(kind: str, reference: str) -> Origin:
    if kind == "gap":
        return Origin("gap", reference)
    if kind == "opportunity":
        return Origin("opportunity", reference)
    raise InvalidInput(f"--origin: {kind!r} is not known; use gap or opportunity")


def _given(said: dict[str, object]) -> Given:
    try:
        return msgspec.convert(said, Given)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"{error}; see `ressenti experiment act --help` for what may be said") from None


def _fraction(text: str) -> tuple[int, int]:
    done, _, of = text.partition("/")
    if not (done.isdecimal() and of.isdecimal()):
        raise InvalidInput(f"--occasions: {text!r} is not a fraction; write 9/10")
    return int(done), int(of)
