"""What a call changes by itself, before anything follows: a promise, a dispute, a return, a compromise, an insolvency."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core.cases.answers import Money
from engine.core.cases.compromise import Given, asked, of_share
from engine.core.cases.plans import Instalment as Part
from engine.core.cases.reasons import spoken
from engine.core.language.follows import Outcome, Promised
from engine.core.language.policy import Kind
from engine.core.sentences import Reason
from engine.core.sentences import calls as sentences
from engine.errors import Refused
from engine.jobs.cases import ours, plans
from engine.jobs.cases.cause import Cause, Effects
from engine.jobs.cases.disputes import disputed
from engine.jobs.cases.follow import answer_by
from engine.jobs.cases.promises import promised
from engine.jobs.cases.roles import whose_yes
from engine.jobs.cases.todo import Todo, put
from engine.jobs.cases.who import Who, known, number_of
from engine.store import tables as t
from engine.store.episodes import cancel
from engine.store.journal import Entry
from engine.store.moments import moment_text
from engine.store.tables import OPEN, OUTCOMES, ActionState

COMPROMISE = "compromise"  # the step under which somebody is asked to agree to what we give
_GOODS_RETURNED = "goods returned"


def effects(cause: Cause, outcome: Outcome) -> Effects:
    """What the call changes.

    Refused where what was said cannot be: a promise over the balance, an item that is disputed already.
    """
    kind = outcome.promise or (
        Promised("payment", outcome.place) if cause.outcome == "promise to pay" else None
    )
    done = _promise(cause, kind) if kind is not None else Effects()
    more = _BY_OUTCOME.get(cause.outcome)
    if more is not None:
        done = more(cause, outcome, done)
    if cause.outcome == "payment plan agreed":
        done = _plan(cause, done)
    if cause.outcome == "compromise":
        done = _compromise(cause, outcome, done)
    return done


# -- promises and plans ----------------------------------------------------------------------------------------------


def _promise(cause: Cause, kind: Promised, amount: Money | None = None) -> Effects:
    """A promise of what was said, or else of `amount`."""
    answers, who = cause.answers, cause.who
    based: Mapping[str, date | None] = {
        "date": answers.day,
        "date mailed": answers.date_mailed,
        "date paid": answers.date_paid,
        "first date": answers.first_date,
    }
    basis = based[kind.basis] if kind.basis else None
    # A check that should be here by now is still looked for, today.
    pays_on = max(basis + timedelta(days=kind.most), who.on) if basis is not None else answers.day
    if pays_on is None:
        raise Refused(
            f"{cause.account}: nobody said when the money is to come", "give it with --answer date=friday"
        )
    amount = answers.amount or amount
    made = promised(
        cause.conn,
        cause.account,
        pays_on,
        who,
        cause.ws.calendar,
        amount=amount.minor if amount else None,
        currency=amount.currency if amount else None,
        items=answers.invoices,
        said=answers.text("story"),
        kind=kind.kind,
        spoken_with=cause.spoken_with,
        check_number=answers.text("check number"),
        mailed_on=answers.date_mailed,
        call=cause.number,
    )
    covered = sa.select(t.promise_item.c.item).where(t.promise_item.c.promise == made.number)
    items = tuple(cause.conn.execute(covered).scalars())
    return Effects((made.sentence,), tuple(made.entries), promise=made.number, items=items)


def _plan(cause: Cause, done: Effects) -> Effects:
    """Instalments that all have their days become a plan; else somebody writes it."""
    answers = cause.answers
    if answers.instalments:
        parts = [Part(one.on, one.minor) for one in answers.instalments]
        made = plans.planned(
            cause.ws,
            cause.conn,
            cause.account,
            cause.who,
            first=parts[0].on,
            parts=parts,
            items=answers.invoices,
            spoken_with=cause.spoken_with,
            agree=True,  # it was agreed on already, and the answer says what the account has paid so far
            call=cause.number,
        )
        return done.add(made.sentence, *made.entries, plan=made.number)
    told = f"{answers.text('instalments')} of {answers.text('amount')} from {answers.text('first date')}"
    return _task(cause, done, f"write the payment plan down: {told}", {})


def _task(cause: Cause, done: Effects, what: str, more: Mapping[str, Any]) -> Effects:
    """A task for whoever made the call."""
    about = cause.known.about()
    detail = {**more, **cause.told, "items": about.items, "value": cause.role, "what": what}
    todo = Todo(
        *(cause.account, Kind.TASK, cause.outcome, cause.number, cause.role, about.amount, about.currency),
        person=cause.person,
        policy=OUTCOMES,
        detail=detail,
        said={"what": what},
    )
    name = ours.name_of(cause.ws, cause.person, cause.role)
    return done.add(sentences.task_follows(what, name), put(cause.conn, todo, cause.who)[1])


# -- what is contested -----------------------------------------------------------------------------------------------


def _dispute(cause: Cause, outcome: Outcome, done: Effects) -> Effects:
    answers = cause.answers
    if not answers.reason.startswith("dispute:"):
        raise Refused(
            f"{cause.account}: “{spoken(answers.reason)}” is nothing that can be contested on an invoice",
            "say what is wrong, as in --answer reason=“short shipment”; or log another outcome",
        )
    task = next(iter(outcome.follow.tasks), None)
    owner = task.role if task else ""
    person = ours.in_turn(cause.ws, cause.conn, owner, cause.who.on) if owner else None
    by = answer_by(cause, task) if task else None
    return _disputed(cause, done, spoken(answers.reason), owner, person, by, answers.text("expected credit"))


def _disputed(
    cause: Cause, done: Effects, reason: str, owner: str, person: str | None, by: date | None, expected: str
) -> Effects:
    answers = cause.answers
    alone = len(answers.invoices) == 1
    for item in answers.invoices:
        made = disputed(
            cause.conn,
            cause.account,
            item,
            reason,
            cause.who,
            amount=answers.amount.minor if answers.amount and alone else None,
            owner=owner,
            person=person,
            answer_by=by,
            said=answers.text("story"),
            expected=expected,
            call=cause.number,
        )
        done = done.add(made.sentence, *made.entries)
    return replace(done, items=(*done.items, *answers.invoices))


def _return(cause: Cause, outcome: Outcome, done: Effects) -> Effects:
    """Goods come back: their invoice waits for the credit note, and what they are worth is on record."""
    answers = cause.answers
    rma = answers.text("return number")
    given = Given("return", rma, *_said_amount(cause))
    numbers, entries = _concede(cause, "ours", (given,), "agreed")
    done = done.add("", *entries, concessions=(*done.concessions, *numbers))
    running = sa.select(t.dispute.c.item).where(
        t.dispute.c.company == cause.who.company,
        t.dispute.c.account == cause.account,
        t.dispute.c.closed.is_(None),
        t.dispute.c.item.in_(answers.invoices),
    )
    if set(cause.conn.execute(running).scalars()) >= set(answers.invoices):
        return replace(done, items=answers.invoices)  # it is set aside already; the return may be the way out
    task = next(iter(outcome.follow.tasks), None)
    owner, by = (task.role, answer_by(cause, task)) if task else ("", None)
    return _disputed(cause, done, _GOODS_RETURNED, owner, None, by, f"credit note for return {rma}")


def _said_amount(cause: Cause) -> tuple[int | None, str]:
    """What the goods are worth, in the currency of their invoice where none was named."""
    amount = cause.answers.amount
    if amount is None:
        return None, ""
    return amount.minor, amount.currency or cause.known.about(cause.answers.invoices).currency


# -- a middle way ----------------------------------------------------------------------------------------------------


def _compromise(cause: Cause, outcome: Outcome, done: Effects) -> Effects:
    """What each side gives; what is more than the caller may give waits for somebody's yes."""
    answers, about = cause.answers, cause.known.about(cause.answers.invoices)
    mine = tuple(of_share(one, about.amount, about.currency) for one in answers.we_give)
    if answers.day is not None:
        same = [
            one for one in mine if one.kind in ("discount", "waiver") and one.currency in ("", about.currency)
        ]
        less = sum(one.amount or 0 for one in same)
        rest = Money(about.amount - less, about.currency) if less else None
        done = _promise(cause, Promised("payment", outcome.place), rest)
    ask = asked(mine, about.amount, about.currency)
    yes_of = whose_yes(cause.ws, cause.who.by, ask)
    state = "awaiting approval" if yes_of else "agreed"
    numbers, entries = _concede(cause, "ours", mine, state)
    theirs, told = _concede(cause, "theirs", answers.they_give, "agreed")
    done = done.add("", *entries, *told, concessions=(*done.concessions, *numbers, *theirs))
    if not yes_of:
        return done
    given = [one.text for one in mine]
    what = sentences.approval_for(ours.name_of(cause.ws, cause.person, cause.who.by), given)
    detail = {**cause.told, "items": about.items, "value": yes_of, "approve": yes_of, "what": what}
    todo = Todo(
        *(cause.account, Kind.TASK, COMPROMISE, cause.number, yes_of, about.amount, about.currency),
        policy=OUTCOMES,
        state=ActionState.AWAITING_APPROVAL,
        detail={
            **detail,
            "concessions": list(numbers),
            "ask": [ask.discount, ask.days, ask.waive],
            "despite": ["disputed", "promised", "planned"],
        },
        said={"what": what},
    )
    entry = put(cause.conn, todo, cause.who)[1]
    return done.add(sentences.waits_for(yes_of, cause.account, given), entry)


def _concede(
    cause: Cause, side: str, given: Sequence[Given], state: str
) -> tuple[tuple[int, ...], tuple[Entry, ...]]:
    """Rows of what a side gives: their numbers, and entries for the journal."""
    numbers, entries = [], []
    for one in given:
        values = {"side": side, "kind": one.kind, "amount": one.amount, "days": one.days, "text": one.text}
        about = cause.known.about(cause.answers.invoices)
        currency = (one.currency or about.currency) if one.amount is not None else None
        made = cause.conn.execute(
            sa.insert(t.concession).values(
                company=cause.who.company,
                account=cause.account,
                call=cause.number,
                currency=currency,
                state=state,
                on=cause.who.on,
                at=moment_text(cause.who.at),
                by=cause.who.by,
                **values,
            )
        )
        numbers.append(number_of(made))
        body = {
            "concession": numbers[-1],
            "side": side,
            "kind": one.kind,
            "amount": one.amount,
            "state": state,
        }
        entries.append(Entry("concession", cause.account, body | {"by": cause.who.by}, {"text": one.text}))
    return tuple(numbers), tuple(entries)


def answered(
    conn: Connection, numbers: Sequence[int], account: str, who: Who, *, agreed: bool
) -> list[Entry]:
    """Somebody has said yes or no to what we give."""
    state = "agreed" if agreed else "declined"
    values = {"state": state, "approved_by": who.by if agreed else None}
    conn.execute(sa.update(t.concession).where(t.concession.c.id.in_(numbers)).values(**values))
    body = {"concessions": list(numbers), "by": who.by, "state": state}
    return [Entry("concession answered", account, body)]


# -- what is learned of the customer ---------------------------------------------------------------------------------


def _insolvent(cause: Cause, outcome: Outcome, done: Effects) -> Effects:
    """From this moment everything stops: nobody calls or writes any more, and nothing that waits goes."""
    told = ("administrator", "case number", "date")
    because = "; ".join(f"{name} {cause.answers.text(name)}" for name in told if cause.answers.text(name))
    values = {"field": "insolvent", "value": "yes", "from_day": cause.who.on, "by": cause.who.by}
    conn, who = cause.conn, cause.who
    conn.execute(
        sa.insert(t.learned).values(company=who.company, account=cause.account, because=because, **values)
    )
    entry = Entry("learned", cause.account, {"insolvent": True, "by": who.by}, {"because": because})
    a = t.action.c
    reaches = sa.select(a.key).where(
        a.company == who.company,
        a.account == cause.account,
        a.kind != Kind.TASK.value,
        a.state.in_([state.value for state in OPEN]),
    )
    keys = list(conn.execute(reaches).scalars())
    because = Reason.NEVER.value
    stopped = cancel(conn, cause.account, because, who.on, who.company, keys=keys) if keys else []
    over = [Entry("cancelled", cause.account, {"key": key, "because": because}) for key in stopped]
    many = (
        f" {len(stopped)} of what waited for it {'is' if len(stopped) == 1 else 'are'} called off."
        if stopped
        else ""
    )
    return done.add(f"{cause.account} is left to people from now on.{many}", entry, *over)


def _abusive(cause: Cause, outcome: Outcome, done: Effects) -> Effects:
    """Nobody has to call this person again."""
    whom = cause.spoken_with or cause.answers.text("number") or cause.known.phone
    return _rule(cause, done, whom, "no calls", f"Nobody calls {whom} any more.") if whom else done


def _wrong_number(cause: Cause, outcome: Outcome, done: Effects) -> Effects:
    whom = cause.answers.text("number") or cause.known.phone
    return _rule(cause, done, whom, "wrong number", f"{whom} is not called any more.") if whom else done


def _rule(cause: Cause, done: Effects, whom: str, rule: str, line: str) -> Effects:
    who = cause.who
    values = {"whom": whom, "rule": rule, "from_day": who.on, "because": cause.outcome, "by": who.by}
    cause.conn.execute(sa.insert(t.contact_rule).values(company=who.company, account=cause.account, **values))
    entry = Entry("contact rule", cause.account, {"rule": rule, "by": who.by}, {"whom": whom})
    return done.add(line, entry)


def _no_invoice(cause: Cause, outcome: Outcome, done: Effects) -> Effects:
    """The copies go to the address as they confirmed it; it is kept where there was none."""
    for name in cause.answers.invoices:
        known("open item", name, [one.row["item"] for one in cause.known.open], of=cause.account)
    address = cause.answers.email
    if address and not cause.known.emails:
        values = {"role": "accounts payable", "name": cause.spoken_with, "email": address, "email_ok": 1}
        cause.conn.execute(
            sa.insert(t.contact).values(company=cause.who.company, account=cause.account, **values)
        )
        entry = Entry("address", cause.account, {"by": cause.who.by}, {"email": address})
        done = done.add(f"{address} is kept as their address.", entry)
    return replace(done, items=cause.answers.invoices)


_BY_OUTCOME: Mapping[str, Callable[[Cause, Outcome, Effects], Effects]] = {
    "dispute": _dispute,
    "return agreed": _return,
    "insolvent": _insolvent,
    "abusive": _abusive,
    "wrong number": _wrong_number,
    "no invoice": _no_invoice,
}
