"""What a run did, in one glance: what was decided, what has left the house, what waits for a person."""

from __future__ import annotations

from datetime import UTC, tzinfo
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from engine.core.language.policy import Kind
from engine.screen.written import PLURALS, clean, count, full_day, line_of, listed, reason_words, whole_money

if TYPE_CHECKING:
    from engine.jobs.deliver import DeliverReport
    from engine.jobs.evaluate import RunReport
    from engine.outbox import Result

_MOST = 8


def run_drawn(report: RunReport, delivered: DeliverReport | None, currency: str, zone: tzinfo = UTC) -> Group:
    """The run's own sentence first, then what is behind it."""
    parts: list[RenderableType] = [Text(f"{full_day(report.on)}: {clean(report.sentence)}", "bold")]
    if report.by_kind:
        kinds = [kind for kind in PLURALS if report.by_kind.get(kind.value)]
        parts.append(
            Text("  " + listed(f"{report.by_kind[kind.value]:,} {_name(kind, report)}" for kind in kinds))
        )
    parts += [Text(f"  {clean(fault)}", "red") for fault in report.faults]
    if report.remedy:
        parts.append(Text(f"  {report.remedy}", "yellow"))
    elif report.stopped:
        parts.append(Text("  To let it go all the same:  dunwell run --agree", "yellow"))
    if delivered is not None:
        parts += _delivered(delivered, zone)
    if report.awaiting:
        waits = "waits" if report.awaiting == 1 else "wait"
        parts.append(
            Text(f"  {count(report.awaiting, 'action')} {waits} for approval:  dunwell worklist", "yellow")
        )
    if report.held:
        parts.append(Text("  Held back:", "dim"))
    for group in report.held[:_MOST]:
        amount = f"  {whole_money(group.amount, currency)}" if group.amount else ""
        place = f"  {line_of(group.place)}" if group.place else ""
        parts.append(Text(f"  {group.accounts:>6,}  {reason_words(group.reason)}{amount}{place}", "dim"))
    if "durable-rules" not in report.evaluators:
        parts.append(Text("  durable-rules is not installed: the plain evaluator decided alone.", "yellow"))
    return Group(*parts)


def _delivered(round_: DeliverReport, zone: tzinfo) -> list[RenderableType]:
    """What has left the house, and what has not, and why."""
    lines: list[RenderableType] = []
    if round_.sent:
        words = listed(f"{number:,} by {channel}" for channel, number in sorted(round_.sent.items()))
        there = f", into the folder {clean(round_.folder.name)}" if round_.folder else ""
        lines.append(Text(f"  Gone out: {words}{there}.", "green"))
    if round_.waiting:
        at = round_.earliest.astimezone(zone) if round_.earliest else None
        first = f", the first on {full_day(at)} at {at:%H:%M}" if at else ""
        lines.append(Text(f"  {count(round_.waiting, 'message')} planned for later{first}."))
    for results, head, style in (
        (round_.failed, "failed", "red"),
        (round_.uncertain, "may or may not have arrived", "red"),
        (round_.dropped, "dropped", "yellow"),
    ):
        if results:
            lines.append(Text(f"  {count(len(results), 'message')} {head}:", style))
        for one in results[:_MOST]:
            lines.append(Padding(Text(f"{clean(one.account)}: {clean(one.sentence)}", style), (0, 0, 0, 4)))
    if round_.failed or round_.uncertain:
        lines.append(Text("    all of them:  dunwell outbox list", "dim"))
    if round_.halted:
        lines.append(Text(f"  Nothing goes out: {clean(round_.halted)}", "red"))
    return lines + [Text(f"  {clean(why)}", "yellow") for why in round_.rests]


def _name(kind: Kind, report: RunReport) -> str:
    plural = PLURALS[kind]
    return plural.removesuffix("s") if report.by_kind[kind.value] == 1 and kind is not Kind.TERMS else plural


def run_value(report: RunReport, delivered: DeliverReport | None) -> dict[str, object]:
    """What `run --json` writes: one object; `actions` is the number newly decided."""
    return {
        "on": report.on.isoformat(),
        "actions": report.actions,
        "by_kind": dict(sorted(report.by_kind.items())),
        "already": report.already,
        "awaiting_approval": report.awaiting,
        "held_back": [
            {
                "reason": group.reason.value,
                "accounts": group.accounts,
                "line": str(group.place) if group.place else None,
            }
            for group in report.held
        ],
        "stopped": report.stopped or None,
        "faults": list(report.faults),
        "evaluators": list(report.evaluators),
        "sentence": report.sentence,
        "delivered": None
        if delivered is None
        else {
            "sent": dict(sorted(delivered.sent.items())),
            "failed": [_result(one) for one in delivered.failed],
            "uncertain": [_result(one) for one in delivered.uncertain],
            "dropped": [_result(one) for one in delivered.dropped],
            "waiting": delivered.waiting,
            "folder": str(delivered.folder) if delivered.folder else None,
            "rests": list(delivered.rests),
        },
    }


def _result(one: Result) -> dict[str, str]:
    return {"key": one.key, "account": one.account, "channel": one.channel, "sentence": one.sentence}
