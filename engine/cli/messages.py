"""Messages on their way: see them, try them again, call them off, end a doubt about one."""

from __future__ import annotations

from datetime import UTC
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.casework import By
from engine.cli.edge import author, edge_of

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

app = typer.Typer(
    no_args_is_help=True, help="Messages on their way: see them, try them again, call them off."
)
Key = Annotated[str, typer.Argument(metavar="ACCOUNT|KEY")]


class How(StrEnum):
    """What became of a message of which nobody could know whether it arrived."""

    DELIVERED = "delivered"
    AGAIN = "send-again"
    CANCEL = "cancel"


def _key(conn: Connection, which: str) -> str:
    """The key that is meant: itself, or the account's, where it has one message alone."""
    from engine import outbox
    from engine.errors import Refused

    keys = [row.key for row in outbox.listed(conn, limit=100_000) if which in (row.key, row.account)]
    if len(keys) > 1 and which not in keys:
        raise Refused(f"{which} has {len(keys)} messages", "name one:\n  " + "\n  ".join(keys))
    return keys[0] if len(keys) == 1 else which


@app.command("list")
def list_(
    ctx: typer.Context,
    state: Annotated[
        list[str] | None, typer.Option("--state", metavar="STATE", help="pending, sent, failed, uncertain, …")
    ] = None,
) -> None:
    """Show messages in the order in which they were planned."""
    from engine import outbox
    from engine.screen.casework import outbox_drawn

    edge = edge_of(ctx)
    with edge.reading() as conn:
        rows, rests = outbox.listed(conn, tuple(state or ())), outbox.resting(conn)
    edge.show(outbox_drawn(rows, rests, width=edge.screen.width))


@app.command()
def show(ctx: typer.Context, key: Key) -> None:
    """Show one message with all that is known of it."""
    from engine import outbox
    from engine.screen.casework import message_drawn

    edge = edge_of(ctx)
    with edge.reading() as conn:
        edge.show(message_drawn(outbox.show(conn, _key(conn, key))))


@app.command()
def retry(ctx: typer.Context, key: Key, by: By = None) -> None:
    """Try a message again now; the next run sends it."""
    from engine import outbox

    edge = edge_of(ctx)
    with edge.writing() as conn:
        row = outbox.retry(conn, _key(conn, key), author(by), edge.clock().astimezone(UTC))
    edge.say(f"{row.key}: {row.reason}.")


@app.command()
def cancel(
    ctx: typer.Context,
    key: Key,
    because: Annotated[str, typer.Option("--because", metavar="TEXT", help="Why.")],
    by: By = None,
) -> None:
    """Call off a message that has not gone."""
    from engine import outbox
    from engine.store import restrictions

    edge = edge_of(ctx)
    with edge.writing() as conn:
        row = outbox.cancel(conn, _key(conn, key), author(by), edge.clock().astimezone(UTC), because)
        restrictions.called_off(conn, row.key)
    edge.say(f"{row.key}: {row.reason}.")


@app.command()
def resolve(
    ctx: typer.Context,
    key: Key,
    how: Annotated[How, typer.Argument(metavar="delivered|send-again|cancel")],
    evidence: Annotated[str, typer.Option("--evidence", metavar="TEXT", help="Where it was seen, or why.")],
    by: By = None,
) -> None:
    """Say what became of a message of which nobody could know whether it arrived."""
    from engine import outbox
    from engine.store import marks, restrictions

    edge = edge_of(ctx)
    here = edge.moment()
    with edge.writing() as conn:
        row = outbox.resolve(
            conn,
            _key(conn, key),
            outbox.Resolution(how.value.replace("-", " ")),
            author(by),
            here.astimezone(UTC),
            evidence,
            lambda conn, key, at: marks.take(conn, key, at, here.date()),
        )
        if row.state == "cancelled":
            restrictions.called_off(conn, row.key)
    edge.say(f"{row.key}: {row.reason}.")


@app.command()
def wake(ctx: typer.Context, channel: Annotated[str, typer.Argument(metavar="WAY")]) -> None:
    """Open a way out again (email, letter, …) after its fault was mended."""
    from engine import outbox

    edge = edge_of(ctx)
    with edge.writing() as conn:
        outbox.wake(conn, channel)
    edge.say(f"{channel} is open again.")
