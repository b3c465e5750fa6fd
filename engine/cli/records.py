"""What is kept of an account: its history, a bundle to hand out, and people who are to be forgotten."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.casework import Account, By, Json
from engine.cli.edge import edge_of


def history(
    ctx: typer.Context,
    account: Account,
    since: Annotated[str | None, typer.Option("--since", metavar="DATE", help="From this day on.")] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option("--kind", metavar="KIND", help="Only these, such as call or promise; may be repeated."),
    ] = None,
    json: Json = False,
) -> None:
    """Show all that has happened with an account, the oldest first."""
    from engine.jobs.cases import must_know
    from engine.screen.casework import history_drawn
    from engine.store.history import history as happened
    from engine.store.history import kinds_named

    edge = edge_of(ctx)
    first = edge.day("--since", since) if since is not None else None
    wanted = kinds_named(kind or ())
    with edge.reading() as conn:
        must_know(conn, account)
        found = happened(conn, account, since=first, kinds=wanted)
    if json:
        keys = ("on", "kind", "text", "by", "item")
        edge.write_json([{key: getattr(one, key) for key in keys} for one in found])
    else:
        edge.show(history_drawn(account, found))


def evidence(
    ctx: typer.Context,
    account: Annotated[str | None, typer.Argument(metavar="ACCOUNT")] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE.zip", help="Where to; else evidence-ACCOUNT-DAY.zip, here."),
    ] = None,
    from_: Annotated[str | None, typer.Option("--from", metavar="DATE", help="From this day on.")] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="DATE", help="Through this day.")] = None,
    person: Annotated[
        str | None, typer.Option("--person", metavar="NAME", help="Only what is kept of one person there.")
    ] = None,
    check: Annotated[
        Path | None,
        typer.Option("--check", metavar="FILE", help="Look whether a bundle is as it was written."),
    ] = None,
    by: By = None,
) -> None:
    """Write all that is kept of an account into one file that can be checked, or check such a file."""
    from engine.jobs import evidence as jobs

    edge = edge_of(ctx)
    if check is not None:
        _checked(ctx, check)
        return
    if account is None:
        raise typer.BadParameter(
            "name an account, or a bundle to look at: --check FILE", param_hint="ACCOUNT"
        )
    from engine.core import sentences
    from engine.exports import evidence_html

    today = edge.moment().date()
    since = edge.day("--from", from_) if from_ is not None else None
    until = edge.day("--to", to) if to is not None else None
    if since and until and until < since:
        raise typer.BadParameter(f"{until} is before {since}", param_hint="--to")
    edge.has_ledger()
    target = out or Path(f"evidence-{_file_words(account)}-{today}.zip")
    done = jobs.give_out(
        edge.workspace,
        account,
        edge.who(by, today),
        evidence_html,
        out=target,
        since=since,
        until=until,
        named=person,
    )
    edge.say(sentences.given_out(str(done.file), done.files, done.entries), "green")
    edge.say(f"  fingerprint {done.fingerprint}")
    edge.say(f"  To check it:  dunwell evidence --check {done.file}", "dim")


def _checked(ctx: typer.Context, file: Path) -> None:
    """Exit code 1, and the first thing that was changed; else what the bundle is, and whether this house made it."""
    from engine.core import sentences
    from engine.errors import DunwellError
    from engine.jobs import evidence as jobs
    from engine.jobs.evidence.verify import said

    edge = edge_of(ctx)
    found = jobs.check(file)
    if found.changed:
        edge.say(f"changed: {found.changed}", "red")
        raise typer.Exit(1)
    edge.say(said(found.told))
    try:
        with edge.reading() as conn:
            known = jobs.recognised(conn, found.told)
    except DunwellError:  # a bundle is looked at anywhere; here there is no house to ask
        return
    edge.say(f"  {known or sentences.NOT_OURS}", "" if known else "yellow")


def _file_words(account: str) -> str:
    import re

    return re.sub(r"[^A-Za-z0-9.-]+", "-", account).strip("-.") or "account"


def forget(
    ctx: typer.Context,
    account: Account,
    because: Annotated[str, typer.Option("--because", metavar="TEXT", help="Why: who asked for it.")],
    person: Annotated[
        str | None, typer.Option("--person", metavar="NAME", help="One person; else everybody there.")
    ] = None,
    agree: Annotated[
        bool, typer.Option("--agree", help="Though something is still open with the account.")
    ] = False,
    by: By = None,
) -> None:
    """Take a person's names and words out of all that is kept. Amounts, days and the journal stay; it cannot be undone."""
    from engine.jobs.forget import forget as forget_

    edge = edge_of(ctx)
    edge.has_ledger()
    who = edge.who(by, edge.moment().date())
    edge.say(forget_(edge.workspace.files, account, who, because=because, named=person, agreed=agree))
