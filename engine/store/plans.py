"""Payment plans in the database: running, broken, ended; and what the account has been able to pay."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core.cases.plans import rhythm, shares
from engine.core.cases.promises import FAILED, Promise, Standing, stands
from engine.store.journal import Entry
from engine.store.tables import COMPANY, action, ledger_file, payment, plan, plan_item, promise

KEPT = "kept"  # it runs
BROKEN = "broken"
ENDED = "ended"
AWAITING = "awaiting approval"
DECLINED = "declined"
WITH_PLAN = "its plan was broken"
_YEAR = timedelta(days=365)
_A_MONTH = 365.25 / 12


def settle(
    conn: Connection, number: int, paid: int, left: int, on: date, as_of: date | None
) -> tuple[list[Standing], list[Entry]]:
    """The instalments of a running plan, as far as the ledger of `as_of` shows: `paid` in all, `left` owed on its items.

    One that is broken breaks the plan: the rest is withdrawn. The last one kept ends it. The standings that are new,
    and what to put in the journal.
    """
    rows = conn.execute(
        sa.select(promise).where(promise.c.plan == number).order_by(promise.c.number, promise.c.id)
    ).all()
    found: list[Standing] = []
    entries: list[Entry] = []
    for row, mine in zip(rows, shares(paid, [row.amount for row in rows]), strict=True):
        if row.state != Standing.OPEN.value:
            continue
        promised = Promise(row.pays_on, row.breaks_on, row.amount)
        stood = stands(promised, mine, as_of=as_of, on=on, left=left)
        if stood.standing is Standing.OPEN:
            continue
        change = {"state": stood.standing.value, "settled_on": stood.on, "paid": mine}
        conn.execute(sa.update(promise).where(promise.c.id == row.id).values(**change))
        found.append(stood.standing)
        told = {"promise": row.id, "plan": number, "number": row.number, "paid": mine, "amount": row.amount}
        entries.append(Entry(f"promise {stood.standing.value}", row.account, told | {"on": str(stood.on)}))
        if stood.standing in FAILED:
            assert stood.on is not None
            withdraw_rest(conn, number, stood.on, WITH_PLAN)
            entries.append(_over(conn, number, row.account, BROKEN, stood.on))
            return found, entries
    open_ones = sa.select(sa.func.count()).where(
        promise.c.plan == number, promise.c.state == Standing.OPEN.value
    )
    if found and not conn.execute(open_ones).scalar_one():
        entries.append(_over(conn, number, rows[0].account, ENDED, on))
    return found, entries


def _over(conn: Connection, number: int, account: str, state: str, on: date) -> Entry:
    conn.execute(sa.update(plan).where(plan.c.id == number).values(state=state, ended_on=on))
    return Entry(f"plan {state}", account, {"plan": number, "on": str(on)})


def withdraw_rest(conn: Connection, number: int, on: date, because: str) -> None:
    """The instalments that are still to come are not asked for any more."""
    rest = (promise.c.plan == number, promise.c.state == Standing.OPEN.value)
    values = {"state": Standing.WITHDRAWN.value, "settled_on": on, "because": because}
    conn.execute(sa.update(promise).where(*rest).values(**values))


def resume(conn: Connection, numbers: Collection[int]) -> set[int]:
    """Plans that had ended because all was paid run again. Those of these that run then."""
    if not numbers:
        return set()
    mine = (plan.c.id.in_(list(numbers)), plan.c.state.in_([KEPT, ENDED]))
    running = set(conn.execute(sa.select(plan.c.id).where(*mine)).scalars())
    if running:
        conn.execute(sa.update(plan).where(plan.c.id.in_(running)).values(state=KEPT, ended_on=None))
    return running


# -- for those who look ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Part:
    """An instalment as it stands."""

    number: int
    pays_on: date
    amount: int
    paid: int
    state: str


@dataclass(frozen=True, slots=True)
class Agreed:
    """A plan as it stands: `state` is kept (it runs), broken, ended, awaiting approval or declined."""

    number: int
    account: str
    state: str
    made_on: date
    until: date
    amount: int
    currency: str
    by: str
    spoken_with: str
    because: str
    approved_by: str
    ended_on: date | None
    items: tuple[str, ...]
    instalments: tuple[Part, ...]

    @property
    def kind(self) -> str:
        """What kind of plan it is, for comparing: `4 instalments, month`."""
        return kind_of([part.pays_on for part in self.instalments])


def kind_of(days: list[date]) -> str:
    return f"{len(days)} × {rhythm(days)}"


def plans(conn: Connection, account: str, company: str = COMPANY, *, running: bool = False) -> list[Agreed]:
    """The plans of an account, the latest first; `running`: those that are being kept."""
    query = sa.select(plan).where(plan.c.company == company, plan.c.account == account)
    if running:
        query = query.where(plan.c.state == KEPT)
    rows = conn.execute(query.order_by(plan.c.made_on.desc(), plan.c.id.desc())).all()
    return [
        Agreed(
            number=row.id, account=row.account, state=row.state, made_on=row.made_on, until=row.until,
            amount=row.amount, currency=row.currency or "", by=row.by, spoken_with=row.spoken_with or "",
            because=row.because, approved_by=row.approved_by or "", ended_on=row.ended_on,
            items=tuple(_items(conn, row.id)), instalments=tuple(_parts(conn, row.id)),
        )
        for row in rows
    ]  # fmt: skip


def _items(conn: Connection, number: int) -> list[str]:
    query = sa.select(plan_item.c.item).where(plan_item.c.plan == number).order_by(plan_item.c.item)
    return list(conn.execute(query).scalars())


def _parts(conn: Connection, number: int) -> list[Part]:
    names = (promise.c.number, promise.c.pays_on, promise.c.amount, promise.c.paid, promise.c.state)
    query = sa.select(*names).where(promise.c.plan == number).order_by(promise.c.number)
    return [Part(*row) for row in conn.execute(query)]


def covered(conn: Connection, account: str, company: str = COMPANY) -> dict[str, int]:
    """Items in a running plan, and which."""
    query = (
        sa.select(plan_item.c.item, plan.c.id)
        .join(plan, plan.c.id == plan_item.c.plan)
        .where(plan.c.company == company, plan.c.account == account, plan.c.state == KEPT)
    )
    return {name: number for name, number in conn.execute(query)}  # noqa: C416 - rows are not pairs to mypy


@dataclass(frozen=True, slots=True)
class Capacity:
    """What an account has paid a month, minor units of a currency, over so many months; nothing where none are known."""

    a_month: int
    months: int


def capacity(
    conn: Connection, account: str, currency: str, on: date, company: str = COMPANY
) -> Capacity | None:
    """What the account paid a month in the last twelve, or since we know it; None where no payment is known."""
    theirs = (
        payment.c.company == company,
        payment.c.account == account,
        payment.c.currency == currency,
        payment.c.reversed == 0,
        payment.c.paid_on <= on,
        payment.c.paid_on > on - _YEAR,
    )
    total, first = conn.execute(
        sa.select(sa.func.sum(payment.c.amount), sa.func.min(payment.c.paid_on)).where(*theirs)
    ).one()
    if not total:
        return None
    known: date | None = conn.execute(
        sa.select(sa.func.min(ledger_file.c.as_of)).where(
            ledger_file.c.company == company, ledger_file.c.kind == "ledger"
        )
    ).scalar()
    since = max(min(first, known or first), on - _YEAR)
    months = max(1, round((on - since).days / _A_MONTH))
    return Capacity(round(int(total) / months), months)


@dataclass(frozen=True, slots=True)
class KeptRate:
    """How plans of a kind (`4 × month`) have ended: kept to the end, broken; and how many still run."""

    kind: str
    kept: int
    broken: int
    running: int

    @property
    def over(self) -> int:
        return self.kept + self.broken


def kept_rates(conn: Connection, company: str = COMPANY, since: date | None = None) -> list[KeptRate]:
    """How many plans of each kind were kept to the end, the commonest kind first; of those made since a day."""
    query = (
        sa.select(plan.c.id, plan.c.state, promise.c.pays_on)
        .join(promise, promise.c.plan == plan.c.id)
        .where(plan.c.company == company, plan.c.state.in_([KEPT, BROKEN, ENDED]))
        .order_by(plan.c.id, promise.c.number)
    )
    if since is not None:
        query = query.where(plan.c.made_on >= since)
    days: dict[int, list[date]] = {}
    states: dict[int, str] = {}
    for number, state, pays_on in conn.execute(query):
        days.setdefault(number, []).append(pays_on)
        states[number] = state
    # A plan that somebody ended before its last instalment was neither kept nor broken.
    withdrawn = set(
        conn.execute(
            sa.select(promise.c.plan).where(
                promise.c.plan.is_not(None), promise.c.state == Standing.WITHDRAWN.value
            )
        ).scalars()
    )
    kinds: dict[str, dict[str, int]] = {}
    for number, state in states.items():
        if state == ENDED and number in withdrawn:
            continue
        counts = kinds.setdefault(kind_of(days[number]), {})
        counts[state] = counts.get(state, 0) + 1
    rates = [
        KeptRate(kind, counts.get(ENDED, 0), counts.get(BROKEN, 0), counts.get(KEPT, 0))
        for kind, counts in kinds.items()
    ]
    return sorted(rates, key=lambda rate: (-(rate.over + rate.running), rate.kind))


def untold(conn: Connection, step: str, company: str = COMPANY) -> list[Agreed]:
    """Broken plans of which no task of that step, numbered as the plan, was ever made."""
    a = action.c
    told = sa.select(a.key).where(
        a.company == company,
        a.account == plan.c.account,
        a.episode == 0,
        a.step == step,
        a.occurrence == plan.c.id,
    )
    broken = (plan.c.company == company, plan.c.state == BROKEN, ~told.exists())
    rows = conn.execute(sa.select(plan.c.id, plan.c.account).where(*broken).order_by(plan.c.id)).all()
    return [one for row in rows for one in plans(conn, row.account, company) if one.number == row.id]
