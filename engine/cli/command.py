"""Which verbs there are, and how a command ends: with an exit code, and one sentence for whatever stopped it."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from engine import __version__
from engine.cli.edge import Edge, now
from engine.errors import DunwellError

PROBLEMS, USAGE, FAILED = 1, 2, 3
# What typer raises for a command that is written wrongly; its own copy of click has a private name.
_Usage: Any = typer.BadParameter.__mro__[1]
_Click: Any = typer.BadParameter.__mro__[2]

# Every verb in the order of the help, with the module and the function behind it.
_VERBS: Mapping[str, str] = {
    "init": "begin.init",
    "demo": "begin.demo",
    "check": "policies.check",
    "words": "policies.words",
    "schema": "policies.schema",
    "test": "policies.trials",
    "diff": "policies.diff",
    "simulate": "simulate.simulate",
    "import": "ledger.import_",
    "push": "feeds.push",
    "preview": "coming.preview",
    "run": "today.run",
    "explain": "today.explain",
    "worklist": "desk.worklist",
    "brief": "desk.brief",
    "absent": "desk.absent",
    "contacts": "desk.contacts",
    "review": "desk.review",
    "log": "casework.log",
    "confirm": "casework.confirm",
    "approve": "casework.approve",
    "decline": "casework.decline",
    "promise": "agreements.promise",
    "plan": "agreements.plan",
    "dispute": "agreements.dispute",
    "concede": "agreements.concede",
    "stop": "brakes.stop",
    "resume": "brakes.resume",
    "quarantine": "brakes.quarantine",
    "backup": "brakes.backup",
    "restore": "brakes.restore",
    "pause": "casework.pause",
    "note": "casework.note",
    "done": "casework.done",
    "history": "records.history",
    "evidence": "records.evidence",
    "forget": "records.forget",
    "report": "report.report",
    "compare": "compare.compare",
    "guards": "guards.guards",
    "guard": "guards.guard",
    "contact-rule": "guards.contact_rule",
    "charges": "charges.charges",
    "charge": "charges.charge",
    "waive": "charges.waive",
    "terms": "holds.terms",
    "hold": "holds.hold",
    "reduce-service": "holds.reduce_service",
    "release": "holds.release",
    "reinstate": "holds.reinstate",
    "in-force": "holds.in_force",
    "restrictions": "holds.restrictions",
    "serve": "service.serve",
    "status": "service.status",
    "web": "people.web",
    "people": "people.people",
    "invite": "people.invite",
    "token": "tokens.app",
    "verify": "verify.verify",
    "doctor": "doctor.doctor",
    "help": "manual.help_",
    "outbox": "messages.app",
    "alarms": "alarms.app",
    "feeds": "feeds.app",
    "inbox": "inbox.app",
    "live": "live.app",
}


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"dunwell {__version__}\n")
        raise typer.Exit


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


@cache
def app(*verbs: str) -> typer.Typer:
    """The command line with these verbs, or with all of them. A verb is imported, with all it needs, where it is wanted."""
    made = typer.Typer(
        help="Turns overdue accounts back into good customers.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    )
    made.callback()(_dunwell)
    for verb in verbs or _VERBS:
        module, _, name = _VERBS[verb].partition(".")
        found = getattr(import_module(f"engine.cli.{module}"), name)
        if isinstance(found, typer.Typer):
            made.add_typer(found, name=verb)
        else:
            made.command(verb)(found)
    return made


def _verbs(arguments: Sequence[str]) -> tuple[str, ...]:
    """The verb that a command is about; none where that takes all of them to say, as for help and for a slip."""
    words = iter(arguments)
    for word in words:
        if word in ("-w", "--workspace"):
            next(words, None)
        elif not word.startswith("-"):
            return (word,) if word in _VERBS else ()
        elif word == "--version":
            return ("help",)
    return ()


def run(arguments: list[str], clock: Callable[[], datetime] | None = None) -> int:
    """The exit code of one command. `clock` gives aware moments; without one it is the machine's."""
    # Whatever else is installed has no business with the settings, and to look for it takes longer than to read them.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    for stream in (sys.stdout, sys.stderr):  # an old code page has no “–”: a “?” is better than no answer
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    return _run(arguments, clock or now)


def _run(arguments: list[str], clock: Callable[[], datetime]) -> int:
    debug = "--debug" in arguments
    try:
        code = app(*_verbs(arguments))(arguments, prog_name="dunwell", standalone_mode=False, obj=Edge(clock))
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
