"""``ressenti experiment``: the loop's acts, and what is measured."""

import secrets
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from experiments import life_cycle
from experiments.ledger import Experiment, to_json
from experiments.life_cycle import Opening, Successor
from experiments.plan import Origin, Plan
from experiments.states import Actor, Role
from models.errors import InvalidInput
from streams.experiment_baseline import with_baseline
from web.cli.opening import DataOption, house_at
from web.cli.output import JsonOption, emit_json, say, table
from web.cli.targets import text_of
from web.experiments.forms import ACTS, ActForm
from web.experiments.view import experiment_view

app = typer.Typer(
    help="Experiments: from a gap's root cause to a verdict and the next iteration.", no_args_is_help=True
)
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
        view = experiment_view(house, experiment_id)
    if as_json:
        verdict = None if view.verdict is None else msgspec.to_builtins(view.verdict)
        emit_json(document(view.record) | {"now": verdict, "offers": [offer.act for offer in view.offers]})
        return
    record = view.record
    say(f"{record.title} ({record.state}), iteration {record.iteration}, owner {record.owner}.")
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
    owner: Annotated[str, typer.Option("--owner", help="Who will decide.")],
    data: DataOption = None,
    origin: Annotated[str, typer.Option("--origin", help="gap or opportunity.")] = "gap",
    as_json: JsonOption = False,
) -> None:
    """Open a draft on a gap or an opportunity."""
    opening = Opening(f"exp-{secrets.token_hex(4)}", title, secrets.token_hex(8), owner, _origin(origin, reference))
    with house_at(data, must_exist=True) as house:
        opened = house.experiment_desk.open(opening, Actor(author, Role.AUTHOR), house.now())
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
        now = house.now()
        full = given if given.design is not None and given.design.baseline else with_baseline(house.store, given, now)
        author = Actor(by, Role.AUTHOR)
        after = house.experiment_desk.act(experiment_id, lambda e: life_cycle.revise(e, author, now, full), now)
    emit_json(document(after)) if as_json else say(f"{experiment_id}: the plan is written.")


@app.command("act")
def act(
    experiment_id: Id,
    deed: Annotated[str, typer.Argument(help=f"start, iterate, retry, {', '.join(ACTS)}")],
    by: By,
    role: Annotated[Role, typer.Option("--role", help="In which role.")],
    data: DataOption = None,
    note: Annotated[str, typer.Option("--note", help="Reason, learning, or the next one's title.")] = "",
    choice: Annotated[str, typer.Option("--choice", help="adopt, adapt or abandon.")] = "abandon",
    occasions: Annotated[str, typer.Option("--occasions", help="Fidelity, as 9/10.")] = "0/0",
    as_json: JsonOption = False,
) -> None:
    """Carry out one act; what is missing is said."""
    with house_at(data, must_exist=True) as house:
        form, now = _form(by, role, note, choice, occasions), house.now()
        if deed == "start":
            after = house.experiment_desk.start(experiment_id, form.actor, now)
        elif deed in {"iterate", "retry"}:
            follow = life_cycle.iterate if deed == "iterate" else life_cycle.retry
            named = Successor(f"exp-{secrets.token_hex(4)}", note or "Next iteration", secrets.token_hex(8))
            after = house.experiment_desk.follow(experiment_id, lambda e: follow(e, form.actor, now, named), now)
        elif deed in ACTS:
            after = house.experiment_desk.act(experiment_id, lambda e: ACTS[deed](e, form, now), now)
        else:
            raise InvalidInput(f"act: {deed!r} is not known; use start, iterate, retry or one of {', '.join(ACTS)}")
    emit_json(document(after)) if as_json else say(f"{after.id} is {after.state}.")


def document(experiment: Experiment) -> dict[str, object]:
    """Return the record as JSON."""
    shown: dict[str, object] = msgspec.json.decode(to_json(experiment))
    return shown


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


def _form(by: str, role: Role, note: str, choice: str, occasions: str) -> ActForm:
    done, _, of = occasions.partition("/")
    if not (done.isdigit() and of.isdigit()):
        raise InvalidInput(f"--occasions: {occasions!r} is not a fraction; write 9/10")
    if choice not in ("adopt", "adapt", "abandon"):
        raise InvalidInput(f"--choice: {choice!r} is not a decision; use adopt, adapt or abandon")
    return ActForm(by, role, note, int(done), int(of), choice)  # type: ignore[arg-type]  # checked just above
