"""Why an account gets what it gets, or nothing: which policy, which step, may it go, each with its line.

For today from what is known now; for a past day from what was stored then, in the words of then; for a coming day from the
same fold as the preview.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from difflib import get_close_matches

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core import sentences
from engine.core.decision.choose import Choice, Verdict, choose
from engine.core.decision.signature import NONE, Signature
from engine.core.decision.standing import Standing
from engine.core.language import words
from engine.core.language.check import check
from engine.core.language.policy import Policy, PolicyBook, Split, Step
from engine.core.problem import Place
from engine.core.sentences import compare
from engine.core.trust.ahead import ahead
from engine.errors import NotFound, Refused
from engine.jobs.checks import Check, gate_checks, verdict_said
from engine.jobs.drawing import days_drawn, with_its_lot
from engine.jobs.whole_day import after_its_run, held_by_the_day, not_asked, why_not_today
from engine.jobs.why_not import Answer, answered, asked_for, owes_nothing, was
from engine.jobs.workspace import Workspace
from engine.store import database
from engine.store.state import load_state
from engine.store.tables import (
    COMPANY,
    action,
    class_choice,
    customer,
    decision,
    episode,
    item,
    run,
)
from engine.store.tables import (
    book as book_table,
)


@dataclass(frozen=True, slots=True)
class Route:
    """One policy, whether it fits, and the lines that say so."""

    policy: str
    fits: bool
    sentence: str
    place: Place | None


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of the ladder. `mark` is done, passed, due, held or ahead."""

    day: int
    what: str
    mark: str
    sentence: str
    place: Place | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The three questions and what they come to. `stored`: as it was decided then, with the policies of then."""

    account: str
    name: str
    on: date
    header: tuple[str, ...]
    routes: tuple[Route, ...]
    steps: tuple[Rung, ...]
    gates: tuple[Check, ...]
    verdict: tuple[str, ...]
    book: str
    stored: bool
    why_not: Answer | None = None


def explain(ws: Workspace, account: str, *, on: date, now: datetime, why_not: str = "") -> Explanation:
    """Explain one account on one day, as `explained` does, in a look at the database of its own."""
    engine = ws.database(read_only=True)
    try:
        with database.reading(engine) as conn:
            return explained(ws, conn, account, on=on, now=now, why_not=why_not)
    finally:
        engine.dispose()


def explained(
    ws: Workspace, conn: Connection, account: str, *, on: date, now: datetime, why_not: str = ""
) -> Explanation:
    """One account on one day, in the caller's look at the database; with `why_not`, what stands in the way of that step,
    and until when.

    NotFound for an account or a step nobody knows, Refused for a past day without a run.
    """
    name = _name(conn, account)
    today = ws.today(now)
    if on < today:
        return _stored(ws, conn, account, name, on, why_not)
    return _live(ws, conn, account, name, on, today, now, why_not)


def _name(conn: Connection, account: str) -> str:
    query = sa.select(customer.c.name).where(customer.c.company == COMPANY, customer.c.account == account)
    found = conn.execute(query).scalar()
    if found is not None:
        return str(found)
    known = set(conn.execute(sa.select(customer.c.account).where(customer.c.company == COMPANY)).scalars())
    known |= set(
        conn.execute(sa.select(item.c.account).where(item.c.company == COMPANY).distinct()).scalars()
    )
    if account in known:
        return ""
    near = get_close_matches(account.upper(), {name.upper(): name for name in known}, 3, 0.5)
    raise NotFound("account", account, tuple(near))


# -- as it is now, or will be ---------------------------------------------------------------------------------------


def _live(
    ws: Workspace,
    conn: Connection,
    account: str,
    name: str,
    on: date,
    today: date,
    now: datetime,
    why_not: str,
) -> Explanation:
    book = ws.live
    wanted = asked_for(book, why_not)
    state = load_state(
        conn, on=min(on, today), moment=now, currency=book.house.currency, own=ws.own_columns, account=account
    )
    if not state.accounts.height:
        verdict = (sentences.OWES_NOTHING,)
        nothing = owes_nothing(wanted)
        return Explanation(
            account, name, on, (), (), (), (), verdict, book.hash, stored=False, why_not=nothing
        )
    state = with_its_lot(ws, conn, state, today, now)
    stale = book.house.fresh > 0 and state.age > book.house.fresh
    mornings = ahead(book, state, today, ws.calendar, ws.rules, stale)
    at = next(morning for morning in mornings if morning.on == on)
    standing = next((one for one in at.standings if one.signature.step != NONE), at.standings[0])
    decided = choose(book, standing.signature)
    choice = after_its_run(book.house, conn, state, decided, on) if on == today else decided
    done = _done(conn, account)
    closed = ws.calendar.why_closed(on)
    checks = gate_checks(book, standing.signature, choice, on, closed)
    answer = answered(book, at, mornings, wanted, done) if wanted else None
    if answer is not None and choice is not decided:
        answer = why_not_today(answer, choice, checks[-1].sentence)
    said = verdict_said(choice, on, future=on > today, bound=bool(standing.signature.supply))
    return Explanation(
        account=account,
        name=name or state.accounts["name"][0] or "",
        on=on,
        header=_header(book, standing, on),
        routes=tuple(_routes(book, standing, days_drawn(conn, account))),
        steps=tuple(_rungs(ws, standing, choice, done, on)),
        gates=checks,
        verdict=(*said, *not_asked(book.house, ws.people, choice, answer, future=on > today)),
        book=book.hash,
        stored=False,
        why_not=answer,
    )


def _header(book: PolicyBook, standing: Standing, on: date) -> tuple[str, ...]:
    facts = standing.facts
    balance = facts["balance"]
    told = []
    if isinstance(balance, int):
        told.append(f"{sentences.money(balance, book.house.currency)} balance")
    past = [one for one in standing.items if one.past]
    if past:
        oldest = min(past, key=lambda one: one.row["due"])
        number = oldest.row["item"]
        days = f", day {standing.day[number]}" if number in standing.day else ""
        told.append(
            f"oldest invoice {number}, due {sentences.short_day(oldest.row['due'])}, {oldest.late} days past due{days}"
        )
    told += [f"{word} {facts[word]}" for word in ("segment", "terms") if facts.get(word)]
    return tuple(told)


def _routes(book: PolicyBook, standing: Standing, days: Mapping[str, date]) -> Sequence[Route]:
    """`days` has the day on which each comparison drew the account."""
    routes = []
    sides = standing.facts.get("sides")
    drawn = sides if isinstance(sides, frozenset) else frozenset()
    for policy in book.policies:
        fits = standing.fits.get(policy.id, False)
        mine = standing.policy is not None and policy.id == standing.policy.id
        failing = policy.fits.failing(standing.facts)
        if mine:
            said = " · ".join(words.sentence(test) for test in policy.fits.tests) or "takes every account"
            if not fits:
                said = "kept for this episode"
            if split := book.house.split_of(policy.id):
                said += f" · {_lot(split, drawn, days, overdue=bool(standing.signature.overdue))}"
            routes.append(Route(policy.id, True, said, policy.place))
            break
        if failing is not None:
            value = standing.facts.get(failing.field)
            routes.append(
                Route(policy.id, False, sentences.not_so(words.sentence(failing), value), failing.place)
            )
        elif (split := book.house.split_of(policy.id)) and not fits:
            said = _lot(split, drawn, days, overdue=bool(standing.signature.overdue))
            routes.append(Route(policy.id, False, said, split.place))
        elif not fits:
            routes.append(Route(policy.id, False, "its event has not happened", policy.place))
        else:
            routes.append(
                Route(policy.id, False, "would fit, but the episode keeps its own policy", policy.place)
            )
    return routes


def _lot(split: Split, drawn: frozenset[str], days: Mapping[str, date], *, overdue: bool) -> str:
    """To which side a comparison drew the account, or why to none."""
    side = next((side for side in split.shares if split.mark(side) in drawn), None)
    if side is None:
        return compare.not_drawn(split.name, overdue=overdue)
    return compare.drawn_on(split.name, side, days.get(split.name))


def _rungs(
    ws: Workspace,
    standing: Standing,
    choice: Choice,
    done: Mapping[tuple[str, str], tuple[date, str]],
    on: date,
) -> Sequence[Rung]:
    policy = standing.policy
    if policy is None:
        return ()
    rungs = []
    free = [one for one in standing.items if one.free] or list(standing.items)
    oldest = max((standing.day[one.row["item"]] for one in free), default=None)
    taken = frozenset().union(*(standing.taken[one.row["item"]] for one in free)) if free else frozenset()
    offered = {step.name for steps in standing.due.values() for step in steps}
    for step in policy.steps:
        what = step.does
        key = (policy.id, step.name)
        if step.name == choice.step and choice.verdict is not Verdict.NOTHING:
            mark, said = _chosen(choice, oldest, step, on)
        elif key in done:
            day, who = done[key]
            mark, said = "done", f"done {sentences.short_day(day)}" + (f", {who}" if who else "")
        elif step.name in taken:
            mark, said = "passed", "counts as taken"
        elif step.name in offered:
            mark, said = "ahead", "its turn comes after the step before it"
        elif oldest is not None and step.day > oldest:
            day = ws.calendar.next_open(on + timedelta(days=step.day - oldest))
            mark, said = "ahead", f"in {(day - on).days} days, {sentences.short_day(day)}"
        else:
            mark, said = "ahead", "not due: its conditions do not hold"
        rungs.append(Rung(step.day, what, mark, said, step.place))
    return rungs


def _chosen(choice: Choice, oldest: int | None, step: Step, on: date) -> tuple[str, str]:
    since = (
        f"due since {sentences.short_day(on - timedelta(days=oldest - step.day))}"
        if oldest is not None
        else "due"
    )
    if choice.verdict in (Verdict.GO, Verdict.ASK):
        return "due", since
    return "held", f"{since}, {choice.reason.value}"


def _done(conn: Connection, account: str) -> dict[tuple[str, str], tuple[date, str]]:
    """(policy, step) -> the day it was taken in the present episode, and by whom."""
    last = sa.select(sa.func.max(episode.c.number)).where(
        episode.c.company == COMPANY, episode.c.account == account
    )
    rows = conn.execute(
        sa.select(action.c.policy, action.c.step, action.c.taken_on, action.c.person)
        .where(
            action.c.company == COMPANY,
            action.c.account == account,
            action.c.taken_on.is_not(None),
            action.c.episode >= sa.func.coalesce(last.scalar_subquery(), 0),
        )
        .order_by(action.c.taken_on)
    )
    return {(row.policy, row.step): (row.taken_on, row.person or "") for row in rows}


# -- as it was -------------------------------------------------------------------------------------------------------


def _stored(ws: Workspace, conn: Connection, account: str, name: str, on: date, why_not: str) -> Explanation:
    row = (
        conn.execute(
            sa.select(class_choice, run.c.book, run.c.business_date, run.c.state)
            .join(run, run.c.id == class_choice.c.run)
            .join(
                decision,
                sa.and_(
                    decision.c.run == class_choice.c.run,
                    decision.c.time == class_choice.c.time,
                    decision.c["class"] == class_choice.c.number,
                ),
            )
            .where(run.c.company == COMPANY, run.c.business_date == on, decision.c.account == account)
            .order_by(class_choice.c.time, decision.c.item)
        )
        .mappings()
        .first()
    )
    if row is None:
        raise Refused(_no_trace(conn, account, on), "“dunwell history ACCOUNT” lists what was done")
    texts: dict[str, str] = orjson.loads(
        conn.execute(sa.select(book_table.c.texts).where(book_table.c.hash == row["book"])).scalar_one()
    )
    then = check({file: text.encode() for file, text in texts.items()}, ws.known).book
    at = Signature(**orjson.loads(row["signature"]))
    if then is None or at.policy >= len(then.policies):
        said = (f"{row['verdict']}: {row['reason']}" + (f", {row['place']}" if row["place"] else ""),)
        return Explanation(account, name, on, (), (), (), (), said, row["book"], stored=True)
    choice = held_by_the_day(then.house, choose(then, at), stopped=row["state"] == "stopped")
    policy: Policy | None = then.policies[at.policy] if at.policy != NONE else None
    routes = (Route(policy.id, True, "took the account", policy.place),) if policy else ()
    rungs = tuple(
        Rung(
            step.day,
            step.does,
            ("due" if choice.verdict in (Verdict.GO, Verdict.ASK) else "held")
            if step.name == choice.step
            else "ahead",
            choice.reason.value if step.name == choice.step else "",
            step.place,
        )
        for step in (policy.steps if policy else ())
    )
    closed = ws.calendar.why_closed(on)
    return Explanation(
        account=account,
        name=name,
        on=on,
        header=(),
        routes=routes,
        steps=rungs,
        gates=gate_checks(then, at, choice, on, closed),
        verdict=verdict_said(choice, on, future=False, bound=bool(at.supply)),
        book=row["book"],
        stored=True,
        why_not=was(conn, then, at, choice, account, on, asked_for(then, why_not)) if why_not else None,
    )


def _no_trace(conn: Connection, account: str, on: date) -> str:
    made = conn.execute(
        sa.select(run.c.id).where(run.c.company == COMPANY, run.c.business_date == on)
    ).first()
    if made is None:
        return f"there was no run on {sentences.short_day(on)}"
    return f"{account} owed nothing on {sentences.short_day(on)}, so the run of that day did not look at it"
