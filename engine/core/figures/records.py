"""What is on record and a report is made from: documents, payments, calls, promises, disputes, actions, as columns.

The frames have exactly the columns listed here. Amounts are minor units of `currency`; in `Facts` they are those of one
currency, so that nothing is ever added up over two.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

import polars as pl

from engine.core.money import digits

_TEXT, _DAY, _MONEY, _WHOLE, _YES = pl.String(), pl.Date(), pl.Int64(), pl.Int32(), pl.Boolean()
Schema = Mapping[str, pl.DataType]

# `first_seen` is the day of the first ledger that had it, `vanished_on` of the first that no longer had it; `open` is now.
DOCUMENTS: Final[Schema] = {
    "account": _TEXT, "item": _TEXT, "kind": _TEXT, "date": _DAY, "due": _DAY, "amount": _MONEY, "open": _MONEY,
    "currency": _TEXT, "first_seen": _DAY, "vanished_on": _DAY,
}  # fmt: skip
PAYMENTS: Final[Schema] = {
    "account": _TEXT, "item": _TEXT, "amount": _MONEY, "currency": _TEXT, "paid_on": _DAY, "days_late": _WHOLE,
    "presumed": _YES,
}  # fmt: skip
EPISODES: Final[Schema] = {"account": _TEXT, "number": _WHOLE, "started": _DAY, "ended": _DAY}
CALLS: Final[Schema] = {
    "id": _WHOLE, "account": _TEXT, "action": _TEXT, "outcome": _TEXT, "reached": _YES, "right_party": _YES,
    "spoken_with": _TEXT, "on": _DAY, "at": _TEXT, "follows": _WHOLE, "by": _TEXT,
}  # fmt: skip
# `instalments` counts those of its plan; null for a promise that belongs to none.
PROMISES: Final[Schema] = {
    "id": _WHOLE, "account": _TEXT, "made_on": _DAY, "pays_on": _DAY, "breaks_on": _DAY, "amount": _MONEY,
    "currency": _TEXT, "state": _TEXT, "paid": _MONEY, "settled_on": _DAY, "kind": _TEXT, "plan": _WHOLE,
    "instalments": _WHOLE, "call": _WHOLE,
}  # fmt: skip
PLANS: Final[Schema] = {
    "account": _TEXT, "made_on": _DAY, "until": _DAY, "state": _TEXT, "amount": _MONEY, "currency": _TEXT,
    "ended_on": _DAY,
}  # fmt: skip
DISPUTES: Final[Schema] = {
    "account": _TEXT, "item": _TEXT, "opened": _DAY, "closed": _DAY, "amount": _MONEY, "reason": _TEXT,
}  # fmt: skip
ACTIONS: Final[Schema] = {
    "key": _TEXT, "account": _TEXT, "episode": _WHOLE, "policy": _TEXT, "step": _TEXT, "kind": _TEXT, "day": _WHOLE,
    "tone": _WHOLE, "state": _TEXT, "on": _DAY, "since": _DAY, "taken_on": _DAY, "amount": _MONEY, "currency": _TEXT,
}  # fmt: skip
# What keeps an account from being asked, beside disputes, promises and plans: `what` is a pause, a rule, a fact.
STANDS: Final[Schema] = {"account": _TEXT, "what": _TEXT, "from_day": _DAY, "until": _DAY}

FRAMES: Final[Mapping[str, Schema]] = {
    "documents": DOCUMENTS,
    "payments": PAYMENTS,
    "episodes": EPISODES,
    "calls": CALLS,
    "promises": PROMISES,
    "plans": PLANS,
    "disputes": DISPUTES,
    "actions": ACTIONS,
    "stands": STANDS,
}


@dataclass(frozen=True, slots=True)
class Shown:
    """One ledger that came in: its day, and what it said was open, by currency, credits taken off."""

    on: date
    totals: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Rate:
    """Units of the house's currency for one of another, as the ledger of a day had it."""

    rate: float
    on: date


@dataclass(frozen=True, slots=True)
class Records:
    """All that is on record. `ledgers` are in the order of their days; `rates` by currency, the newest first."""

    documents: pl.DataFrame
    payments: pl.DataFrame
    episodes: pl.DataFrame
    calls: pl.DataFrame
    promises: pl.DataFrame
    plans: pl.DataFrame
    disputes: pl.DataFrame
    actions: pl.DataFrame
    stands: pl.DataFrame
    ledgers: tuple[Shown, ...] = ()
    rates: Mapping[str, tuple[Rate, ...]] = field(default_factory=dict)

    @property
    def as_of(self) -> date | None:
        """The day of the newest ledger."""
        return self.ledgers[-1].on if self.ledgers else None

    @property
    def first_ledger(self) -> date | None:
        """The day of the first ledger that had something open: from it on nothing is put together from memory alone."""
        return next((shown.on for shown in self.ledgers if shown.totals), None) or self.as_of

    @property
    def told_from(self) -> date | None:
        """The day from which the ledger can be told: of the first payment on record, or the first ledger if that is earlier."""
        days: list[date] = [day for day in (self.first_ledger, self.payments["paid_on"].min()) if day]  # type: ignore[misc]
        return min(days) if days else None

    @property
    def currencies(self) -> tuple[str, ...]:
        """The currencies of documents, the one with the most open first, in amounts as they are written."""
        sums = self.documents.group_by("currency").agg(
            open=pl.col("open").clip(lower_bound=0).sum(), amount=pl.col("amount").clip(lower_bound=0).sum()
        )
        size = [(-open_ / 10 ** digits(code), -amount, code) for code, open_, amount in sums.iter_rows()]
        return tuple(code for *_, code in sorted(size))

    def of_accounts(self, accounts: Collection[str], policy: str) -> Records:
        """Only what belongs to these accounts; of the actions only those of the policy."""
        wanted = pl.Series("account", sorted(accounts), pl.String())
        frames = {
            name: getattr(self, name).join(wanted.to_frame(), on="account", how="semi") for name in FRAMES
        }
        frames["actions"] = frames["actions"].filter(pl.col("policy") == policy)
        return replace(self, **frames)

    def rate(self, currency: str, on: date) -> Rate | None:
        """The newest rate that a day knew of; else the first there ever was."""
        known = self.rates.get(currency, ())
        return next((rate for rate in known if rate.on <= on), known[-1] if known else None)


def gathered(
    frames: Mapping[str, pl.DataFrame],
    ledgers: tuple[Shown, ...] = (),
    rates: Mapping[str, tuple[Rate, ...]] | None = None,
) -> Records:
    """Records of these frames; a frame that is not given has no rows."""
    given = {name: frames.get(name, pl.DataFrame(schema=dict(schema))) for name, schema in FRAMES.items()}
    return Records(**given, ledgers=ledgers, rates=rates or {})


@dataclass(frozen=True, slots=True)
class Scope:
    """The currency that a column of the report is in: one of the ledger's, or all of them converted into the house's.

    `rates` gives for each currency that takes part the units of `currency` for one of it; one rate for all days, so that a
    trend shows what customers did and not what a rate did.
    """

    currency: str
    rates: Mapping[str, float]
    converted: bool = False

    @property
    def name(self) -> str:
        return f"all in {self.currency}" if self.converted else self.currency


def scopes(records: Records, house: str, on: date) -> tuple[Scope, ...]:
    """A scope a currency; where there are several and each has a rate, first of all the one in the house's currency."""
    codes = records.currencies or (house,)
    each = tuple(Scope(code, {code: 1.0}) for code in codes)
    if len(codes) == 1:
        return each
    found = {
        code: 1.0 if code == house else rate.rate if (rate := records.rate(code, on)) else None
        for code in codes
    }
    known = {code: rate for code, rate in found.items() if rate is not None}
    return (Scope(house, known, converted=True), *each) if len(known) == len(codes) else each


def uncounted(records: Records, house: str) -> Scope:
    """All currencies side by side, for figures that count and never add an amount up."""
    return Scope(house, dict.fromkeys({*records.currencies, *records.rates, house}, 1.0))


def within(frame: pl.DataFrame, scope: Scope, *amounts: str) -> pl.DataFrame:
    """The rows of the scope's currencies, with their amounts in minor units of its own; `currency` stays as it was."""
    own = digits(scope.currency)
    factor = {code: rate * 10.0 ** (own - digits(code)) for code, rate in scope.rates.items()}
    rows = frame.filter(pl.col("currency").is_in(list(factor)))
    if any(each != 1.0 for each in factor.values()):
        by = pl.col("currency").replace_strict(factor, return_dtype=pl.Float64)
        rows = rows.with_columns((pl.col(name) * by).round().cast(pl.Int64) for name in amounts)
    return rows
