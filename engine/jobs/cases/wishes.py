"""How a customer, or one person there, wants to be reached or not: no calls, e-mail only, no contact, through the attorney."""

from __future__ import annotations

from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from engine.channels.mail import read_address
from engine.core import sentences
from engine.core.cases.guards import PHONE, WISHES, WRITTEN_BY_HAND, Wish
from engine.core.decision.gates import WISH_REASONS
from engine.errors import NotFound, Refused
from engine.jobs.cases.who import Who, change_action, day_of, near, verb
from engine.store import bulk, wishes
from engine.store import tables as t
from engine.store.journal import Entry
from engine.store.tables import ActionState
from engine.store.wishes import Rule


def wish(
    engine: Engine,
    account: str,
    rule: str,
    who: Who,
    *,
    because: str,
    whom: str = "",
    until: date | None = None,
) -> str:
    """Write down what a customer asked for, or one person there (`whom`: a name, a number or an address of e-mail).

    It acts at once: calls that wait are held, and become tasks. With “via attorney”, `whom` is the attorney's address:
    then e-mails go there, and nowhere else.
    """
    word = _known(rule)
    if until is not None and until < who.on:
        raise Refused(f"{day_of(until)} is past", "write the last day of it, or no day: until it is lifted")
    if word is Wish.VIA_ATTORNEY and whom and not isinstance(read_address(whom), str):
        raise Refused(f"“{whom}” is no address of e-mail", "name the attorney's address, or nobody")
    with verb(engine, account, who) as (conn, entries):
        meant = _named(conn, account, whom, word, who) if whom else ""
        running = wishes.of_account(conn, account, who.on, who.company)
        if any(one.wish is word and one.whom.lower() == meant.lower() for one in running):
            raise Refused(f"“{word}” is on record for {meant or account} already")
        values = {"whom": meant, "rule": word.value, "from_day": who.on, "until": until}
        values |= {"because": because, "by": who.by}
        conn.execute(sa.insert(t.contact_rule).values(company=who.company, account=account, **values))
        body = {"rule": word.value, "from": who.on, "until": until, "by": who.by}
        said = {"because": because} | ({"whom": meant} if meant else {})
        entries.append(Entry("contact rule", account, body, said))
        held = _hold_calls(conn, account, who)
        entries += [Entry("held", account, {"key": key, "because": word.value}) for key in held]
        return sentences.wish_written(account, word.value, meant, day_of(until) if until else None, len(held))


def lift_wish(engine: Engine, account: str, rule: str, who: Who, *, whom: str = "", because: str = "") -> str:
    """End a rule about contact: what it held goes on with the next run. “confirm first” asks who confirmed it."""
    word = _known(rule, every=True)
    if word is Wish.CONFIRM and not because:
        raise Refused(
            "nobody has said how the recipient was confirmed",
            "say whom you asked:  --because “Ms Lee confirmed it by telephone”",
        )
    with verb(engine, account, who) as (conn, entries):
        running = wishes.of_account(conn, account, who.on, who.company)
        mine = [one for one in running if one.wish is word and (not whom or one.whom.lower() == whom.lower())]
        if not mine:
            listed = ", ".join(f"“{_said(one)}”" for one in running)
            raise Refused(
                f"“{word}” is not on record for {whom or account}",
                f"on record: {listed}" if listed else "nothing is on record about contact with them",
            )
        if len(mine) > 1:
            raise Refused(
                f"“{word}” is on record for {len(mine)} of {account}",
                f"say for whom:  --whom {' or '.join(one.whom for one in mine)}",
            )
        ended = {"until": who.on - timedelta(days=1)}
        conn.execute(sa.update(t.contact_rule).where(t.contact_rule.c.id == mine[0].id).values(**ended))
        said = {"whom": mine[0].whom} if mine[0].whom else {}
        said |= {"because": because} if because else {}
        body = {"rule": word.value, "by": who.by, "on": who.on}
        entries.append(Entry("contact rule lifted", account, body, said))
        if _shuts_calls(conn, account, who) is None:
            _let_go(conn, account, who)
        return (
            f"“{word}” no longer holds for {mine[0].whom or account}; what waited goes on with the next run."
        )


def _said(rule: Rule) -> str:
    return f"{rule.wish} {rule.whom}".strip()


def _known(rule: str, *, every: bool = False) -> Wish:
    words = tuple(Wish) if every else WRITTEN_BY_HAND
    said = " ".join(rule.lower().replace("-", " ").split())
    for word in words:
        if said == word.value:
            return word
    if said == Wish.CONFIRM:
        raise Refused(
            "“confirm first” comes by itself, when a recipient has changed", "only its end is said by hand"
        )
    names = [word.value for word in words]
    raise NotFound("rule about contact", rule, near(said, names) or tuple(names))


def _named(conn: Connection, account: str, whom: str, word: Wish, who: Who) -> str:
    """The contact that is meant, as it is written down; an attorney's address is nobody's at the customer."""
    if word is Wish.VIA_ATTORNEY:
        return whom.strip()
    rule = Rule(0, account, word, whom, who.on, None, "", "")
    people = conn.execute(
        sa.select(t.contact).where(t.contact.c.company == who.company, t.contact.c.account == account)
    ).mappings()
    names: list[str] = []
    for one in people:
        if rule.means(one):
            return whom.strip()
        names += [name for name in (one["name"], one["email"], one["phone"]) if name]
    raise NotFound("contact", whom, near(whom, names), of=account)


def _hold_calls(conn: Connection, account: str, who: Who) -> list[str]:
    """Calls on the list that the rules no longer allow are held, with the reason, for a person. Their keys."""
    wish = _shuts_calls(conn, account, who)
    if wish is None:
        return []
    reason = WISH_REASONS[wish]
    a = t.action.c
    waiting = conn.execute(
        sa.select(a.key, a.detail).where(
            a.company == who.company,
            a.account == account,
            a.kind == "call",
            a.taken_on.is_(None),
            a.state.in_([ActionState.PLANNED.value, ActionState.PUT_BACK.value]),
        )
    ).all()
    for row in waiting:
        detail = bulk.read_json(row.detail) | {"held": reason.value, "todo": sentences.held_by_wish(reason)}
        change_action(
            conn,
            row.key,
            ActionState.HELD_ADDRESS,
            reason.value,
            who,
            not_before=None,
            detail=bulk.write_json(detail),
        )
    return [row.key for row in waiting]


def _shuts_calls(conn: Connection, account: str, who: Who) -> Wish | None:
    """The strongest rule that leaves nobody at the customer to call."""
    found = wishes.in_columns(conn, who.company, who.on, (account,))
    shut = [row["wish"] for row in found.iter_rows(named=True) if row["closes"] & PHONE]
    return WISHES[max(shut)] if shut else None


def _let_go(conn: Connection, account: str, who: Who) -> None:
    """Calls that follow an outcome are on the list again from tomorrow; those of a ladder are decided by the next run."""
    a = t.action.c
    held = (
        a.company == who.company,
        a.account == account,
        a.kind == "call",
        a.state == ActionState.HELD_ADDRESS.value,
        a.policy.in_(["", "outcomes"]),
        a.reason.in_([reason.value for reason in WISH_REASONS.values()]),
    )
    again = {"state": ActionState.PLANNED.value, "reason": None, "not_before": who.on + timedelta(days=1)}
    conn.execute(sa.update(t.action).where(*held).values(**again))
