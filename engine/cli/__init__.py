"""The command line: one short function a verb. Exit codes: 0 ok, 1 problems, 2 usage, 3 the tool failed."""

from __future__ import annotations

import errno
import importlib.metadata
import io
import os
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli import (
    agreements,
    alarms,
    begin,
    brakes,
    casework,
    charges,
    coming,
    desk,
    doctor,
    feeds,
    guards,
    holds,
    inbox,
    ledger,
    live,
    manual,
    messages,
    people,
    policies,
    records,
    report,
    service,
    today,
    verify,
)
from engine.cli.edge import Edge, now
from engine.errors import DunwellError

PROBLEMS, USAGE, FAILED = 1, 2, 3
# What typer raises for a command that is written wrongly; its own copy of click has a private name.
_Usage: Any = typer.BadParameter.__mro__[1]
_Click: Any = typer.BadParameter.__mro__[2]

app = typer.Typer(
    help="Turns overdue accounts back into good customers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


def _version(wanted: bool) -> None:
    if wanted:
        try:
            version = importlib.metadata.version("dunwell")
        except importlib.metadata.PackageNotFoundError:
            version = "from a folder, not installed"
        sys.stdout.write(f"dunwell {version}\n")
        raise typer.Exit


@app.callback()
def _dunwell(
    ctx: typer.Context,
    workspace: Annotated[
        Path | None,
        typer.Option("--workspace", "-w", metavar="DIR", help="The workspace, if it is not here."),
    ] = None,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show where in Dunwell an error comes from.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Say which Dunwell this is.", is_eager=True, callback=_version)
    ] = False,
) -> None:
    edge = ctx.obj if isinstance(ctx.obj, Edge) else Edge()
    ctx.obj = Edge(edge.clock, workspace or edge.folder, debug)


_VERBS: tuple[Callable[..., None], ...] = (
    *(begin.init, begin.demo, policies.check, policies.words, policies.schema, policies.trials),
    policies.diff,
    *(ledger.import_, feeds.push, coming.preview, today.run, today.explain),
    *(desk.worklist, desk.brief, desk.absent, desk.contacts, desk.review),
    *(casework.log, casework.confirm, casework.approve, casework.decline),
    *(agreements.promise, agreements.plan, agreements.dispute, agreements.concede),
    *(brakes.stop, brakes.resume, brakes.quarantine, brakes.backup, brakes.restore),
    *(casework.pause, casework.note, casework.done, records.history),
    *(records.evidence, records.forget),
    report.report,
    *(guards.guards, guards.guard, guards.contact_rule),
    *(charges.charges, charges.charge, charges.waive),
    *(holds.terms, holds.hold, holds.reduce_service, holds.release, holds.restore, holds.in_force),
    holds.restrictions,
    *(service.serve, service.status),
    *(people.web, people.people, people.invite),
    *(verify.verify, doctor.doctor),
)
# Where the verb is no name for a function.
_NAMES = {
    "trials": "test",
    "contact_rule": "contact-rule",
    "reduce_service": "reduce-service",
    "in_force": "in-force",
}
for _verb in _VERBS:
    app.command(_NAMES.get(_verb.__name__, _verb.__name__.rstrip("_")))(_verb)
app.add_typer(messages.app, name="outbox")
app.add_typer(alarms.app, name="alarms")
app.add_typer(feeds.app, name="feeds")
app.add_typer(inbox.app, name="inbox")
app.add_typer(live.app, name="live")
app.command("help")(manual.help_)


def main(argv: Sequence[str] | None = None, *, clock: Callable[[], datetime] = now) -> None:
    """Run one command and leave with its exit code. `clock` gives aware moments."""
    for stream in (sys.stdout, sys.stderr):  # an old code page has no “–”: a “?” is better than no answer
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    sys.exit(_run(list(sys.argv[1:] if argv is None else argv), clock))


def _run(arguments: list[str], clock: Callable[[], datetime]) -> int:
    debug = "--debug" in arguments
    try:
        code = app(arguments, prog_name="dunwell", standalone_mode=False, obj=Edge(clock))
        return code if isinstance(code, int) else 0
    except (typer.Abort, KeyboardInterrupt):
        _told("stopped")
        return 130
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if isinstance(error, _Click):
            return _misused(error)
        if debug:
            raise
        return _failed(error)


def _misused(error: Any) -> int:
    """How the command is written, for one that is written wrongly."""
    context = error.ctx if isinstance(error, _Usage) else None
    if context is None or type(error).__name__ == "NoArgsIsHelpError":
        error.show()
    else:
        message = _sentence(error.format_message())
        _told(f"{message}\n  {context.command_path} --help  shows how it is written")
    return USAGE


def _failed(error: Exception) -> int:
    """One sentence, and what helps, for whatever stopped the command."""
    while isinstance(error, ExceptionGroup) and error.exceptions:  # of several that ran at once, the first
        error = error.exceptions[0]
    if isinstance(error, DunwellError):
        problems = getattr(error, "problems", ())  # of the settings
        if any(problem.code != "no-workspace" for problem in problems):
            Edge().show_problems(problems)
        else:
            _told(str(error))
        return FAILED if error.tool else PROBLEMS
    if isinstance(error, OSError):
        _told(_os_sentence(error))
        return FAILED
    _told(f"Dunwell failed: {type(error).__name__}: {error}\n  with --debug it shows where; please report it")
    return FAILED


def _os_sentence(error: OSError) -> str:
    name = error.filename or "the file"
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return (
                f"there is no room left to write {name}\n  make room, and do it again; nothing is half done"
            )
        case errno.EROFS | errno.EACCES | errno.EPERM:
            return f"{name} may not be written or read here\n  use another folder, or ask for the right to"
        case errno.ENOENT:
            return f"there is no {name}\n  check how the name is written"
        case errno.EISDIR:
            return f"{name} is a folder\n  name a file"
        case _:
            return f"{name}: {error.strerror or error}"


def _sentence(text: str) -> str:
    return text[:1].lower() + text[1:].rstrip(".") if text else "this command is not complete"


def _told(text: str) -> None:
    sys.stderr.write(f"dunwell: {text}\n")
