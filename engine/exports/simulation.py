"""Past days played again, as plain values and as a table with a line for each step that went.

Days are `2026-11-23`; amounts are minor units of the currency beside them in JSON, decimal numbers in the table.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from engine.channels.folder import plain_cell
from engine.core.money import Amount
from engine.core.trust.simulate.flow import AGES
from engine.core.trust.simulate.outcome import beside
from engine.exports.simulation_page import simulation_html as simulation_html
from engine.exports.simulation_page import simulation_svgs as simulation_svgs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.core.trust.simulate import Band, Run, Simulation
    from engine.core.trust.simulate.behaviour import Behaviour
    from engine.jobs.simulate import Played

COLUMNS = (
    "policies",
    "on",
    "account",
    "name",
    "what",
    "policy",
    "step",
    "amount",
    "currency",
    "approval",
    "line",
)


def simulation_value(played: Played) -> dict[str, object]:
    """What `--json` writes; the keys stay as they are."""
    found = played.simulation
    return {
        "from": found.first.isoformat(),
        "to": found.last.isoformat(),
        "days": found.days,
        "accounts": found.accounts,
        "invoices": found.invoices,
        "source": played.source or None,
        "currency": found.currency,
        "draws": found.draws,
        "seed": found.seed if found.draws else None,
        "runs": [_run(run, found) for run in found.runs],
        "weeks": [
            {
                "to": day.isoformat(),
                "cash": cash,
                "open": dict(zip(AGES.names, ages, strict=True)),
            }
            for day, cash, ages in zip(
                found.flow.weeks, found.flow.cash, zip(*found.flow.open_, strict=True), strict=True
            )
        ],
        "bands": {"overdue": _bands(found.overdue), "cash": _bands(found.cash)} if found.draws else None,
        "behaviour": None if found.how is None else _behaviour(found.how),
        "notes": list(played.notes),
    }


def _run(run: Run, found: Simulation) -> dict[str, object]:
    of, first = run.outcome, found.runs[0].outcome
    against = beside(of, first)
    return {
        "policies": run.label or None,
        "book": of.book,
        "times past due": of.spells.height,
        "asked": of.asked,
        "paid before asked": of.spared,
        "not asked yet": of.quiet,
        "days until asked": of.until_asked,
        "accounts asked": of.accounts,
        "actions": {kind.value: count for kind, count in of.counts.items()},
        "approvals": of.approvals,
        "days stopped": [day.isoformat() for day in of.stopped],
        "most waiting": of.waiting,
        "work": [
            {
                "what": load.kind.value,
                "role": load.role or None,
                "all": load.total,
                "a day": round(load.mean, 3),
                "nine of ten days": load.high,
                "most": load.most,
                "most on": load.most_on.isoformat() if load.most_on else None,
                "capacity": load.capacity,
                "days full": load.full,
                "weeks": list(load.weeks),
            }
            for load in of.work
        ],
        "ladder": [
            {
                "policy": rung.policy,
                "day": rung.day,
                "step": rung.step,
                "times": rung.times,
                "then paid": rung.paid,
                "amount": rung.amount,
                "line": f"{rung.place.file}:{rung.place.line}",
            }
            for rung in of.funnel
        ],
        "restricted": [
            {
                "what": one.kind.value,
                "value": one.value,
                "times": one.times,
                "accounts": one.accounts,
                "paid soon": one.soon,
            }
            for one in of.restricted
        ],
        "against the first": None
        if of is first
        else {
            "more": against.more,
            "fewer": against.fewer,
            "fewer and paid": against.fewer_paid,
            "sooner": against.sooner,
            "later": against.later,
        },
        "bands": {name: _band(band) for name, band in run.bands.items()} or None,
        "evaluators": list(of.evaluators),
        "faults": list(of.faults),
    }


def _behaviour(how: Behaviour) -> dict[str, object]:
    return {
        "by": how.by,
        "accounts with their own": how.own,
        "left out": how.left_out,
        "groups": [
            {
                "group": curve.group,
                "invoices": curve.invoices,
                "open": curve.open_,
                "days late": {f"{100 * share:.0f}%": curve.late(share) for share in (0.5, 0.9, 0.99)},
            }
            for curve in how.curves
        ],
    }


def _band(band: Band) -> dict[str, float]:
    return {"10%": band.low, "50%": band.middle, "90%": band.high}


def _bands(bands: Sequence[Band]) -> list[dict[str, float]]:
    return [_band(band) for band in bands]


def simulation_csv(played: Played) -> bytes:
    """A line a step, in UTF-8, by the policies and by day."""
    found = played.simulation
    accounts = played.accounts.rows()
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\r\n")
    lines.writerow(COLUMNS)
    for run in found.runs:
        for on, row, policy, step, does, place, amount, asks in run.outcome.contacts.iter_rows():
            account, name = accounts[row]
            worth = str(Amount.of_minor(amount, found.currency).value)
            cells = (
                run.label,
                on,
                account,
                name,
                does,
                policy,
                step,
                worth,
                found.currency,
                "yes" if asks else "",
                place,
            )
            lines.writerow([plain_cell(str(cell)) for cell in cells])
    return text.getvalue().encode()
