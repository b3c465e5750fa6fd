"""A preview as plain values, and as one table with a line for every action and every step that waits.

Days are `2026-11-23`, amounts decimal numbers as text beside their currency, places `file:line:column`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from engine.channels.folder import plain_cell
from engine.core.decision.summary import ComparedSide, HeldStep, PlannedAction, Preview
from engine.core.money import Amount

COLUMNS = (
    *(
        "on",
        "account",
        "name",
        "state",
        "what",
        "template or role",
        "policy",
        "step",
        "day",
        "amount",
        "currency",
    ),
    *("days late", "invoices", "approval", "person", "reason", "line"),
)


def preview_value(view: Preview) -> dict[str, object]:
    """What `--json` writes; the keys stay as they are."""
    return {
        "from": view.days[0].on.isoformat(),
        "to": view.days[-1].on.isoformat(),
        "ledger": view.as_of.isoformat() if view.as_of else None,
        "policies": view.book,
        "currency": view.currency,
        "assumes": view.assumes,
        "evaluators": list(view.evaluators),
        "accounts": view.accounts,
        "no_policy": view.no_policy,
        "days": [
            {
                "on": day.on.isoformat(),
                "closed": day.closed or None,
                "moved": day.moved,
                "moved_to": day.moved_to.isoformat() if day.moved_to else None,
                "counts": {kind.value: number for kind, number in sorted(day.counts.items())},
                "stopped": day.stopped or None,
            }
            for day in view.days
        ],
        "actions": [_action(action) for action in view.actions],
        "held": [_held(step, view.currency) for step in view.held],
        "held_back": [
            {
                "reason": group.reason.value,
                "line": str(group.place) if group.place else None,
                "accounts": group.accounts,
                "amount": amount(group.amount, view.currency),
            }
            for group in view.groups
        ],
        "workload": [
            {
                "person": load.person or None,
                "name": load.name or None,
                "kind": load.kind,
                "capacity": load.capacity,
                "counts": list(load.counts),
            }
            for load in view.workload
        ],
        **({"compared": [_side(side) for side in view.compared]} if view.compared else {}),
        "faults": list(view.faults),
        "sent": False,
    }


def _side(side: ComparedSide) -> dict[str, object]:
    return {"comparison": side.split, "side": side.side, "accounts": side.accounts, "drawn": side.drawn}


def amount(minor: int, currency: str) -> str:
    """`27400.00`."""
    return f"{Amount.of_minor(minor, currency).value:f}"


def _action(action: PlannedAction) -> dict[str, object]:
    return {
        "on": action.on.isoformat(),
        "account": action.account,
        "name": action.name,
        "kind": action.kind.value,
        "value": action.value,
        "policy": action.policy,
        "step": action.step,
        "day": action.day,
        "line": str(action.place),
        "amount": amount(action.amount, action.currency),
        "currency": action.currency,
        "days_late": action.late,
        "invoices": list(action.items),
        "approve": action.approve or None,
        "person": action.person or None,
    }


def _held(step: HeldStep, currency: str) -> dict[str, object]:
    return {
        "on": step.on.isoformat(),
        "account": step.account,
        "name": step.name,
        "reason": step.reason.value,
        "gate": step.gate.value if step.gate else None,
        "policy": step.policy or None,
        "step": step.step or None,
        "line": str(step.place) if step.place else None,
        "amount": amount(step.amount, currency),
        "currency": currency,
        "days_late": step.late,
    }


def rows(view: Preview) -> Iterator[tuple[object, ...]]:
    """The rows of the table, as COLUMNS names them: days as dates, amounts as Decimal."""
    for action in view.actions:
        yield (
            *(action.on, action.account, action.name, "needs approval" if action.approve else "goes"),
            *(action.kind.value, action.value, action.policy, action.step, action.day),
            *(Amount.of_minor(action.amount, action.currency).value, action.currency, action.late),
            *(", ".join(action.items), action.approve, action.person, "", str(action.place)),
        )
    for step in view.held:
        yield (
            *(step.on, step.account, step.name, "waits", "", "", step.policy, step.step, ""),
            *(Amount.of_minor(step.amount, view.currency).value, view.currency, step.late),
            *("", "", "", step.reason.value, str(step.place) if step.place else ""),
        )


def preview_csv(view: Preview) -> bytes:
    """UTF-8 with a mark, so that every spreadsheet shows names as they are; no cell is a formula."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows(view):
        writer.writerow([plain_cell(cell) if isinstance(cell, str) else cell for cell in row])
    return b"\xef\xbb\xbf" + text.getvalue().encode()
