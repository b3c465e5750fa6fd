"""Payment plans and disputes of an account, as they stand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from engine.core.sentences import coded
from engine.exports.values import amount as amount_value
from engine.screen.lines import plain_table
from engine.screen.written import clean, count, full_day

if TYPE_CHECKING:
    from engine.store.disputes import Contested
    from engine.store.plans import Agreed, KeptRate

_GOOD = {
    "kept": "green",
    "ended": "green",
    "broken": "red",
    "partly kept": "red",
    "awaiting approval": "yellow",
}


def plans_drawn(account: str, plans: Sequence[Agreed], rates: Sequence[KeptRate]) -> RenderableType:
    """The latest plan first, each with its instalments; then how plans of each kind have ended here."""
    if not plans:
        return Text(
            f"{clean(account)} has no payment plan.  dunwell plan ACCOUNT --instalments 4 --first DATE  makes one."
        )
    parts: list[RenderableType] = []
    for one in plans:
        head = Text(f"{clean(account)}  ", "bold").append(coded(one.amount, one.currency))
        head.append(f"  {one.state}", _GOOD.get(one.state, ""))
        head.append(f"  since {full_day(one.made_on)}, {clean(one.by)}", "dim")
        parts += [head, Text(f"  for {clean(', '.join(one.items))}")]
        if one.spoken_with or one.because:
            told = ", ".join(
                filter(None, (f"agreed with {one.spoken_with}" * bool(one.spoken_with), one.because))
            )
            parts.append(Text(f"  {clean(told)}", "dim"))
        table = plain_table(5)
        for part in one.instalments:
            came = coded(part.paid, one.currency) if part.paid and part.state != "kept" else ""
            table.add_row(
                Text(f"  {part.number}", "dim"),
                Text(full_day(part.pays_on)),
                Text(coded(part.amount, one.currency), justify="right"),
                Text(part.state, _GOOD.get(part.state, "")),
                Text(f"{came} came" if came else "", "dim"),
            )
        parts += [table, Text()]
    told_rates = [
        f"{clean(rate.kind)}: {rate.kept} of {rate.over} kept{f', {rate.running} running' * bool(rate.running)}"
        for rate in rates
    ]
    return Group(*parts, Text(f"Plans here, by kind:  {'; '.join(told_rates)}", "dim"))


def plan_values(plans: Sequence[Agreed], rates: Sequence[KeptRate]) -> dict[str, Any]:
    return {
        "plans": [
            {
                "number": one.number,
                "state": one.state,
                "made_on": one.made_on,
                "until": one.until,
                "amount": amount_value(one.amount, one.currency),
                "currency": one.currency,
                "by": one.by,
                "approved_by": one.approved_by,
                "spoken_with": one.spoken_with,
                "because": one.because,
                "ended_on": one.ended_on,
                "items": list(one.items),
                "instalments": [
                    {
                        "number": part.number,
                        "pays_on": part.pays_on,
                        "amount": amount_value(part.amount, one.currency),
                        "paid": amount_value(part.paid, one.currency),
                        "state": part.state,
                    }
                    for part in one.instalments
                ],
            }
            for one in plans
        ],
        "kept_rates": [
            {"kind": rate.kind, "kept": rate.kept, "broken": rate.broken, "running": rate.running}
            for rate in rates
        ],
    }


def disputes_drawn(account: str, disputes: Sequence[Contested], on: date) -> RenderableType:
    """The latest first: what is contested of which invoice and why, who answers by when, and how it ended."""
    if not disputes:
        return Text(f"{clean(account)} has disputed nothing.")
    running = sum(one.closed is None for one in disputes)
    table = plain_table(6)
    for one in disputes:
        much = coded(one.amount, one.currency) if one.amount is not None else "all of it"
        late = one.late(on)
        if one.closed is not None:
            stands = Text(f"closed for {one.closed_for} {full_day(one.closed)}", "dim")
        elif late:
            stands = Text(f"{clean(one.owner)}: {count(late, 'day')} late", "red")
        elif one.answer_by is not None:
            stands = Text(f"{clean(one.owner)} by {full_day(one.answer_by)}", "yellow")
        else:
            stands = Text("open", "yellow")
        table.add_row(
            Text(clean(one.item), "bold"),
            Text(one.reason),
            Text(much, justify="right"),
            Text(f"since {full_day(one.opened)}", "dim"),
            stands,
            Text(clean(" ".join(filter(None, (one.expected, one.said or one.result)))), "dim"),
        )
    return Group(Text(f"{clean(account)}: {count(running, 'open dispute')}", "bold"), table)


def dispute_values(disputes: Sequence[Contested], on: date) -> list[dict[str, Any]]:
    from engine.core.cases.disputes import BY_NAME

    return [
        {
            "number": one.number,
            "item": one.item,
            "reason": one.reason,
            "code": BY_NAME[one.reason].code if one.reason in BY_NAME else None,
            "jde": BY_NAME[one.reason].jde if one.reason in BY_NAME else "",
            "x12": BY_NAME[one.reason].x12 if one.reason in BY_NAME else "",
            "amount": amount_value(one.amount, one.currency) if one.amount is not None else None,
            "currency": one.currency,
            "opened": one.opened,
            "owner": one.owner,
            "person": one.person,
            "answer_by": one.answer_by,
            "late": one.late(on),
            "expected": one.expected,
            "said": one.said,
            "closed": one.closed,
            "closed_for": one.closed_for,
            "result": one.result,
        }
        for one in disputes
    ]
