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
    for line, style in _lines(taken):
        out.append(f"\n  {clean(line)}", style)
    return out


def _lines(taken: Intake) -> list[tuple[str, str]]:
    report = taken.report
    assert report is not None
    lines: list[tuple[str, str]] = []
    if report.totals:
        before = f"; before: {_sums(report.totals_before)}" if any(report.totals_before.values()) else ""
        lines.append((f"open: {_sums(report.totals)}{before}", ""))
    moves = {
        "new": report.appeared,
        "changed": report.changed,
        "no longer there": report.vanished,
        "back again": report.reappeared,
    }
    if any(moves.values()):
        lines.append((", ".join(f"{number:,} {word}" for word, number in moves.items() if number), ""))
    if report.presumed:
        lines.append((f"presumed paid: {_sums(report.presumed)}", ""))
    if report.customers:
        lines.append((count(report.customers, "customer") + " not known before", ""))
    turns = {"fell past due": report.fell_past_due, "paid up": report.paid_up}
    if any(turns.values()):
        lines.append(
            (", ".join(f"{count(number, 'account')} {word}" for word, number in turns.items() if number), "")
        )
    if report.cancelled:
        lines.append((f"{count(report.cancelled, 'waiting step')} called off: paid", ""))
    if report.promises:
        lines.append(
            ("promises: " + listed(f"{number:,} {word}" for word, number in report.promises.items()), "")
        )
    if report.disputes_opened or report.disputes_closed:
        lines.append((f"disputes: {report.disputes_opened:,} opened, {report.disputes_closed:,} closed", ""))
    if report.set_aside:
        lines.append((f"{count(report.set_aside, 'row')} set aside, as the profile says", "yellow"))
    lines += [(note, "dim") for note in report.notes]
    if report.hold:
        lines.append((f"The next run asks first: {report.hold}", "bold yellow"))
    return lines


def _sums(amounts: Mapping[str, int]) -> str:
    return listed(money(amount, currency) for currency, amount in amounts.items())
