"""Why an account does not get a step: what stands in the way, and when that is otherwise.

Today and on a coming day from the decision itself and the days ahead; of a past day from what was written down then and since.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core import sentences
from engine.core.decision import gates
from engine.core.decision.choose import Choice, Verdict
from engine.core.decision.signature import NONE, Signature
from engine.core.language.policy import Policy, PolicyBook, Step
from engine.core.problem import Place
from engine.core.sentences import why_not as wording
from engine.core.trust import why_not
from engine.core.trust.ahead import Morning
from engine.errors import NotFound
from engine.store.tables import COMPANY, action, class_choice, decision, run

Wanted = Sequence[tuple[Policy, Step]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What stands in the way of a step (empty: nothing), with its line, and the sentences that say until when.

    `otherwise` is the first day on which that is no longer so, `goes` the one on which the step goes: of a coming day as
    forecast, of a past one as it was.
    """

    policy: str
    step: str
    sentence: str
    place: Place | None
    otherwise: date | None
    goes: date | None
    said: tuple[str, ...]


def asked_for(book: PolicyBook, name: str) -> Wanted:
    """The steps that are meant; none where nothing is asked. NotFound, with the nearest, for one that no policy has."""
    if not name:
        return ()
    found = why_not.steps_named(book, name)
    if not found:
        raise NotFound("step", name, why_not.near_steps(book, name))
    return found


def owes_nothing(wanted: Wanted) -> Answer | None:
    if not wanted:
        return None
    policy, step = wanted[0]
    return Answer(policy.id, step.name, sentences.OWES_NOTHING, None, None, None, ())


def answered(
    book: PolicyBook, at: Morning, later: Iterator[Morning], wanted: Wanted, done: why_not.Done
) -> Answer:
    """As it is on the morning of `at`, and on those that follow."""
    found = why_not.ask(book, chain((at,), later), wanted, done)
    obstacle = found.obstacle
    return Answer(
        found.policy,
        found.step,
        obstacle.sentence if obstacle else "",
        obstacle.place if obstacle else None,
        found.otherwise,
        found.goes,
        found.said,
    )


# -- as it was ---------------------------------------------------------------------------------------------------------


def was(
    conn: Connection, then: PolicyBook, at: Signature, choice: Choice, account: str, on: date, wanted: Wanted
) -> Answer:
    """Of a past day, in the words of its policies: by what its run decided, and what later runs did."""
    mine = [each for each in wanted if each[0].id == choice.policy]
    policy, step = (mine or list(wanted))[0]
    sentence, place = _stood(conn, then, at, choice, account, on, policy, step)
    if not sentence:
        return Answer(policy.id, step.name, "", None, on, on, (wording.nothing_in_the_way(step.name, on),))
    otherwise, reason = _otherwise(conn, account, on, choice, step)
    goes = otherwise if not reason else None
    said = wording.was_otherwise(otherwise, reason) if otherwise else wording.never_was_otherwise()
    return Answer(policy.id, step.name, sentence, place, otherwise, goes, (said,))


def _stood(
    conn: Connection,
    then: PolicyBook,
    at: Signature,
    choice: Choice,
    account: str,
    on: date,
    policy: Policy,
    step: Step,
) -> tuple[str, Place | None]:
    """What stood in the way, with its line; empty where nothing did."""
    if choice.policy != policy.id:
        taker = then.policy(choice.policy)
        if taker is None:
            return wording.taken_by_none(policy.id), policy.place
        return wording.taken_by(taker.id, policy.id), taker.place
    if step.name == choice.step and at.step != NONE:
        closed = next(gates.holds(then, policy, step, at), None)
        if closed is not None:
            gate, reason, place = closed
            return sentences.gate_holds(gate, reason, on, None), place
        if choice.verdict is Verdict.HELD:
            return wording.under_way(step.name, choice.reason), None
        return "", None
    taken = _taken_before(conn, account, policy, step, on)
    if taken is not None:
        return wording.already(*taken), step.place
    if choice.step:
        other = policy.step(choice.step)
        if choice.gate is None and choice.verdict is Verdict.HELD:
            return wording.under_way(choice.step, choice.reason), None
        return wording.other_chosen(choice.step, on), other.place if other else None
    return choice.reason.value, choice.place


def _taken_before(
    conn: Connection, account: str, policy: Policy, step: Step, on: date
) -> tuple[date, str] | None:
    query = sa.select(action.c.taken_on, action.c.person).where(
        action.c.company == COMPANY,
        action.c.account == account,
        action.c.policy == policy.id,
        action.c.step == step.name,
        action.c.taken_on < on,
    )
    row = conn.execute(query.order_by(action.c.taken_on.desc())).first()
    return (row.taken_on, row.person or "") if row else None


def _otherwise(
    conn: Connection, account: str, on: date, choice: Choice, step: Step
) -> tuple[date | None, str]:
    """The first later day whose run decided something else for the account, and its reason; no reason where the step went."""
    rows = conn.execute(
        sa.select(run.c.business_date, class_choice.c.step, class_choice.c.verdict, class_choice.c.reason)
        .join(run, run.c.id == class_choice.c.run)
        .join(
            decision,
            sa.and_(
                decision.c.run == class_choice.c.run,
                decision.c.time == class_choice.c.time,
                decision.c["class"] == class_choice.c.number,
            ),
        )
        .where(run.c.company == COMPANY, decision.c.account == account, run.c.business_date > on)
        .order_by(run.c.business_date, class_choice.c.time)
    )
    for row in rows:
        goes = row.verdict in (Verdict.GO.value, Verdict.ASK.value)
        if goes and row.step == step.name:
            return row.business_date, ""
        if (row.step or "", row.reason) != (choice.step, choice.reason.value):
            said = f"“{row.step}”, {row.reason}" if row.step else row.reason
            return row.business_date, said
    return None, ""
