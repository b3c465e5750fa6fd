"""What has happened with an account, and where its messages are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from engine.screen.lines import fitted
from engine.screen.written import clean, day_month, full_day

if TYPE_CHECKING:
    from engine.outbox import Rest, Row
    from engine.store.history import Happened


def history_drawn(account: str, happened: Sequence[Happened]) -> RenderableType:
    """Everything about an account, the oldest first."""
    if not happened:
        return Text(f"Nothing has happened with {clean(account)} yet.")
    table = _table()
    for one in happened:
        table.add_row(
            Text(full_day(one.on), "dim"),
            Text(one.kind),
            Text(clean(one.text)),
            Text(clean(one.item), "dim"),
            Text(clean(one.by), "dim"),
        )
    return Group(Text(clean(account), "bold"), table)


def outbox_drawn(rows: Sequence[Row], rests: Sequence[Rest], *, width: int = 100) -> RenderableType:
    """Messages in the order in which they were planned."""
    closed: list[RenderableType] = [
        Text(f"{clean(rest.channel)} rests: {clean(rest.because)}", "yellow") for rest in rests
    ]
    if not rows:
        return Group(*closed, Text("No messages here.  “dunwell run” plans today's and sends them."))
    lines = [
        (
            Text(day_month(row.on), "dim"),
            Text(clean(row.account), "bold"),
            Text(clean(f"{row.kind} · {row.step}" if row.kind not in row.step else row.step)),
            Text(row.state, "red" if row.state in ("failed", "uncertain") else ""),
            Text(clean(row.reason or "")),
        )
        for row in rows
    ]
    hint = Text("  One of them, with its key:  dunwell outbox show ACCOUNT", "dim")
    return Group(*closed, fitted(lines, width, elastic=(4, 2)), Text(), hint)


def message_drawn(row: Row) -> RenderableType:
    """One message with all that is known of it."""
    table = _table()
    moment = f"{row.changed_at:%Y-%m-%d %H:%M:%S} UTC" if row.changed_at else ""
    facts = {
        "key": row.key,
        "account": row.account,
        "what": f"{row.kind} · {row.policy}: {row.step}",
        "day": full_day(row.on),
        "way out": row.channel,
        "state": row.state,
        "because": row.reason or "",
        "stage": row.stage or "",
        "tries": str(row.attempt),
        "changed": moment,
        "not before": f"{row.not_before:%Y-%m-%d %H:%M} UTC" if row.not_before else "",
    }
    evidence = row.payload.get("evidence", {})
    facts |= {f"evidence: {name}": str(value) for name, value in sorted(evidence.items())}
    for name, value in facts.items():
        if value:
            table.add_row(Text(name, "dim"), Text(clean(value)))
    return table


def _table() -> Table:
    return Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
