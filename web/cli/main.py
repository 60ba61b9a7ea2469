"""``ressenti``: the command asked for, found and run; an error is one sentence on standard error and an exit code.

Commands live one per file beside this one; upper rooms add theirs under the entry point group ``ressenti.commands``.
"""

import os
import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

from models.errors import RessentiError
from web.cli import commands, exits
from web.cli.output import errors
from web.cli.sharing import shared_data

DEBUG = "RESSENTI_LOG_LEVEL=debug"


def main(arguments: list[str] | None = None) -> None:
    """Run one command and end the process with its exit code."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Run one command; return its exit code."""
    try:
        result = typer.main.get_command(application(arguments)).main(arguments, "ressenti", standalone_mode=False)
    except typer.Exit as ended:
        return ended.exit_code
    except (typer.Abort, KeyboardInterrupt):
        return exits.Exit.INTERRUPTED
    except BrokenPipeError:
        # The reader (`| head`) has seen enough; what is still buffered must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exits.Exit.DONE
    except Exception as error:  # noqa: BLE001 - the last door: no traceback passes it
        return _complain(error)
    return result if isinstance(result, int) else exits.Exit.DONE


def _complain(error: Exception) -> int:
    """Say on standard error what went wrong, in one sentence; return the exit code."""
    match error:
        case RessentiError():
            sentence, code = str(error), exits.exit_of(error)
        case typer.TyperException() if not str(error):
            return exits.Exit.UNUSABLE  # a group without its command: its help was printed
        case typer.TyperException():
            # Its own text leaves out which option or argument it is about.
            said = error.format_message() if isinstance(error, typer.BadParameter) else str(error)
            sentence, code = f"{said.rstrip('.')}; see `ressenti --help`", exits.Exit.UNUSABLE
        case _:
            sentence = (
                f"an error of ours ({type(error).__name__}: {error}); run it with {DEBUG} and report all it prints"
            )
            code = exits.Exit.OURS
            if os.environ.get("RESSENTI_LOG_LEVEL") == "debug":
                traceback.print_exception(error)
    errors.print(f"ressenti: {sentence}", markup=False, highlight=False, soft_wrap=True)
    return code


def application(arguments: list[str]) -> typer.Typer:
    """Return the application with the command that ``arguments`` ask for."""
    app = typer.Typer(
        name="ressenti",
        help="Live customer-experience scores, the gaps behind them, and the experiments that close them.",
        epilog=exits.EPILOG,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(_shared)
    commands.register(app, arguments)
    return app


def _shared(
    data: Annotated[
        Path | None, typer.Option("--data", help="Folder that holds log and store.", show_default=False)
    ] = None,
) -> None:
    """Live customer-experience scores, the gaps behind them, and the experiments that close them."""
    shared_data.set(data)


if __name__ == "__main__":
    main()
