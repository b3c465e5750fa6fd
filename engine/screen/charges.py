"""Late-payment money with its calculation: what has come to be owed, and what was charged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from engine.screen.lines import plain_table
from engine.screen.written import clean, full_day, money

if TYPE_CHECKING:
    from engine.core.cases.late_money import Line
    from engine.jobs.cases.charges import Charges
    from engine.store.charges import Charged


def charges_drawn(found: Charges) -> RenderableType:
    """What may be charged, what waits and why, and what was charged before."""
    if not found.law:
        return Text(
            f"Nothing is charged to {clean(found.account)}: house.yaml names no law for it.  “dunwell help interest”"
        )
    parts: list[RenderableType] = [
        Text.assemble((clean(found.account), "bold"), f"  by {found.law}, through {full_day(found.through)}")
    ]
    now = [line for line in found.lines if not line.waits]
    if now:
        parts.append(_lines(now))
        parts.append(Text(f"  To charge it:  dunwell charge {clean(found.account)}", "dim"))
    waits = [line for line in found.lines if line.waits]
    if waits:
        parts += [Text("Not charged"), _lines(waits)]
    if not found.lines:
        parts.append(Text("Nothing more has come to be owed."))
    if found.charged:
        parts += [Text(), Text("Charged"), _charged(found.charged)]
        parts.append(Text(f"  To let them off:  dunwell waive {clean(found.account)} --because TEXT", "dim"))
    if found.note:
        parts += [Text(), Padding(Text(found.note, "dim"), (0, 0, 0, 2))]
    return Group(*parts)


def _lines(lines: list[Line]) -> RenderableType:
    table = plain_table(4)
    table.columns[2].justify = "right"
    for line in lines:
        amount = money(line.amount, line.currency) if line.amount else ""
        what = line.waits or line.calculation.get("formula", "")
        table.add_row(Text(clean(line.item)), Text(line.kind), Text(amount), Text(clean(what), "dim"))
    return table


def _charged(charged: tuple[Charged, ...]) -> RenderableType:
    table = plain_table(5)
    table.columns[2].justify = "right"
    for one in charged:
        state = f"waived by {one.waived_by}: {one.because}" if one.waived_on else f"by {one.by}"
        table.add_row(
            Text(clean(one.item)),
            Text(one.kind),
            Text(money(one.amount, one.currency)),
            Text(full_day(one.on), "dim"),
            Text(clean(state), "yellow" if one.waived_on else "dim"),
        )
    return table


def charges_value(found: Charges) -> dict[str, Any]:
    from engine.exports.values import amount

    return {
        "account": found.account,
        "through": found.through.isoformat(),
        "law": found.law or None,
        "due": [
            {
                "item": line.item,
                "kind": line.kind,
                "amount": amount(line.amount, line.currency),
                "currency": line.currency,
                "from": line.first.isoformat(),
                "to": line.last.isoformat(),
                "waits": line.waits or None,
                "calculation": dict(line.calculation),
            }
            for line in found.lines
        ],
        "charged": [
            {
                "item": one.item,
                "kind": one.kind,
                "amount": amount(one.amount, one.currency),
                "currency": one.currency,
                "from": one.first.isoformat(),
                "to": one.last.isoformat(),
                "on": one.on.isoformat(),
                "by": one.by,
                "message": one.action,
                "waived": one.waived_on.isoformat() if one.waived_on else None,
                "waived_by": one.waived_by,
                "because": one.because or None,
                "calculation": dict(one.calculation),
            }
            for one in found.charged
        ],
    }
