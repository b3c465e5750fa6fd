"""What came of a call is written down, and what follows it is begun: all of it, or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from engine.core.cases import answers as forms
from engine.core.cases import reasons
from engine.core.cases.answers import Answers
from engine.core.cases.outcomes import (
    NATURES,
    OUTCOMES,
    PUT_BACK,
    TRIES,
    Allowed,
    Disagreement,
    Situation,
    allowed,
    outcome_of,
    pick,
    rules,
)
from engine.core.language.follows import NOW, PEER, Call, Delay, Option, Outcome, Unit
from engine.core.problem import Place
from engine.core.rules import Rules, evaluators
from engine.core.sentences import calls as sentences
from engine.core.workdays import Calendar
from engine.errors import NotFound, Refused
from engine.jobs.cases import agreed, follow, form, known, on_list, ours
from engine.jobs.cases.cause import Cause
from engine.jobs.cases.on_list import Listed
from engine.jobs.cases.who import Who, near, number_of, verb
from engine.jobs.documents import copies
from engine.jobs.workspace import Workspace
from engine.store import bulk
from engine.store import tables as t
from engine.store.journal import Entry
from engine.store.outbox import text as moment_text

_NEXT_DAY = Delay(1, Unit.OPEN_DAY)


def log_call(
    engine: Engine,
    account: str,
    outcome: str,
    who: Who,
    calendar: Calendar,
    *,
    ws: Workspace | None = None,
    key: str | None = None,
    spoken_with: str = "",
    answers: Mapping[str, Any] | None = None,
    note: str = "",
    then: str = "",
    script: str = "",
    another: bool = False,
    evaluated_by: Sequence[Rules] | None = None,
) -> str:
    """Write down a call's outcome with everything that follows it; the call on the list (or of this key) is taken by it.

    No answer, busy and voicemail put it back twice; the third time it is taken too. A call that was on no list is kept as a
    contact, with `another` even where one was logged today. `answers` are as typed, by the names of the form; those that
    were kept before the call are taken up. `then` is the option that was picked, `script` another script for it. Without
    `ws` nothing is asked for and nothing follows: the outcome is only written down.

    Raises Refused, and nothing has changed: answers are missing, somebody has logged the call already, it needs another
    role, or an option has to be picked.
    """
    with verb(engine, account, who) as (conn, entries):
        name = _outcome(outcome)
        typed = {str(word): str(value) for word, value in (answers or {}).items()}
        if spoken_with:
            typed["spoken with"] = spoken_with
        if ws is None:
            return _only_written(conn, entries, account, name, typed, note, who, calendar, key)
        desk = _Desk(ws, conn, who, account, name, key, another)
        return desk.log(entries, typed, note, then, script, evaluated_by)


def _outcome(said: str) -> str:
    name = outcome_of(said)
    if name is None:
        raise NotFound("outcome", said, near(said, OUTCOMES))
    return name


def _only_written(
    conn: Connection,
    entries: list[Entry],
    account: str,
    name: str,
    typed: Mapping[str, str],
    note: str,
    who: Who,
    calendar: Calendar,
    key: str | None,
) -> str:
    listed = on_list.find(conn, account, key, name, who)
    answers, _ = forms.read(typed, who.on, "")  # what cannot be read stays as it was typed
    reason = form.reason_of(name, answers)
    entries.append(_write(conn, account, name, answers, reason, note, who, listed, None)[1])
    again = calendar.add_open(who.on, 1)
    if name in PUT_BACK and (tries := on_list.put_back(conn, listed, name, who, again)):
        when = sentences.when(again, None, date.min, "UTC", "UTC")
        return f"{account}: {name}. {sentences.put_back(when, tries, TRIES)}"
    return f"{account}: {name}. {on_list.made(conn, listed, name, who)}"


class _Desk:
    """One call being logged: what is known, what may follow, and what then does."""

    def __init__(
        self,
        ws: Workspace,
        conn: Connection,
        who: Who,
        account: str,
        name: str,
        key: str | None,
        another: bool,
    ) -> None:
        self.ws, self.conn, self.who, self.account, self.name = ws, conn, who, account, name
        self.person = ours.person_of(ws, who.by)
        self.listed = on_list.find(
            *(conn, account, key, name, who),
            zone=ws.settings.workspace.zone,
            another=another,
            person=self.person,
            called=lambda by: ours.name_of(ws, ours.person_of(ws, by), "") if ours.person_of(ws, by) else by,
        )
        row = self.listed.row
        ours.must_have(ws, account, self.listed.role, row.person if row is not None else None, who)
        self.role = ours.role_of(ws, self.person, self.listed.role)
        self.outcome = ws.live.outcomes.get(name) or Outcome(name, Place("policies/outcomes.yaml"))
        self.known = known.account(ws, conn, account, who)

    def log(
        self,
        entries: list[Entry],
        typed: Mapping[str, str],
        note: str,
        then: str,
        script: str,
        evaluated_by: Sequence[Rules] | None,
    ) -> str:
        kept = form.draft(self.conn, self.account, self.who)
        answers = form.read(
            self.account, self.name, self.outcome, {**kept, **typed}, self.who, self.ws.live.house.currency
        )
        reason = form.reason_of(self.name, answers)
        found = self._allowed(answers, reason, evaluated_by)
        option = self._option(found, then, script)
        number, entry = _write(
            self.conn, self.account, self.name, answers, reason, note, self.who, self.listed, option
        )
        entries.append(entry)
        form.taken_up(self.conn, self.account, self.who)
        first = f"{self.account}: {self.name}. {self._done_with(option)}"
        cause = Cause(
            *(
                self.ws,
                self.conn,
                self.who,
                self.known,
                number,
                self.name,
                answers,
                reason,
                self.person,
                self.role,
            )
        )
        done = agreed.effects(cause, self.outcome)
        cause = cause.with_known(known.renewed(self.conn, self.known, self.who))
        block = option.follow if option and not self._comes_back else None
        done = follow.follow(cause, found, block, done)
        entries += done.entries
        return "\n".join(line for line in (first, *self._remarks(found, kept), *done.lines) if line)

    # -- what may follow -------------------------------------------------------------------------------------------

    def _allowed(self, answers: Answers, reason: str, evaluated_by: Sequence[Rules] | None) -> Allowed:
        """Both evaluators are asked; where they do not agree nothing follows, and nothing is logged."""
        asked = evaluated_by or evaluators({self.name: rules(self.outcome)})
        found = allowed(self.outcome, self._situation(answers, reason), asked)
        if isinstance(found, Disagreement):
            raise Refused(*sentences.disagree(self.account, self.name, found.answers))
        return found

    def _situation(self, answers: Answers, reason: str) -> Situation:
        it, calls = self.known, self.known.calls
        lately = [call for call in calls if it.since is None or call.on >= it.since]
        told = [call for call in calls if call.reached or not NATURES[self.name].reached]
        running = next((n for n, call in enumerate(told) if call.outcome != self.name), len(told))
        whom = answers.text("spoken with")
        numbers = [name for name, _ in it.about(answers.invoices).items]
        emails = {role for role, _ in it.emails} | ({"accounts payable"} if answers.email else set())
        return Situation(
            running=running + 1,
            last_option=next((call.option for call in calls if call.option), None),
            reason=reasons.family(reason) if reason else "",
            circumstance=answers.circumstance,
            reason_on_record=bool(reason) or any(call.reason for call in lately),
            request_stated=answers.request_stated or any(call.intention for call in lately),
            person_known=bool(whom) and not it.barred(whom, answers.text("number")),
            peers=self._peers(),
            left_alone=bool(it.left_alone) or self.name == "insolvent",
            no_calls=it.no_calls,
            no_emails=it.no_emails,
            owes=bool(it.open),
            addresses=tuple(sorted(emails)),
            documents=bool(numbers) and len(copies(self.ws, numbers).missing) < len(numbers),
        )

    def _peers(self) -> int:
        """How many colleagues are left; looked up only where a peer may be asked for."""
        blocks = self.outcome.parts.values()
        if not any(block.call and block.call.by == PEER for block in blocks):
            return 0
        callers = [call.by for call in self.known.calls]
        return len(ours.peers(self.ws, self.conn, callers, self.person, self.who.on))

    def _option(self, found: Allowed, then: str, script: str) -> Option | None:
        """The option that was picked. Refused with all that are offered where one has to be."""
        offer = [
            sentences.offered(n, option.name, option.follow.call.script if option.follow.call else None)
            for n, option in found.options.items()
        ]
        offer += [
            sentences.not_offered(self.outcome.offer[int(part) - 1].name, sentences.withheld(one.test.field))
            for one in found.withheld
            if (part := one.part.removeprefix("option ")).isdigit()
        ]
        if not then and found.must_choose:
            raise Refused(*sentences.choose(self.account, self.name, self.outcome.guidance, offer))
        if not then:
            return None
        option = pick(found, then)
        if option is None:
            raise Refused(*sentences.no_option(then, offer))
        return _with_script(self.ws, option, script) if script else option

    # -- the call itself -------------------------------------------------------------------------------------------

    @property
    def _comes_back(self) -> bool:
        """Nobody was reached, and the call on the list is tried again."""
        row = self.listed.row
        return self.name in PUT_BACK and row is not None and row.attempts < TRIES

    def _done_with(self, option: Option | None) -> str:
        if self._comes_back:
            call = (option.follow.call if option else None) or self.outcome.follow.call
            clock, peer = self.known.clock, None
            due = clock.after(_NEXT_DAY if call is None or call.after is None else call.after, self.who.at)
            if call is not None and call.by == PEER:
                due = clock.after(call.after or NOW, self.who.at)
                callers = [one.by for one in self.known.calls]
                peer = next(iter(ours.peers(self.ws, self.conn, callers, self.person, due.day)), None)
            tries = on_list.put_back(self.conn, self.listed, self.name, self.who, due.day, due.at, peer)
            office = self.ws.settings.workspace.zone
            when = sentences.when(due.day, due.at, date.min, clock.zone, office)
            return sentences.put_back(when, tries or 0, TRIES)
        return on_list.made(self.conn, self.listed, self.name, self.who)

    def _remarks(self, found: Allowed, kept: Mapping[str, str]) -> list[str]:
        """What helps the caller: a word of guidance, what was taken up from before, and that it has come before."""
        lines = [self.outcome.guidance]
        if kept:
            lines.append(f"Taken up from what was kept: {', '.join(kept)}.")
        before = sum(call.outcome == self.name for call in self.known.calls)
        if self.name == "no invoice" and before:
            lines.append(sentences.time_and_again(self.name, before + 1))
        return lines


def _with_script(ws: Workspace, option: Option, script: str) -> Option:
    """The same option with another script, such as address-it for carry-on."""
    call = option.follow.call
    if call is None:
        raise Refused(f"“{option.name}” is no call, so it has no script")
    if script not in ws.known.names("script"):
        raise NotFound("script", script, near(script, ws.known.names("script")))
    other = Call(call.by, call.place, call.same_person, call.after, script)
    return option.with_call(other)


def _write(
    conn: Connection,
    account: str,
    outcome: str,
    answers: Answers,
    reason: str,
    note: str,
    who: Who,
    listed: Listed,
    option: Option | None,
) -> tuple[int, Entry]:
    """The row of the call: its number, and the entry for the journal, in which nobody's words can be read."""
    nature = NATURES[outcome]
    right_party = nature.right_party if answers.right_party is None else answers.right_party
    codes: dict[str, Any] = {
        "right_party": int(right_party),
        "reason": reason or None,
        "horizon": answers.horizon or reasons.horizon_of(reason),
        "circumstance": answers.circumstance or None,
        "intention": int(answers.request_stated),
        "option": option.name if option else None,
        "follows": listed.follows,
    }
    key = listed.row.key if listed.row is not None else None
    whom, number, story = (answers.text(name) for name in ("spoken with", "number", "story"))
    rest = {
        name: text for name, text in answers.typed.items() if name not in ("spoken with", "number", "story")
    }
    made = conn.execute(
        sa.insert(t.call).values(
            company=who.company,
            account=account,
            action=key,
            outcome=outcome,
            reached=int(nature.reached),
            spoken_with=whom or None,
            number=number or None,
            story=story,
            answers=bulk.write_json(rest),
            note=note,
            on=who.on,
            at=moment_text(who.at),
            by=who.by,
            **codes,
        )
    )
    body = {"outcome": outcome, "by": who.by, "on": who.on, "key": key}
    body |= {name: value for name, value in codes.items() if value}
    said = {"spoken_with": whom, "number": number, "story": story, "note": note}
    said |= {f"answer {name}": text for name, text in rest.items()}
    return number_of(made), Entry("call", account, body, {name: text for name, text in said.items() if text})
