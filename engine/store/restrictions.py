"""Terms and holds in the database, and the way back from them."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core.decision.state import EFFECTS
from engine.core.ledger import end_of_month
from engine.store import bulk
from engine.store.runs import action_key
from engine.store.tables import (
    TAKEN,
    ActionState,
    action,
)

WAY_BACK = "way back"  # the step under which the end of an episode proposes to lift a hold or restore terms


def propose_way_back(conn: Connection, account: str, number: int, on: date, company: str) -> None:
    """Who was on cash or on hold and has paid is proposed for the way back, after the clean months."""
    done = conn.execute(
        sa.select(action.c.key, action.c.policy, action.c.kind, action.c.detail, action.c.currency).where(
            action.c.company == company,
            action.c.account == account,
            action.c.episode == number,
            action.c.kind.in_(EFFECTS[:2]),
            action.c.state.in_([state.value for state in TAKEN]),
        )
    )
    for key, policy, kind, detail, currency in done:
        wanted = bulk.read_json(detail)
        months = int(wanted.get("restore_after", 0))
        back = "back to the terms of before" if kind == "terms" else f"lift the hold on {wanted.get('value')}"
        clean = f" and {months} clean months" if months else ""
        task = {"what": f"{back}: all is paid{clean}", "value": "credit manager", "after": key}
        task |= {"restore": wanted.get("value", ""), "restore_after": months, "items": []}
        # An episode that went on after its end is proposed once more at the next one.
        before = sa.select(sa.func.count()).where(
            action.c.company == company,
            action.c.account == account,
            action.c.episode == number,
            action.c.step == WAY_BACK,
            action.c.key.contains(f"|{kind}|", autoescape=True),
        )
        times = int(conn.execute(before).scalar_one())
        conn.execute(
            sa.insert(action).values(
                key=action_key(account, number, WAY_BACK, kind, times, "task", "", company=company),
                company=company,
                account=account,
                episode=number,
                policy=policy,
                step=WAY_BACK,
                item="",
                occurrence=0,
                kind="task",
                role="credit manager",
                day=0,
                state=ActionState.PLANNED.value,
                on=on,
                since=on,
                not_before=end_of_month(on, months) if months else None,
                amount=0,
                currency=currency,
                taken_on=on,
                detail=bulk.write_json(task),
            )
        )
