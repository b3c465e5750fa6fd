"""Mail that came back: what it was, whom it is about, and what was written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from engine.screen.lines import fitted
from engine.screen.written import clean, day_month, full_day

if TYPE_CHECKING:
    from engine.store.received import Mail

_KINDS = {
    "bounce": "does not arrive",
    "delayed": "delayed",
    "automatic": "automatic",
    "reply": "answer",
    "own": "our own",
    "unknown": "not understood",
}


def inbox_drawn(
    mails: Sequence[Mail], read: datetime | None, host: str, *, width: int = 100
) -> RenderableType:
    """Mail that came back, the latest first. `read` is when the mailbox was last looked at."""
    when = (
        f"The mailbox was last read on {read:%Y-%m-%d at %H:%M} UTC."
        if read
        else "The mailbox was never read."
    )
    if not host:
        when = "No mailbox is read: “dunwell help inbox” says how to set one up."
    if not mails:
        return Group(Text("Nothing has come back."), Text(f"  {when}", "dim"))
    rows = [
        (
            Text(str(mail.id), "dim"),
            Text(day_month(mail.at.date()), "dim"),
            Text(_KINDS.get(mail.kind, mail.kind), "yellow" if mail.kind in ("bounce", "reply") else ""),
            Text(clean(mail.account or "–"), "bold"),
            Text(clean(mail.sender)),
            Text(clean(" ".join((mail.words or mail.subject).split()))),
        )
        for mail in mails
    ]
    hint = "  One of them, with its text:  dunwell inbox show NUMBER"
    return Group(fitted(rows, width, right=(0,), elastic=(5, 4)), Text(), Text(f"  {when}\n{hint}", "dim"))


def mail_drawn(mail: Mail) -> RenderableType:
    """One message with its text."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    facts = {
        "from": mail.sender,
        "subject": mail.subject,
        "came": f"{full_day(mail.at.date())}, {mail.at:%H:%M} UTC",
        "is": _KINDS.get(mail.kind, mail.kind) + (f" ({mail.status})" if mail.status else ""),
        "about": mail.account or "no account we know; its text is in the mailbox only",
        "answers": mail.action or "",
    }
    for name, value in facts.items():
        if value:
            table.add_row(Text(name, "dim"), Text(clean(value)))
    lines = [Text(clean(line)) for line in mail.text.splitlines()]
    return Group(table, Text(), *lines) if lines else table


def mail_value(mail: Mail) -> dict[str, object]:
    return {
        "number": mail.id,
        "at": mail.at.isoformat(),
        "kind": mail.kind,
        "account": mail.account,
        "key": mail.action,
        "from": mail.sender,
        "subject": mail.subject,
        "status": mail.status,
        "words": mail.words,
        "text": mail.text,
    }
