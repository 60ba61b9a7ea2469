"""``ressenti policy``: which policies are known and scored, what they say, and switching between them."""

from pathlib import Path
from typing import Annotated

import typer

from models.errors import NotFound
from models.policy import Policy, default, load
from streams.bootstrap import House
from streams.replay import Replay
from web.cli.opening import DataOption, house_at
from web.cli.output import JsonOption, emit_json, say, table
from web.cli.targets import text_of

app = typer.Typer(help="Policies: every number a score depends on, versioned.", no_args_is_help=True)
By = Annotated[str, typer.Option("--by", help="Who does it.")]
Version = Annotated[str, typer.Argument(help="A policy's version, as `policy list` shows it.")]


@app.command("list")
def list_policies(data: DataOption = None, as_json: JsonOption = False) -> None:
    """List the policies known, and which are scored."""
    with house_at(data, must_exist=True) as house:
        in_force = tuple(policy.version for policy in house.definitions().policies)
        known = house.store.policies.all(in_force)
    rows = [(each.policy.version, each.role, ", ".join(each.pinned_by), each.author) for each in known]
    names = ("version", "role", "pinned by", "author")
    if as_json:
        emit_json([dict(zip(names, row, strict=True)) for row in rows])
    else:
        table("Policies", names, rows)


@app.command("show")
def show_policy(
    version: Annotated[str | None, typer.Argument(help="A version; without one, the shipped default.")] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print a policy's file, to begin one's own from."""
    if version is None:
        policy = default()
    else:
        with house_at(data, must_exist=True) as house:
            policy = house.store.policies.get(version)
    emit_json({"version": policy.version, "text": policy.text}) if as_json else typer.echo(policy.text)


@app.command("check")
def check_policy(file: Annotated[Path, typer.Argument(help="A policy file.")], as_json: JsonOption = False) -> None:
    """Check a policy file; every fault is named with its remedy."""
    policy: Policy = load(text_of(file))
    if as_json:
        emit_json({"ok": True, "version": policy.version})
    else:
        say(f"{policy.version}: the policy is sound. Compare it before switching: `ressenti replay --policy {file}`.")


@app.command("activate")
def activate_policy(
    version: Version, by: By = "command line", data: DataOption = None, as_json: JsonOption = False
) -> None:
    """Show the scores of a policy that was replayed: a pointer moves, and the rows that pages show are written anew."""
    with house_at(data, must_exist=True) as house:
        version = _version_of(house, version)
        Replay(house.store, house.now).activate(version, by)
    emit_json({"active": version}) if as_json else say(f"{version} is the active policy.")


@app.command("remove")
def remove_policy(
    version: Version, by: By = "command line", data: DataOption = None, as_json: JsonOption = False
) -> None:
    """Stop scoring a policy and forget its cells; refused while it is active or pinned."""
    with house_at(data, must_exist=True) as house:
        version = _version_of(house, version)
        Replay(house.store, house.now).discard(version, by)
    if as_json:
        emit_json({"removed": version})
    else:
        say(f"{version} is scored no longer; everything it left was taken back.")


def _version_of(house: House, given: str) -> str:
    """Return the version that ``given``, a version or the name of only one, means; raises ``NotFound``."""
    in_force = tuple(policy.version for policy in house.definitions().policies)
    known = [str(each.policy.version) for each in house.store.policies.all(in_force)]
    if given in known:
        return given
    named = [version for version in known if version.partition("@")[0] == given]
    if len(named) == 1:
        return named[0]
    raise NotFound(f"policy {given}: name one version of {', '.join(known)}; `ressenti policy list` shows them")
