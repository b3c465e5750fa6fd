"""Tasks that no step of a policy made: what has happened gives somebody something to do, and they say when it is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from engine.core.language.policy import Kind
from engine.core.sentences.figures import REVIEW
from engine.errors import NotFound, Refused
from engine.jobs.cases.todo import Todo, put
from engine.jobs.cases.who import Who
from engine.jobs.workspace import Workspace
from engine.store import journal
from engine.store import tables as t
from engine.store.database import writing
from engine.store.journal import Entry
from engine.store.tables import COMPANY, UNDER_WAY, ActionState

OF_NOBODY = "inbox"  # how the task about mail of nobody we know is named, which has no account
_OWNER = "credit manager"  # while the policies cannot be read


def add(
    ws: Workspace,
    conn: Connection,
    account: str,
    step: str,
    number: int,
    what: str,
    who: Who,
    *,
    amount: int = 0,
    currency: str = "",
    more: Mapping[str, Any] | None = None,
    role: str = "",
    person: str | None = None,
    not_before: date | None = None,
    policy: str = "",
    state: ActionState = ActionState.PLANNED,
) -> Entry:
    """Put a task on the list of a role, or of the account's owner, else of the house's. Its entry for the journal.

    `step` is its name and `number` tells it from others of that name; `amount` is what it is about, minor units, and
    `more` may list the items: once nothing of them is owed, the task is over. `policy` is what it comes from, where that
    is no step of a ladder ("outcomes"). `state`: it waits for a yes, where it is not planned.
    """
    if not role:
        role, person = whose(ws, conn, account)
    house = ws.book.house if ws.book is not None else None
    todo = Todo(
        account,
        Kind.TASK,
        step,
        number,
        role,
        amount,
        currency or (house.currency if house else "USD"),
        person=person,
        policy=policy,
        not_before=not_before,
        state=state,
        detail={"items": [], **(more or {}), "value": role, "what": what},
        said={"what": what},
    )
    return put(conn, todo, who)[1]


def waiting(conn: Connection, account: str, step: str, company: str = COMPANY) -> int:
    """How many tasks of that name are on somebody's list for the account."""
    mine = (t.action.c.company == company, t.action.c.account == account, t.action.c.step == step)
    query = sa.select(sa.func.count()).select_from(t.action).where(*mine, sa.text(f"action.{UNDER_WAY}"))
    return int(conn.execute(query).scalar_one())


def done(engine: Engine, which: str, who: Who, *, because: str = "") -> str:
    """A task is done: by its key, or by its account where that has one alone. What waited for it goes on.

    “inbox” is the task about mail that nobody could be matched to; a task of no account goes by its name too.
    """
    with writing(engine) as conn:
        task = _task(conn, which, who.company)
        values = {"state": ActionState.DONE.value, "reason": because or None, "since": who.on}
        conn.execute(sa.update(t.action).where(t.action.c.key == task.key).values(**values))
        detail = orjson.loads(task.detail)
        lifted = _lift(conn, detail.get("pause"), who.on)
        body = {"key": task.key, "by": who.by, "on": who.on, "lifted": lifted}
        entry = Entry("task done", task.account, body, {"because": because} if because else {})
        journal.append(conn, [entry], who.at, who.company)
    whose = f" of {task.account}" if task.account else ""
    goes_on = f" What waited for {task.account} goes on from tomorrow." if lifted else ""
    return f"“{task.step}”{whose} is done.{goes_on}"


def _task(conn: Connection, which: str, company: str) -> Any:
    """The task on the list that is meant."""
    mine = (t.action.c.company == company, t.action.c.kind == Kind.TASK.value)
    review = t.action.c.step.startswith(REVIEW)
    of_nobody = sa.and_(t.action.c.account == "", ~review if which == OF_NOBODY else t.action.c.step == which)
    named = sa.or_(t.action.c.key == which, t.action.c.account == which, of_nobody)
    waiting = t.action.c.state == ActionState.PLANNED.value
    found: Sequence[Any] = conn.execute(
        sa.select(t.action).where(*mine, waiting, named).order_by(t.action.c.on, t.action.c.key)
    ).all()
    if len(found) == 1:
        return found[0]
    if found:
        keys = "\n  ".join(one.key for one in found)
        raise Refused(f"{which} has {len(found)} tasks", f"name one:\n  {keys}")
    state: str | None = conn.execute(
        sa.select(t.action.c.state).where(*mine, t.action.c.key == which)
    ).scalar()
    if state is not None:
        raise Refused(f"this task is not on the list any more; it is “{state}”")
    known = {key for (key,) in conn.execute(sa.select(t.action.c.account).where(*mine, waiting).distinct())}
    raise NotFound("task of", which, tuple(sorted(name for name in known if name)[:3]))


def _lift(conn: Connection, number: int | None, on: date) -> bool:
    """End the pause that the task was made with, if it still runs."""
    if number is None:
        return False
    running = sa.or_(t.pause.c.until.is_(None), t.pause.c.until > on)
    ended = conn.execute(sa.update(t.pause).where(t.pause.c.id == number, running).values(until=on))
    return bool(ended.rowcount)


def whose(ws: Workspace, conn: Connection, account: str) -> tuple[str, str | None]:
    """(role, person) who is to do it: the account's owner where they work here, else who has the house owner's role."""
    people = {id.lower(): id for id in ws.settings.people}
    query = sa.select(t.customer.c.owner).where(
        t.customer.c.company == COMPANY, t.customer.c.account == account
    )
    owner: str | None = conn.execute(query).scalar()
    if owner and owner.lower() in people:
        return "account owner", people[owner.lower()]
    role = ws.book.house.owner if ws.book is not None else _OWNER
    having = ws.files.people_with(role)
    return role, having[0] if len(having) == 1 else None
