"""Stop everything, let it go on, put the database aside, and put it back."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.casework import By
from engine.cli.edge import Edge, author, edge_of

if TYPE_CHECKING:
    from engine.settings import Workspace

_MOST = 200


def stop(
    ctx: typer.Context,
    because: Annotated[str, typer.Option("--because", metavar="TEXT", help="Why.")],
    by: By = None,
) -> None:
    """Stop everything at once: nothing is decided and nothing sent until “dunwell resume”."""
    from engine.jobs import brakes

    edge = edge_of(ctx)
    halt, under_way = brakes.stop(_files(edge), because, author(by), edge.clock().astimezone(UTC))
    edge.say(f"Everything is {halt.sentence}.", "red")
    if under_way:
        edge.say(f"  {under_way:,} on the way; what had begun is finished, the rest waits.")
    edge.say(f"  {halt.remedy}.", "dim")


def resume(
    ctx: typer.Context,
    adopt: Annotated[
        bool,
        typer.Option(
            "--adopt", help="After a restore: take what went out since as sent, so that none goes twice."
        ),
    ] = False,
    by: By = None,
) -> None:
    """Let everything go on after a stop or a restore, and say what may go now."""
    from engine.jobs import brakes

    edge = edge_of(ctx)
    done = brakes.resume(_files(edge), author(by), edge.clock().astimezone(UTC), take_over=adopt)
    for halt in done.lifted:
        edge.say(f"Lifted: {halt.sentence}.")
    if done.adopted:
        doubt = sum(not trace.certain for trace in done.adopted)
        edge.say(
            f"  {len(done.adopted):,} adopted as they went out" + (f", {doubt:,} in doubt:" if doubt else ".")
        )
        if doubt:
            edge.say("  dunwell outbox list --state uncertain", "yellow")
    goes = ", ".join(f"{count:,} by {channel}" for channel, count in sorted(done.goes.items()))
    edge.say(f"  Planned, and may go when its time has come: {goes or 'nothing'}.", "green")


def quarantine(ctx: typer.Context) -> None:
    """Show what went out that the database does not know of, after an older copy was put back."""
    from engine.jobs import brakes

    edge = edge_of(ctx)
    halts, gap = brakes.gap(_files(edge))
    for halt in halts:
        edge.say(f"{halt.sentence[:1].upper()}{halt.sentence[1:]}.", "red")
    for trace in gap[:_MOST]:
        seen = trace.seen.get("message-id") or trace.seen.get("path") or ""
        edge.say(
            f"  {trace.at:%Y-%m-%d %H:%M}  {trace.channel:8}  {trace.account}  "
            f"{'sent' if trace.certain else 'in doubt'}  {seen}".rstrip()
        )
    if len(gap) > _MOST:
        edge.say(f"  … and {len(gap) - _MOST:,} more", "dim")
    if not gap:
        edge.say("Everything that went out is known to the database.", "green")
    else:
        edge.say(f"{len(gap):,} went out unknown to the database:  dunwell resume --adopt", "yellow")


def backup(ctx: typer.Context, file: Annotated[Path, typer.Argument(metavar="FILE")]) -> None:
    """Write the whole database to one file, while everything goes on."""
    from engine.jobs import backup as jobs

    edge = edge_of(ctx)
    files = _files(edge)
    made = jobs.back_up(files, file, edge.clock())
    edge.say(f"{file} is written and checked: the database as of journal entry {made.entries:,}.", "green")
    edge.say(
        f"  What went out, in {files.settings.workspace.out}/, and the files beside dunwell.toml are not in it."
    )


def restore(ctx: typer.Context, file: Annotated[Path, typer.Argument(metavar="FILE")], by: By = None) -> None:
    """Put a backup in the place of the database. Nothing is sent until what went out since is looked at."""
    from engine.jobs import backup as jobs

    edge = edge_of(ctx)
    done = jobs.restore(_files(edge, there=False), file, author(by), edge.clock().astimezone(UTC))
    edge.say(f"The database is that of {done.manifest.at:%Y-%m-%d %H:%M} UTC again, in quarantine.", "green")
    if done.kept:
        edge.say(f"  What was there is kept: {done.kept}")
    edge.say(f"  {len(done.gap):,} went out since then.  dunwell quarantine", "yellow" if done.gap else "")


def _files(edge: Edge, *, there: bool = True) -> Workspace:
    """The settings alone: a stop must work while the policies are broken. Refused where there is no database."""
    from sqlalchemy.engine import make_url

    from engine import settings
    from engine.errors import Refused
    from engine.jobs.workspace import BrokenSettings

    found, problems = settings.load(Path.cwd(), edge.folder)
    if found is None:
        raise BrokenSettings(problems)
    url = make_url(found.database_url)
    if there and url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
        raise Refused("there is no database yet", "“dunwell import FILE” makes it, with your first ledger")
    return found
