"""What a preview says beside its numbers, on a terminal and on a page alike."""

from __future__ import annotations

from collections.abc import Sequence

from engine.core.decision.summary import Preview, PreviewDay
from engine.core.language.policy import Kind
from engine.screen.written import clean, count, day_month, short_day


def shown(days: Sequence[PreviewDay]) -> list[PreviewDay]:
    """Without the closed weekends, on which nothing ever happens."""
    found = [day for day in days if day.closed != "weekend" or any(day.counts.values()) or day.stopped]
    return found or list(days[:1])


def needs(view: Preview, kind: Kind) -> str:
    """How many of a kind somebody must agree to; nothing where it is none."""
    asked = [bool(action.approve) for action in view.actions if action.kind is kind]
    if not any(asked):
        return ""
    return "needs approval" if all(asked) else f"{sum(asked)} need approval"


def closed(view: Preview, calendar: str) -> list[str]:
    """Why a day is closed, and where its steps go. Weekends explain themselves."""
    named = f" (calendar {calendar})" if calendar else ""
    lines = []
    for day in shown(view.days):
        if not day.closed or day.closed == "weekend":
            continue
        moved = ""
        if day.moved and day.moved_to:
            fall = "step falls" if day.moved == 1 else "steps fall"
            moved = f"; its {day.moved:,} {fall} on {short_day(day.moved_to)}"
        lines.append(f"{short_day(day.on)} is {clean(day.closed)}{named}{moved}.")
    return lines


def unasked(view: Preview) -> str:
    """Accounts that are overdue and that no policy fits."""
    if not view.no_policy:
        return ""
    fit = "account fits" if view.no_policy == 1 else "accounts fit"
    return f"overdue {fit} no policy: nobody asks for this money"


def assumed(assumes: str) -> str:
    """What a look ahead takes for granted, as a sentence."""
    money_comes = "promises are kept, nothing else is paid" if "promise" in assumes else "nothing is paid"
    rest = ["calls are made", "mail is accepted", "and approvals are given on the day they are asked for"]
    return f"This assumes that {money_comes}, {', '.join(rest)}."


def total(view: Preview, otherwise: str = "in all") -> str:
    """The last line of every preview."""
    number = len(view.actions)
    what = count(number, "action") if number else "No action"
    return f"{what} {period(view, otherwise)}. Nothing has been sent."


def period(view: Preview, otherwise: str) -> str:
    """The days of a preview, in a few words."""
    days = shown(view.days)
    if len(days) == 1:
        return f"on {day_month(days[0].on)}"
    return "this week" if 4 <= (days[-1].on - days[0].on).days <= 6 else otherwise
