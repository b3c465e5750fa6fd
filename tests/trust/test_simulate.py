"""Past days played again: the ledger of each morning, who is asked, who paid before, what several policies differ in."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any

import polars as pl
import pytest

from engine.core.decision.state import State
from engine.core.figures import past as figures
from engine.core.figures.records import Records, gathered
from engine.core.language.check import check
from engine.core.language.known import Known, TemplateHead
from engine.core.language.policy import Kind, PolicyBook, Tone
from engine.core.netting import net
from engine.core.problem import Place
from engine.core.trust.simulate import figures as numbers
from engine.core.trust.simulate.behaviour import behaviour, redrawn
from engine.core.trust.simulate.flow import flow, week_ends
from engine.core.trust.simulate.history import CONTESTED, LEARNED, PAPERS, Kept, history
from engine.core.trust.simulate.outcome import beside
from engine.core.trust.simulate.replay import Replay
from tests.figures.builder import known
from tests.trust.histories import accounts, past, played, told

HOUSE = """
order: [standard]
currency: USD
gap: 2 days
"""
STANDARD = """
policy: Standard
clock: due date
steps:
  - day: 5
    call: collector
  - day: 10
    letter: reminder
  - day: 20
    hold: orders
    call: supervisor
"""
LATER = STANDARD.replace("day: 5", "day: 8")
ASKS_ALL = """
policy: Standard
for:
  dbt: under 400
  first-time: [yes, no]
  contacts: under 400
  since-payment: under 4000
  claims: under 400
  terms: not net 999
clock: due date
steps:
  - day: 500
    call: collector
"""


def book(standard: str = STANDARD, house: str = HOUSE) -> PolicyBook:
    heads = (TemplateHead("reminder", "message", Tone.COURTEOUS, ("en",), Place("templates/reminder.md")),)
    files = {"policies/house.yaml": house.encode(), "policies/standard.yaml": standard.encode()}
    found = check(files, Known(templates=heads))
    assert found.book is not None, [f"{problem.place}: {problem.sentence}" for problem in found.problems]
    return found.book


def invoice(
    item: str, due: str, *, account: str = "A", dated: str = "01-02", amount: int = 100_00, **more: Any
) -> dict[str, Any]:
    return {"item": item, "account": account, "date": dated, "due": due, "amount": amount, **more}


def paid(item: str, on: str, *, account: str = "A", amount: int = 100_00, **more: Any) -> dict[str, Any]:
    return {"item": item, "account": account, "paid_on": on, "amount": amount, **more}


def records(
    documents: list[dict[str, Any]], payments: list[dict[str, Any]] | None = None, **more: Any
) -> Records:
    """What is not paid of a document is open, unless it says what is."""
    gone: dict[str, int] = {}
    for one in payments or ():
        gone[one["item"]] = gone.get(one["item"], 0) + one["amount"]
    whole = [{"open": one["amount"] - gone.get(one["item"], 0), **one} for one in documents]
    return known("06-30", since="2026-01-01", documents=whole, payments=payments or [], **more)


# -- who is asked -----------------------------------------------------------------------------------------------------


def test_a_payment_is_known_on_the_next_morning() -> None:
    """Due on 2 Feb, so day 5 is 7 Feb. What was paid on that day has a call all the same; what was paid before has none."""
    of = past(
        records(
            [
                invoice("1", "02-02", account="A"),
                invoice("2", "02-02", account="B"),
                invoice("3", "02-02", account="C"),
            ],
            [
                paid("1", "02-06", account="A"),
                paid("2", "02-07", account="B"),
                paid("3", "02-07", account="C", presumed=True),
            ],
        )
    )
    found = played(of, book(), first="02-01", last="02-20")
    assert told(found, "ABC") == ["02-07 B call collector"], "a ledger of that day told of C's payment"
    spells = found.runs[0].outcome.spells
    assert [str(day) for day in spells["began"]] == ["2026-02-03"] * 3
    assert [str(day) for day in spells["ended"]] == ["2026-02-07", "2026-02-08", "2026-02-07"]


def test_a_ladder_ends_when_nothing_is_overdue_and_begins_anew() -> None:
    of = past(
        records(
            [invoice("1", "02-02"), invoice("2", "03-04"), invoice("3", "04-04")],
            [paid("1", "02-15"), paid("2", "04-01")],
        )
    )
    found = played(of, book(), first="02-01", last="04-12")
    assert told(found, "A") == [
        "02-07 A call collector",
        "02-12 A letter reminder",
        "03-09 A call collector",
        "03-14 A letter reminder",
        "03-24 A hold orders, call supervisor",
        "03-25 A task credit manager",
        "04-09 A call collector",
    ]
    out = found.runs[0].outcome
    assert (out.spells.height, out.asked, out.spared, out.quiet) == (3, 3, 0, 0)
    assert out.until_asked == 4
    assert [(rung.step, rung.times, rung.paid, rung.amount) for rung in out.funnel] == [
        ("call collector", 3, 0, 300_00),
        ("letter reminder", 2, 1, 200_00),
        ("hold orders, call supervisor", 1, 1, 100_00),
    ]
    (held,) = out.restricted
    assert (held.kind, held.times, held.accounts, held.soon) == (Kind.HOLD, 1, 1, 0), (
        "it paid nine days later"
    )
    assert out.counts == {Kind.CALL: 4, Kind.LETTER: 2, Kind.HOLD: 1, Kind.TASK: 1}


def test_work_by_kind_role_and_week() -> None:
    of = past(records([invoice(str(n), f"02-{n + 2:02}", account="ABCD"[n]) for n in range(4)]))
    found = played(of, book(), first="02-02", last="03-01")
    calls, collector, supervisor, letters, holds, _ = found.runs[0].outcome.work
    assert [(load.kind, load.role, load.total) for load in (calls, collector, supervisor, letters, holds)] == [
        (Kind.CALL, "", 8), (Kind.CALL, "collector", 4), (Kind.CALL, "supervisor", 4), (Kind.LETTER, "", 4),
        (Kind.HOLD, "", 4),
    ]  # fmt: skip
    assert found.flow.weeks == (date(2026, 2, 8), date(2026, 2, 15), date(2026, 2, 22), date(2026, 3, 1))
    assert collector.weeks == (2, 2, 0, 0)
    assert supervisor.weeks == (0, 0, 1, 3)
    assert (calls.most, calls.most_on, calls.high) == (1, date(2026, 2, 7), 1)
    assert calls.mean == pytest.approx(8 / 28)


def test_what_a_day_has_room_for() -> None:
    of = past(
        records([invoice(str(n), "02-02", account="ABCD"[n], amount=(n + 1) * 100_00) for n in range(4)])
    )
    found = played(of, book(house=HOUSE + "capacity: {calls: 1}\n"), first="02-02", last="02-10")
    assert told(found, "ABCD") == [f"02-{7 + n:02} {name} call collector" for n, name in enumerate("DCBA")]
    (calls,) = found.runs[0].outcome.work
    assert (calls.capacity, calls.full, found.runs[0].outcome.waiting) == (1, 4, 3)


def test_the_safety_stop_is_told_and_the_days_go_on() -> None:
    of = past(records([invoice(str(n), "02-02", account="ABCD"[n]) for n in range(4)]))
    found = played(of, book(house=HOUSE + "stop: {actions: 3}\n"), first="02-02", last="02-08")
    assert found.runs[0].outcome.stopped == (date(2026, 2, 7),)
    assert found.runs[0].outcome.counts == {Kind.CALL: 4}


def test_several_policies_over_the_same_days() -> None:
    """Of four that fell past due two paid after the first call of the first policy and before that of the other."""
    of = past(
        records(
            [invoice(name, "02-02", account=name) for name in "ABCD"],
            [
                paid("A", "02-04", account="A"),
                paid("B", "02-08", account="B"),
                paid("C", "02-10", account="C"),
            ],
        )
    )
    first, other = played(of, book(), book(LATER), first="02-01", last="02-11").runs
    assert (first.outcome.asked, first.outcome.spared) == (3, 1)
    assert (other.outcome.asked, other.outcome.spared) == (2, 2)
    against = beside(other.outcome, first.outcome)
    assert (against.fewer, against.fewer_paid, against.more, against.sooner, against.later) == (1, 1, 0, 0, 2)


def test_who_was_late_on_the_first_day_already_begins_anew() -> None:
    of = past(records([invoice("1", "02-02"), invoice("2", "03-01", account="B")]))
    found = played(of, book(), first="02-20", last="03-10")
    assert found.late == 1
    assert told(found, "AB")[:2] == ["02-20 A call collector", "02-22 A letter reminder"]


def test_nobody_asks_where_no_policy_fits() -> None:
    of = past(records([invoice("1", "02-02"), invoice("2", "02-02", account="B")]), segment=["trade", "key"])
    only = STANDARD.replace("clock:", "for: {segment: key}\nclock:")
    out = played(of, book(only), first="02-01", last="02-08").runs[0].outcome
    assert (out.unfit, out.asked, out.quiet) == (1, 1, 1)


def test_what_was_disputed_and_who_was_insolvent() -> None:
    contested = [
        {
            **{"account": account, "item": item, "closed_for": side, "reason": "pricing error"},
            **{"opened": date(2026, 2, 1), "closed": date(2026, 2, 11)},
        }
        for account, item, side in (("A", "1", "customer"), ("B", "2", "us"))
    ]
    learned = [{"account": "C", "what": "insolvent", "from_day": date(2026, 2, 6), "until": date(2026, 2, 9)}]
    of = past(
        records([invoice(str(n), "02-02", account="ABC"[n - 1]) for n in (1, 2, 3)]), contested, learned
    )
    found = played(of, book(), first="02-01", last="02-18")
    asked = dict.fromkeys("ABC", "")
    for line in reversed(told(found, "ABC")):
        asked[line[6]] = line[:5]
    assert asked == {"A": "02-17", "B": "02-12", "C": "02-10"}, (
        "ten days off A's; B's was ours; C's time of insolvency"
    )


# -- the ledger of each morning ---------------------------------------------------------------------------------------


def made_up(seed: int, customers: int = 12) -> Records:
    """Invoices, part payments, credits that are used up, in two currencies."""
    chance = Random(seed)
    documents: list[dict[str, Any]] = []
    payments: list[dict[str, Any]] = []
    for number in range(customers * 6):
        account = f"A{number % customers:02}"
        dated = date(2026, 1, 1) + timedelta(days=chance.randrange(150))
        due = dated + timedelta(days=chance.choice((10, 30, 30, 45)))
        currency = chance.choice(("USD", "USD", "EUR"))
        amount, left = chance.randrange(50, 400) * 100, 0
        shared = {"account": account, "item": f"I{number:03}", "currency": currency}
        if chance.random() < 0.1:
            gone = dated + timedelta(days=chance.randrange(5, 60))
            documents.append({**shared, "kind": "credit_note", "date": str(dated), "due": str(dated), "amount": -amount,
                              "open": 0 if gone <= date(2026, 6, 30) else -amount,
                              "vanished_on": str(gone) if gone <= date(2026, 6, 30) else None})  # fmt: skip
            continue
        parts = chance.choice(((1.0,), (1.0,), (0.4, 0.6), (0.3,), ()))
        left = amount
        on = due
        for part in parts:
            on += timedelta(days=chance.randrange(-8, 30))
            on = max(on, dated)
            if on <= date(2026, 6, 30):
                payments.append({**shared, "amount": round(amount * part), "paid_on": str(on),
                                 "days_late": (on - due).days, "presumed": chance.random() < 0.3})  # fmt: skip
                left -= round(amount * part)
        documents.append({**shared, "date": str(dated), "due": str(due), "amount": amount, "open": left})
    return records(documents, payments, rates={})


def test_each_morning_has_the_ledger_of_the_evening_before() -> None:
    """As the report tells it, but that what only a ledger told is known on that ledger's morning."""
    of = made_up(1)
    stated = figures.told(of.documents, of.payments.with_columns(presumed=pl.lit(value=False)))
    replay = Replay(past(of), book(ASKS_ALL))
    state = replay.start()
    for number in range(170):
        on = date(2026, 1, 2) + timedelta(days=number)
        state = replay.overnight(state, on)
        if number % 7:
            continue
        late = of.payments.filter(pl.col("presumed"), pl.col("paid_on") == on)
        evening = figures.ledger(stated, on - timedelta(days=1)).filter(pl.col("open") > 0)
        told = evening.join(
            late.group_by("account", "item").agg(pl.col("amount").sum()), on=["account", "item"], how="left"
        )
        told = told.with_columns(open=pl.col("open") - pl.col("amount").fill_null(0)).filter(
            pl.col("open") > 0
        )
        names = state.accounts["account"]
        now = state.items.filter(pl.col("open") > 0, pl.col("date") < on)
        assert dict(zip(now["item"], now["open"], strict=True)) == dict(
            told.select("item", "open").iter_rows()
        )
        netted = net(state.items).filter(pl.col("owed") > 0, pl.col("due") < on)
        assert {names[row] for row in replay.spells().filter(pl.col("ended").is_null())["row"]} == {
            names[row] for row in netted["row"]
        }


def test_what_the_ledger_lets_one_know_of_an_account() -> None:
    documents = [
        invoice("1", "01-12"),
        invoice("2", "02-01"),
        invoice("3", "02-01", account="B"),
    ]
    payments = [paid("1", "01-22", days_late=10), paid("2", "02-05", days_late=4)]
    of = past(records(documents, payments))
    replay = Replay(of, book(ASKS_ALL))
    seen: dict[str, State] = {}
    state = replay.start()
    for number in range(60):
        on = date(2026, 1, 3) + timedelta(days=number)
        seen[f"{on:%m-%d}"] = state = replay.overnight(state, on)
    names = ("terms", "dbt", "last_payment")

    def a(on: str) -> tuple[Any, ...]:
        return seen[on].accounts.select(names).row(0)

    assert a("01-10") == ("mixed", None, None)
    assert a("01-22") == ("mixed", None, None)
    assert a("01-23") == ("net 30", 10, date(2026, 1, 22))
    assert a("02-06") == ("mixed", 7, date(2026, 2, 5))
    assert seen["02-06"].accounts["terms"][1] == "net 30"
    first = [
        seen[on].accounts["first_time"][0] for on in ("01-13", "01-23", "01-31", "02-01", "02-02", "02-20")
    ]
    assert first == [True, False, False, False, False, False], "its first time ended on 23 Jan"
    assert seen["02-20"].accounts["episode"].to_list() == [3, 1]


# -- how customers pay ------------------------------------------------------------------------------------------------


def late(
    *days: int | None, account: str = "A", since: int = 0
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Invoices due on 1 March and paid so many days later; None: still open on 30 June, 121 days later."""
    documents, payments = [], []
    for number, day in enumerate(days):
        item = f"{account}{number}"
        documents.append(invoice(item, "03-01", account=account))
        if day is not None:
            payments.append(paid(item, str(date(2026, 3, 1) + timedelta(days=day)), account=account))
    return documents, payments


def test_the_curve_counts_what_is_still_open_for_what_it_says() -> None:
    """Ten invoices, one of them still open after 121 days; worked out by hand. Without it all would be paid by day 20."""
    pytest.importorskip("scipy")
    of = past(records(*late(0, 0, 0, 0, 0, 5, 5, 20, 20, None)))
    curve = behaviour(of).curves[0]
    assert (curve.invoices, curve.open_) == (10, 1)
    assert curve.days.tolist() == [0, 5, 20]
    assert curve.share.tolist() == pytest.approx([0.5, 0.7, 0.9])
    assert curve.late(0.5) == 0
    assert curve.late(0.9) == 20
    assert curve.late(0.95) is None


def test_an_invoice_that_is_not_yet_late_says_little() -> None:
    """Three were paid on day 10; three more are open and on day -21: nobody knows of day 10 but from the first three."""
    pytest.importorskip("scipy")
    documents, payments = late(10, 10, 10)
    documents += [invoice(f"B{n}", "07-21", dated="06-20") for n in range(3)]
    curve = behaviour(past(records(documents, payments))).curves[0]
    assert (curve.open_, curve.share.tolist()) == (3, [1.0])


def test_a_customer_pays_as_it_has_paid_else_as_its_segment() -> None:
    pytest.importorskip("scipy")
    parts = [
        late(*[0] * 12, account="A"),
        late(*[40] * 12, account="B"),
        late(3, 3, account="C"),
        late(*[90] * 12, account="D"),
    ]
    documents, payments = ([one for part in parts for one in part[n]] for n in (0, 1))
    of = past(records(documents, payments), segment=["key", "key", "key", "trade"])
    how = behaviour(of)
    assert how.own == 3
    curves = [how.curves[number] for number in how.group]
    assert [(curve.group, curve.late(0.5)) for curve in curves] == [
        ("A", 0),
        ("B", 40),
        ("key", 3),
        ("D", 90),
    ]
    assert [how.curves[number].group for number in behaviour(of, "segment").group] == [
        "key",
        "key",
        "key",
        "trade",
    ]


def test_draws_are_of_the_curve_and_of_the_seed() -> None:
    pytest.importorskip("scipy")
    documents, payments = late(*[0] * 200, *[10] * 100, *[30] * 60, *[None] * 40)
    of = past(records(documents, payments))
    how = behaviour(of)
    drawn = redrawn(of, how, 3)
    assert drawn.paid.equals(redrawn(of, how, 3).paid)
    assert not drawn.paid.equals(redrawn(of, how, 4).paid)
    days = (drawn.paid["on"] - date(2026, 3, 1)).dt.total_days()
    share = [int((days == day).sum()) / 400 for day in (0, 10, 30)]
    assert share == pytest.approx([0.5, 0.25, 0.15], abs=0.07)
    assert set(days) == {0, 10, 30}
    assert drawn.paid["amount"].unique().to_list() == [100_00]


def test_nothing_is_paid_before_it_is_there() -> None:
    """An invoice that was open when the history began is drawn among those that took at least as long."""
    pytest.importorskip("scipy")
    documents, payments = late(*[-40] * 30, *[5] * 30)
    documents.append(invoice("late", "2025-12-27", dated="2025-11-01"))
    payments.append(paid("late", "03-05"))
    of = past(records(documents, payments))
    for seed in range(20):
        drawn = redrawn(of, behaviour(of), seed).paid
        when = drawn.join(of.items.with_row_index("at"), on="at")
        assert (when["on"] >= when["arrives"]).all()
        assert not when.filter(item="late")["on"].is_in([date(2025, 11, 17)]).any()


def test_bands_of_draws() -> None:
    pytest.importorskip("scipy")
    documents, payments = late(*[0] * 15, *[12] * 15)
    of = past(records(documents, payments))
    found = played(of, book(), first="03-01", last="03-16", draws=2, seed=5, how=behaviour(of))
    again = played(of, book(), first="03-01", last="03-16", draws=2, seed=5, how=behaviour(of))
    assert found.draws == 2
    (run,) = found.runs
    assert run.bands == again.runs[0].bands
    assert set(numbers(run.outcome)) <= set(run.bands)
    assert all(band.low <= band.middle <= band.high for band in run.bands.values())
    assert len(found.cash) == len(found.overdue) == len(run.weeks) == len(found.flow.weeks)
    assert sum(band.middle for band in found.cash) == pytest.approx(30 * 100_00, rel=0.4)


# -- what the ledger did ----------------------------------------------------------------------------------------------


def test_cash_and_age_by_week_are_those_of_the_report() -> None:
    of = made_up(5)
    euro = of.documents["currency"] == "EUR"
    of = records_of(of.documents.filter(~euro), of.payments.filter(pl.col("currency") != "EUR"))
    found = past(of)
    first, last = date(2026, 2, 4), date(2026, 6, 24)
    weeks = week_ends(first, last)
    ledger = figures.told(of.documents, of.payments)
    seen = flow(found, first, weeks)
    for number, day in enumerate(weeks):
        open_ = figures.ledger(ledger, day).filter(pl.col("open") > 0)
        assert sum(row[number] for row in seen.open_) == open_["open"].sum()
        assert seen.overdue[number] == open_.filter(pl.col("past") > 0)["open"].sum()
    paid_ = of.payments.filter(pl.col("paid_on").is_between(first, last))
    assert sum(seen.cash) == paid_["amount"].sum()


def records_of(documents: pl.DataFrame, payments: pl.DataFrame) -> Records:
    return replace(known("06-30", since="2026-01-01"), documents=documents, payments=payments)


def test_weeks_end_on_sunday_and_on_the_last_day() -> None:
    assert week_ends(date(2026, 3, 2), date(2026, 3, 11)) == (date(2026, 3, 8), date(2026, 3, 11))
    assert week_ends(date(2026, 3, 8), date(2026, 3, 8)) == (date(2026, 3, 8),)


def test_a_history_needs_a_ledger() -> None:
    nothing = (pl.DataFrame(schema=dict(schema)) for schema in (PAPERS, CONTESTED, LEARNED))
    assert history(gathered({}), Kept(accounts([]), *nothing), "USD") is None
