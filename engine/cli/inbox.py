"""Mail that came back: what it was and whom it is about, and reading the mailbox now."""

from __future__ import annotations

import threading
from datetime import UTC
from typing import Annotated

import typer

from engine.cli.edge import edge_of

app = typer.Typer(help="Mail that came back: bounces, out-of-office, answers.")


@app.callback(invoke_without_command=True)
def inbox(
    ctx: typer.Context,
    account: Annotated[
        str | None, typer.Option("--account", metavar="ACCOUNT", help="About one account.")
    ] = None,
    unmatched: Annotated[
        bool, typer.Option("--unmatched", help="Only people's mail that is about no account we know.")
    ] = False,
    limit: Annotated[int, typer.Option("--limit", metavar="NUMBER", min=1, help="How many; else 50.")] = 50,
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show the mail that came back, the latest first."""
    from engine.jobs.cases import must_know
    from engine.screen.inbox import inbox_drawn, mail_value
    from engine.store import received

    if ctx.invoked_subcommand is not None:
        return
    edge = edge_of(ctx)
    with edge.reading() as conn:
        if account is not None:
            must_know(conn, account)
        mails = received.recent(conn, limit, account=account, unmatched=unmatched)
        at = received.place(conn)
    if json:
        edge.write_json([mail_value(mail) for mail in mails])
    else:
        host = edge.workspace.settings.inbox.host
        edge.show(inbox_drawn(mails, at.read, host, width=edge.screen.width))


@app.command()
def read(ctx: typer.Context) -> None:
    """Read the mailbox now."""
    from engine.errors import Refused
    from engine.jobs.inbox import read_inbox

    edge = edge_of(ctx)
    edge.has_ledger()
    if not edge.workspace.settings.inbox.host:
        raise Refused(
            "no mailbox is set up", "write  host = …  under [inbox] in dunwell.toml; dunwell help inbox"
        )
    said = read_inbox(edge.workspace, lambda: edge.clock().astimezone(UTC), threading.Event())
    edge.say("\n".join(said) if said else "No new mail.")


@app.command()
def show(
    ctx: typer.Context,
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="As “dunwell inbox” lists it.")],
) -> None:
    """Show one message with its text."""
    from engine.errors import NotFound
    from engine.screen.inbox import mail_drawn
    from engine.store import received

    edge = edge_of(ctx)
    with edge.reading() as conn:
        mail = received.find(conn, number)
    if mail is None:
        raise NotFound("mail", str(number))
    edge.show(mail_drawn(mail))
