"""The ledger of each morning, brought to the accounts overnight: new documents, payments, disputes, the ends of episodes.

It decides nothing. What an account remembers of its contacts stays as the days before have made it; what the ledger says is
put in its place, as the next import would.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from engine.core.decision import questions
from engine.core.decision.columns import dates, day_number
from engine.core.decision.state import BARRED, ITEMS, MARKS, PENDING, REPEATS, TOUCHES, Aside, State
from engine.core.language.policy import PolicyBook
from engine.core.trust.simulate.history import History

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

_TOUCHES, _YEAR = 60, 365  # days for which contacts are kept: for the gates, and for the word `contacts`
_NEVER = 2**31 - 1
# What an account has of its episode and, when that ends, has no more.
_OF_THE_EPISODE = (
    *("since", "home", "tone_step", "reached", "answer_by", "answer_day", "stepped", "finished"),
)


class Replay:
    """A history played forward. `overnight` takes the mornings in their order, each once; `wanted` are fields of a book."""

    def __init__(self, history: History, book: PolicyBook) -> None:
        self.history = history
        self._wanted = questions.fields(book)
        items = history.items
        self._items = items.select(list(ITEMS))
        self._row = items["row"].to_numpy().astype(np.int64)
        self._due = dates(items["due"]).astype(np.int64)
        self._arrives = dates(items["arrives"]).astype(np.int64)
        self._ends = items["ends"].to_physical().fill_null(_NEVER).to_numpy().astype(np.int64)
        self._open = items["open"].to_numpy().copy()
        self._credit = self._open < 0
        self._purse, self._purse_row = _purses(self._row, items["currency"])
        paid = history.paid
        self._known = dates(paid["known"]).astype(np.int64)
        self._paid_at = paid["at"].to_numpy().astype(np.int64)
        self._amount = paid["amount"].to_numpy()
        self._told = 0  # how many of `paid` are known
        size = history.accounts.height
        self._late = np.zeros(size, dtype=bool)
        self._began = np.zeros(size, dtype=np.int64)
        self._ended = np.full(size, -_NEVER)  # row -> when its last spell ended
        self._spells: list[tuple[Array, Array, int]] = []
        self._facts = _Facts(history)

    def start(self) -> State:
        """Before the first morning: nothing is open, and nobody has been contacted."""
        return State(
            self.history.accounts,
            self._items.clear(),
            State.empty_frame(MARKS),
            State.empty_frame(BARRED),
            State.empty_frame(TOUCHES),
            State.empty_frame(PENDING),
            State.empty_frame(REPEATS),
            as_of=self.history.first,
        )

    def overnight(self, state: State, on: date) -> State:
        """The state of the evening before as the ledger of this morning changes it."""
        today = day_number(on)
        upto = int(np.searchsorted(self._known, today, "right"))
        new = slice(self._told, upto)
        np.subtract.at(self._open, self._paid_at[new], self._amount[new])
        self._told = upto
        there = np.flatnonzero(
            (self._arrives <= today) & np.where(self._credit, self._ends > today, self._open > 0)
        )
        late = self._past_due(there, today)
        over = self._late & ~late
        self._turn(late, over, today)
        state = _ended(state, over) if over.any() else state
        items = self._items[there].with_columns(open=pl.Series(self._open[there]))
        items = self._facts.set_aside(items, there, today)
        facts = self._facts.columns(state, items, there, on, self._wanted, self._ended, late)
        state = _forgotten(state, on, "contacts" in self._wanted) if today % 30 == 0 else state
        return replace(state, items=items, accounts=state.accounts.with_columns(facts), as_of=on)

    def spells(self) -> pl.DataFrame:
        """Times for which accounts were past due so far: `row`, `began`, `ended`, the first morning on which nothing was.

        `ended` is null where it has not. They are the ledger's, whatever a policy does; what was past due on the first morning
        has begun then.
        """
        still = np.flatnonzero(self._late)
        parts = [*self._spells, (still, self._began[still], _NEVER)]
        frame = pl.DataFrame(
            {
                "row": np.concatenate([rows for rows, _, _ in parts]),
                "began": np.concatenate([began for _, began, _ in parts]),
                "ended": np.concatenate([np.full(len(rows), ended) for rows, _, ended in parts]),
            }
        )
        ended = pl.when(pl.col("ended") < _NEVER).then("ended").cast(pl.Int32).cast(pl.Date)
        began = pl.col("began").cast(pl.Int32).cast(pl.Date)
        return frame.select(pl.col("row").cast(pl.UInt32), began, ended).sort("row", "began")

    def _past_due(self, there: Array, today: int) -> Array:
        """row -> something is past due after credits: they go to the oldest due first, so what is past due is paid first."""
        debts = there[~self._credit[there] & (self._due[there] < today)]
        credits = there[self._credit[there]]
        purses = len(self._purse_row)
        owed = np.bincount(self._purse[debts], self._open[debts], purses)
        owed += np.bincount(self._purse[credits], self._open[credits], purses)
        found = np.zeros(len(self._late), dtype=bool)
        found[self._purse_row[owed > 0]] = True
        return found

    def _turn(self, late: Array, over: Array, today: int) -> None:
        rows = np.flatnonzero(over)
        if len(rows):
            self._spells.append((rows, self._began[rows], today))
            self._ended[rows] = today
        self._began[late & ~self._late] = today
        self._late = late


def _purses(row: Array, currency: pl.Series) -> tuple[Array, Array]:
    """item -> the number of its account and currency; that number -> the account."""
    codes = currency.rank("dense").to_numpy().astype(np.int64)
    purses, numbers = np.unique(row * (int(codes.max(initial=0)) + 1) + codes, return_inverse=True)
    return numbers, purses // (int(codes.max(initial=0)) + 1)


def _ended(state: State, over: Array) -> State:
    """Some accounts owe nothing overdue any more: what their episodes did is over, and what waited is cancelled."""
    gone = pl.Series(over)

    def kept(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.filter(pl.Series(~over[frame["row"].to_numpy()])) if frame.height else frame

    accounts = state.accounts.with_columns(
        *(pl.when(gone).then(None).otherwise(pl.col(name)).alias(name) for name in _OF_THE_EPISODE),
        *(pl.when(gone).then(0).otherwise(pl.col(name)).alias(name) for name in ("effects", "tone")),
        episode=pl.col("episode") + gone.cast(pl.Int32),
    )
    return replace(
        state,
        accounts=accounts.cast(
            {name: state.accounts.schema[name] for name in ("effects", "tone", "episode")}
        ),
        marks=kept(state.marks),
        barred=kept(state.barred),
        pending=kept(state.pending),
        repeats=kept(state.repeats),
    )


def _forgotten(state: State, on: date, year: bool) -> State:
    """Contacts so old that no test asks for them are dropped."""
    days = pl.lit(on) - pl.col("on")
    touches = state.touches.filter(days.dt.total_days() < (_YEAR if year else _TOUCHES))
    return replace(state, touches=touches, calls=state.calls.filter(days.dt.total_days() < _TOUCHES))


class _Facts:
    """What the ledger lets one know of an account by a morning: how it pays, what it disputes, its terms."""

    def __init__(self, history: History) -> None:
        self.history = history
        size = history.accounts.height
        paid = history.paid.filter("cash").with_columns(
            row=history.items["row"].gather(history.paid.filter("cash")["at"]),
            late=(
                pl.col("on") - history.items["due"].gather(history.paid.filter("cash")["at"])
            ).dt.total_days(),
        )
        self._by_known, self._by_day = paid.sort("known"), paid.sort("on")
        self._in = self._out = 0
        self._weight, self._days = np.zeros(size), np.zeros(size)
        self._last = np.full(size, -_NEVER)
        self._own_terms = history.accounts["terms"]
        inferred = history.items["inferred"]
        words = inferred.unique().sort()
        self._code = words.search_sorted(inferred).to_numpy().astype(np.int64)
        self._words = pl.concat([words, pl.Series(["mixed"])])
        self._row = history.items["row"].to_numpy().astype(np.int64)
        self._credit = (history.items["open"] < 0).to_numpy()

    def set_aside(self, items: pl.DataFrame, there: Array, today: int) -> pl.DataFrame:
        """What is disputed on a morning is set aside; what was closed for the customer loses its days."""
        disputes = self.history.disputes.filter(pl.col("at").is_not_null())
        if not disputes.height:
            return items
        opened, closed = (
            dates(disputes["opened"]),
            disputes["closed"].to_physical().fill_null(_NEVER).to_numpy(),
        )
        at = disputes["at"].to_numpy().astype(np.int64)
        size = len(self.history.items)
        holds = (opened <= today) & (closed >= today)
        since = np.full(size, _NEVER)
        since[at[holds]] = opened[holds]
        off = np.zeros(size, dtype=np.int32)
        ended = (opened <= today) & (closed <= today)
        np.add.at(off, at[ended], disputes["off"].to_numpy()[ended])
        held = pl.Series(since[there] < _NEVER)
        days = pl.Series(np.where(since[there] < _NEVER, since[there], 0)).cast(pl.Int32).cast(pl.Date)
        return items.with_columns(
            aside=pl.when(held).then(pl.lit(Aside.DISPUTED.value)),
            aside_since=pl.when(held).then(days),
            days_off=pl.Series(off[there]),
        )

    def columns(
        self,
        state: State,
        items: pl.DataFrame,
        there: Array,
        on: date,
        wanted: frozenset[str],
        ended: Array,
        late: Array,
    ) -> Iterator[pl.Series | pl.Expr]:
        """The columns that a book asks for, where they change by themselves."""
        today = day_number(on)
        if wanted & {"dbt", "since_payment"}:
            yield from self._payments(today)
        if "first_time" in wanted:
            fresh = pl.Series(ended <= day_number(_two_years_before(on)))
            running = pl.Series(late) & state.accounts["since"].is_not_null()
            yield pl.when(running).then("first_time").otherwise(fresh).alias("first_time")
        if "contacts" in wanted:
            days = state.touches.filter((pl.lit(on) - pl.col("on")).dt.total_days() < _YEAR)
            rows = days.unique(["row", "on"])["row"].to_numpy()
            yield pl.Series("contacts", np.bincount(rows, minlength=len(late)).astype(np.int32))
        if "terms" in wanted and self._own_terms.null_count():
            yield self._terms(there, len(late))
        if self.history.disputes.height:
            yield from self._disputes(on, len(late))
        if self.history.learned.height:
            yield from self._learned(on, len(late))
        changed = self.history.accounts["terms_changed"]
        if changed.null_count() < len(changed):
            yield changed.set(changed > on, None)

    def _payments(self, today: int) -> Iterator[pl.Series]:
        """The last day on which something was paid; the days beyond terms of a year, by amount."""
        upto = int(np.searchsorted(dates(self._by_known["known"]), today, "right"))
        new = self._by_known[self._in : upto]
        old = int(np.searchsorted(dates(self._by_day["on"]), today - _YEAR, "right"))
        gone = self._by_day[self._out : old]
        self._in, self._out = upto, old
        for frame, sign in ((new, 1.0), (gone, -1.0)):
            rows, amount = frame["row"].to_numpy(), frame["amount"].to_numpy() * sign
            np.add.at(self._weight, rows, amount)
            np.add.at(self._days, rows, amount * frame["late"].to_numpy())
        np.maximum.at(self._last, new["row"].to_numpy(), dates(new["on"]))
        some = self._weight > 0.5
        mean = np.divide(self._days, self._weight, out=np.zeros_like(self._days), where=some)
        dbt = pl.Series(np.copysign(np.floor(np.abs(mean) + 0.5), mean).astype(np.int32))
        yield _where(dbt, some, "dbt", pl.Int32())
        paid = self._last > -_NEVER
        yield _where(pl.Series(np.where(paid, self._last, 0)).cast(pl.Int32), paid, "last_payment", pl.Date())

    def _terms(self, there: Array, size: int) -> pl.Series:
        """The terms of the master; else those that all open invoices share."""
        asks = there[~self._credit[there]]
        rows, code = self._row[asks], self._code[asks]
        least, most = np.full(size, len(self._words) - 1), np.full(size, -1)
        np.minimum.at(least, rows, code)
        np.maximum.at(most, rows, code)
        shared = self._words.gather(np.where(least == most, least, len(self._words) - 1))
        return self._own_terms.zip_with(self._own_terms.is_not_null(), shared).alias("terms")

    def _disputes(self, on: date, size: int) -> Iterator[pl.Series]:
        known = self.history.disputes.filter(pl.col("opened") <= on, "claim")
        lately = known.filter((pl.lit(on) - pl.col("opened")).dt.total_days() < _YEAR)
        yield pl.Series("claims", np.bincount(lately["row"].to_numpy(), minlength=size).astype(np.int32))
        closed = known.filter(pl.col("closed") < on)
        last = np.full(size, -_NEVER)
        np.maximum.at(last, closed["row"].to_numpy(), dates(closed["closed"]))
        some = last > -_NEVER
        yield _where(pl.Series(np.where(some, last, 0)).cast(pl.Int32), some, "dispute_closed", pl.Date())

    def _learned(self, on: date, size: int) -> Iterator[pl.Series]:
        holds = (pl.col("from_day") <= on) & (pl.col("until") >= on).fill_null(value=True)
        now = self.history.learned.filter(holds)
        for what in ("insolvent", "attorney"):
            flags = self.history.accounts[what].fill_null(value=False).to_numpy().copy()
            flags[now.filter(pl.col("what") == what)["row"].to_numpy()] = True
            yield pl.Series(what, flags)


def _where(values: pl.Series, some: Array, name: str, kind: pl.DataType) -> pl.Series:
    nothing = pl.Series([None], dtype=kind).new_from_index(0, len(values))
    return values.cast(kind).zip_with(pl.Series(some), nothing).alias(name)


def _two_years_before(on: date) -> date:
    return pl.Series([on]).dt.offset_by("-24mo")[0]  # type: ignore[no-any-return]
