"""What an import did, in the order in which a person asks: what came, what changed, what is odd."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.text import Text

from engine.screen.written import clean, count, day_month, listed, money

if TYPE_CHECKING:
    from engine.jobs.intake import Intake


def import_drawn(taken: Intake) -> Text:
    """The report of one file; nothing where the file was refused."""
    report = taken.report
    if report is None:
        return Text()
    name = clean(report.name)
    if report.already:
        return Text(f"{name} came in before, on {report.already[:10]}; nothing was changed.")
    head = f"{name}: {count(report.rows, 'row')}"
    if report.as_of:
        head += f", as of {day_month(report.as_of)} {report.as_of.year}"
    out = Text(head, "bold")
    for line, style in lines(taken):
        out.append(f"\n  {clean(line)}", style)
    return out


def lines(taken: Intake) -> list[tuple[str, str]]:
    """What an import did, below its first line: (what is said, its style)."""
    report = taken.report
    assert report is not None
    found: list[tuple[str, str]] = []
    if report.totals:
        before = f"; before: {_sums(report.totals_before)}" if any(report.totals_before.values()) else ""
        found.append((f"open: {_sums(report.totals)}{before}", ""))
    moves = {
        "new": report.appeared,
        "changed": report.changed,
        "no longer there": report.vanished,
        "back again": report.reappeared,
    }
    if any(moves.values()):
        found.append((", ".join(f"{number:,} {word}" for word, number in moves.items() if number), ""))
    if report.presumed:
        found.append((f"presumed paid: {_sums(report.presumed)}", ""))
    if report.customers:
        found.append((count(report.customers, "customer") + " not known before", ""))
    turns = {"fell past due": report.fell_past_due, "paid up": report.paid_up}
    if any(turns.values()):
        found.append(
            (", ".join(f"{count(number, 'account')} {word}" for word, number in turns.items() if number), "")
        )
    if report.cancelled:
        found.append((f"{count(report.cancelled, 'waiting step')} called off: paid", ""))
    if report.promises:
        found.append(
            ("promises: " + listed(f"{number:,} {word}" for word, number in report.promises.items()), "")
        )
    if report.disputes_opened or report.disputes_closed:
        found.append((f"disputes: {report.disputes_opened:,} opened, {report.disputes_closed:,} closed", ""))
    if report.set_aside:
        found.append((f"{count(report.set_aside, 'row')} set aside, as the profile says", "yellow"))
    found += [(note, "dim") for note in report.notes]
    if report.hold:
        found.append((f"The next run asks first: {report.hold}", "bold yellow"))
    return found


def _sums(amounts: Mapping[str, int]) -> str:
    return listed(money(amount, currency) for currency, amount in amounts.items())
